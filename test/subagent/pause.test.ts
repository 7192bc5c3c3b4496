import { describe, expect, it } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import { lines } from '../support/lines.js';
import { byPrompt, calls, createWorld, lastMessage, tasks, typesOf } from '../support/world.js';

/** What a promise has come to, without waiting for it. */
function watch<Value>(promise: Promise<Value>): { value?: Value } {
  const seen: { value?: Value } = {};
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

describe('pause', () => {
  it('lets the request in flight finish, keeps its answer, starts nothing of it, and does not ask it again', async () => {
    const { clock, model, effects, spawn } = createWorld([
      { delayMs: 100, ...(calls(['note', { label: 'x' }]) as object) },
      { text: 'done' },
    ]);
    const handle = spawn();
    await clock.advance(50);
    const paused = watch(handle.pause());
    expect(handle.state()).toBe('paused');
    expect(handle.activity()).toMatchObject({ activityType: 'requesting_llm' });
    await clock.advance(49);
    expect(paused.value).toBeUndefined();
    await clock.advance(1);
    expect(paused.value).toEqual({ accepted: true, state: 'paused' });
    expect(handle.activity()).toMatchObject({ activityType: 'waiting_for_control' });
    await clock.advance(1_000_000);
    expect(effects).toEqual([]);
    expect(model.requests).toHaveLength(1);

    await expect(handle.resume()).resolves.toEqual({ accepted: true, state: 'running' });
    await clock.advance(0);
    expect(effects).toEqual(['x']);
    expect(model.requests).toHaveLength(2);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('lets tools in flight finish and keeps their results; what waits behind them does not start', async () => {
    const { clock, model, effects, spawn } = createWorld([
      calls(['slow', { label: 'a', ms: 100 }], ['slow', { label: 'b', ms: 200 }], ['note', { label: 'c' }]),
      (request) => ({ text: request.messages.map(({ content }) => content).join('|') }),
    ]);
    const handle = spawn();
    await clock.advance(50);
    const paused = watch(handle.pause());
    await clock.advance(149);
    expect(paused.value).toBeUndefined();
    expect(handle.activity()).toMatchObject({ activityType: 'calling_tool', calls: [{ toolId: 'call2' }] });
    await clock.advance(1);
    expect(paused.value).toEqual({ accepted: true, state: 'paused' });
    await clock.advance(10_000);
    expect(effects).toEqual([]);
    expect(model.requests).toHaveLength(1);
    await handle.resume();
    await clock.advance(0);
    expect(effects).toEqual(['c']);
    await expect(handle.wait()).resolves.toContain('slow a done|slow b done|noted c');
  });

  it('holds a final answer until resume', async () => {
    const { clock, model, spawn, events } = createWorld([{ text: 'the answer', delayMs: 100 }]);
    const handle = spawn();
    await clock.advance(50);
    await Promise.all([handle.pause(), clock.advance(100)]);
    expect(handle.state()).toBe('paused');
    expect(typesOf(events)).not.toContain('subagent_completed');
    await handle.resume();
    expect(handle.state()).toBe('completed');
    await expect(handle.wait()).resolves.toBe('the answer');
    expect(model.requests).toHaveLength(1);
  });

  it('of a queued one takes no slot, and it starts paused in nobody’s way when there is room', async () => {
    const { clock, spawn } = createWorld([{ text: 'first', delayMs: 100 }, { text: 'second' }], {
      maxConcurrentSubagents: 1,
      onLimit: 'queue',
    });
    const first = spawn();
    const second = spawn();
    expect(second.state()).toBe('pending');
    await expect(second.pause()).resolves.toEqual({ accepted: true, state: 'paused' });
    expect(second.isPaused()).toBe(true);
    await clock.advance(1_000);
    expect(first.state()).toBe('completed');
    expect(second.state()).toBe('paused');
    await second.resume();
    await clock.advance(0);
    await expect(second.wait()).resolves.toBe('second');
  });

  it('in the same tick as the spawn asks the model nothing', async () => {
    const { clock, model, spawn, events } = createWorld([{ text: 'done' }]);
    const handle = spawn();
    await expect(handle.pause()).resolves.toEqual({ accepted: true, state: 'paused' });
    await clock.advance(1_000);
    expect(model.requests).toHaveLength(0);
    expect(handle.activity()).toMatchObject({ activityType: 'waiting_for_control' });
    await handle.resume();
    await clock.advance(1_000);
    await expect(handle.wait()).resolves.toBe('done');
    expect(typesOf(events).filter((type) => type === 'turn_start')).toHaveLength(1);
  });

  it('in the same tick as an approval or a resume starts no tool', async () => {
    const { clock, effects, spawn, events } = createWorld(
      [calls(['note', { label: 'a' }], ['note', { label: 'b' }]), { text: 'done' }],
      { approvals: 'wait' },
    );
    const handle = spawn({ agentType: 'asker' });
    await clock.advance(0);
    handle.approve('call2#1');
    handle.approve('call1#1');
    await expect(handle.pause()).resolves.toEqual({ accepted: true, state: 'paused' });
    await clock.advance(1_000);
    expect(effects).toEqual([]);
    expect(typesOf(events)).not.toContain('tool_start');
    void handle.resume();
    void handle.pause();
    await clock.advance(1_000);
    expect(effects).toEqual([]);
    void handle.resume();
    await clock.advance(0);
    expect(effects).toEqual(['a', 'b']);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('resolves with the state reached when it was resumed first', async () => {
    const { clock, spawn } = createWorld([{ text: 'done', delayMs: 100 }]);
    const handle = spawn();
    await clock.advance(10);
    const paused = watch(handle.pause());
    await clock.advance(10);
    void handle.resume();
    await clock.advance(0);
    expect(paused.value).toEqual({ accepted: true, state: 'running' });
  });

  it('resolves with the state reached when it was cancelled first', async () => {
    const { clock, spawn } = createWorld([{ hang: true }]);
    const handle = spawn();
    await clock.advance(10);
    const paused = watch(handle.pause());
    await clock.advance(10);
    void handle.cancel();
    await clock.advance(0);
    expect(paused.value).toEqual({ accepted: true, state: 'cancelled' });
  });

  it('twice is refused, and so is a resume of what is not paused', async () => {
    const { clock, spawn } = createWorld([{ text: 'done', delayMs: 100 }]);
    const handle = spawn();
    await clock.advance(10);
    await expect(handle.resume()).resolves.toEqual({ accepted: false, reason: 'not_paused', state: 'running' });
    void handle.pause();
    await expect(handle.pause()).resolves.toEqual({ accepted: false, reason: 'already_paused', state: 'paused' });
    await clock.advance(1_000);
    expect(handle.state()).toBe('paused');
    void handle.resume();
    await expect(handle.resume()).resolves.toMatchObject({ accepted: false });
  });

  it('many times in a row goes on where it stopped each time', async () => {
    const { clock, model, effects, spawn } = createWorld([
      { delayMs: 10, ...(calls(['note', { label: '1' }]) as object) },
      { delayMs: 10, ...(calls(['note', { label: '2' }]) as object) },
      { delayMs: 10, text: 'done' },
    ]);
    const handle = spawn();
    for (let step = 0; step < 60 && !handle.isDone(); step++) {
      await clock.advance(3);
      const [paused] = await Promise.all([handle.pause(), clock.advance(50)]);
      const before = { effects: effects.length, requests: model.requests.length };
      await clock.advance(100);
      if (paused.state === 'paused')
        expect({ effects: effects.length, requests: model.requests.length }).toEqual(before);
      await handle.resume();
    }
    await expect(handle.wait()).resolves.toBe('done');
    expect(effects).toEqual(['1', '2']);
    expect(model.requests).toHaveLength(3);
  });

  it('tells the signal, the state and the activity in this order', async () => {
    const { clock, spawn, events } = createWorld([calls(['slow', { ms: 100 }]), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(50);
    events.length = 0;
    void handle.pause();
    await clock.advance(60);
    void handle.resume();
    await clock.advance(0);
    expect(lines(events)).toEqual([
      'control_signal_received pause',
      'subagent_state_changed running > paused',
      'control_signal_applied pause accepted',
      'tool_end slow/call1 slow  done (100 ms)',
      'turn_end 1, 15 tokens',
      'subagent_activity_changed waiting_for_control (paused by the user)',
      'control_signal_received resume',
      'subagent_state_changed paused > running',
      'control_signal_applied resume accepted',
      'subagent_activity_changed requesting_llm 4',
      'turn_start 2',
      'text_delta done',
      'turn_end 2, 30 tokens',
      'end 30 tokens',
      'subagent_state_changed running > completed',
      'subagent_completed completed: done (110 ms)',
    ]);
  });

  it('with a message steered in meanwhile tells the next request with that message, and only so', async () => {
    const { clock, spawn, events } = createWorld([calls(['slow', { ms: 100 }]), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(50);
    void handle.pause();
    handle.steer('look twice');
    await clock.advance(60);
    events.length = 0;
    void handle.resume();
    await clock.advance(0);
    expect(lines(events).filter((line) => line.includes('requesting_llm'))).toEqual([
      'subagent_activity_changed requesting_llm 5',
    ]);
  });

  it('of a parent whose task tool is about to spawn comes to rest, with its children held', async () => {
    const { clock, model, spawn, orchestrator } = createWorld(
      byPrompt({ lead: [tasks('one', 'two'), { text: 'all' }], one: [{ text: '1' }], two: [{ text: '2' }] }),
    );
    const handle = spawn({ agentType: 'lead', prompt: 'lead' });
    // The moment its tool has been announced, before it has spawned anybody.
    await new Promise<void>((resolve) => {
      orchestrator.events$.subscribe((event) => {
        if (event.type === 'subagent_activity_changed' && event.activity.activityType === 'calling_tool') resolve();
      });
    });
    const paused = watch(handle.pause());
    await clock.advance(1_000);
    expect(paused.value).toEqual({ accepted: true, state: 'paused' });
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(['paused', 'paused', 'paused']);
    expect(model.requests).toHaveLength(1);
    await handle.resume();
    await clock.advance(0);
    await expect(handle.wait()).resolves.toBe('all');
  });

  it('does not stop the run that fails in it from ending', async () => {
    const { clock, spawn } = createWorld([{ delayMs: 100, error: new TroupeError('model_auth', 'no key') }]);
    const handle = spawn();
    await clock.advance(50);
    const paused = watch(handle.pause());
    await clock.advance(50);
    expect(paused.value).toEqual({ accepted: true, state: 'failed' });
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'failed', error: { code: 'model_auth' } });
  });

  it('keeps the results of tools for the model when it goes on', async () => {
    const { clock, model, spawn } = createWorld([calls(['slow', { label: 'a', ms: 100 }]), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(50);
    await Promise.all([handle.pause(), clock.advance(50)]);
    await handle.resume();
    await clock.advance(0);
    expect(lastMessage(model.requests[1])).toBe('slow a done');
  });
});
