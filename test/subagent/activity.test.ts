import { describe, expect, it } from 'vitest';
import { calls, createWorld, eventsOf } from '../support/world.js';

describe('what a subagent does is visible while it happens', () => {
  it('shows a tool of 30 s as calling_tool for those 30 s', async () => {
    const { clock, spawn } = createWorld([calls(['slow', { label: 'a', ms: 30_000 }]), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(0);
    const shown = {
      activityType: 'calling_tool',
      toolName: 'slow',
      args: { label: 'a', ms: 30_000 },
      calls: [{ toolId: 'call1', toolName: 'slow', args: { label: 'a', ms: 30_000 } }],
    };
    expect(handle.activity()).toEqual(shown);
    await clock.advance(29_999);
    expect(handle.activity()).toEqual(shown);
    expect(handle.info().currentActivity).toEqual(shown);
    await clock.advance(1);
    expect(handle.state()).toBe('completed');
    expect(handle.activity()).toEqual({ activityType: 'idle' });
  });

  it('shows all calls that run side by side, and those that are left when one has ended', async () => {
    const { clock, spawn, orchestrator } = createWorld([
      calls(['slow', { label: 'a', ms: 300 }], ['slow', { label: 'b', ms: 100 }], ['slow', { label: 'c', ms: 200 }]),
      { text: 'done' },
    ]);
    const handle = spawn();
    await clock.advance(0);
    const shownCalls = () => {
      const activity = handle.activity();
      return activity.activityType === 'calling_tool' ? activity.calls.map(({ toolId }) => toolId) : [];
    };
    expect(shownCalls()).toEqual(['call1', 'call2', 'call3']);
    expect(orchestrator.getActiveActivities()).toEqual([{ id: handle.id, activity: handle.activity() }]);
    await clock.advance(150);
    expect(shownCalls()).toEqual(['call1', 'call3']);
    await clock.advance(100);
    expect(shownCalls()).toEqual(['call1']);
    expect(handle.activity()).toMatchObject({ toolName: 'slow', args: { label: 'a' } }); // the oldest in flight
  });

  it('shows requesting_llm with the number of messages before the request leaves', async () => {
    const seen: unknown[] = [];
    const world = createWorld((request, index) => {
      seen.push([handle.activity(), request.messages.length + 1]);
      return index === 0 ? { toolCalls: [{ name: 'peek', args: {} }] } : { text: 'done' };
    });
    const handle = world.spawn();
    await world.settle();
    expect(seen).toEqual([
      [{ activityType: 'requesting_llm', messageCount: 2 }, 2],
      [{ activityType: 'requesting_llm', messageCount: 4 }, 4],
    ]);
  });

  it('tells an activity before what it announces begins', async () => {
    const { events, settle, spawn } = createWorld([calls(['peek', { label: 'x' }]), { text: 'done' }]);
    spawn();
    await settle();
    const at = (find: (event: (typeof events)[number]) => boolean) => events.findIndex(find);
    const requesting = at(
      (event) => event.type === 'subagent_activity_changed' && event.activity.activityType === 'requesting_llm',
    );
    const calling = at(
      (event) => event.type === 'subagent_activity_changed' && event.activity.activityType === 'calling_tool',
    );
    expect(requesting).toBeGreaterThan(-1);
    expect(requesting).toBeLessThan(at((event) => event.type === 'turn_start'));
    expect(calling).toBeGreaterThan(-1);
    expect(calling).toBeLessThan(at((event) => event.type === 'tool_start'));
  });

  it('keeps the order of effects: a call that changes something waits for those before it, read-only ones run together', async () => {
    const { clock, effects, spawn, events } = createWorld([
      calls(
        ['slow', { label: 'first', ms: 50 }],
        ['note', { label: 'second' }],
        ['peek', { label: 'third' }],
        ['note', { label: 'fourth' }],
      ),
      { text: 'done' },
    ]);
    spawn();
    await clock.advance(49);
    expect(effects.filter((label) => label === 'second' || label === 'fourth')).toEqual([]);
    await clock.advance(1);
    expect(effects.filter((label) => label !== 'third')).toEqual(['second', 'fourth']);
    expect(eventsOf(events, 'subagent_completed')).toHaveLength(1);
  });

  it('runs at most eight read-only calls side by side', async () => {
    const { clock, signals, spawn } = createWorld([
      calls(...Array.from({ length: 12 }, (_, index) => ['slow', { label: `${index}`, ms: 100 }] as const)),
      { text: 'done' },
    ]);
    const handle = spawn();
    await clock.advance(0);
    expect(signals.size).toBe(8);
    await clock.advance(100);
    expect(signals.size).toBe(12);
    await clock.advance(100);
    expect(handle.state()).toBe('completed');
  });
});
