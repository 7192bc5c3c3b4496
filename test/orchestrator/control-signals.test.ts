import { describe, expect, it } from 'vitest';
import { lines } from '../support/lines.js';
import { byPrompt, calls, createWorld, eventsOf, tasks, typesOf } from '../support/world.js';

describe('control calls never reject', () => {
  it('for ids that are not known', async () => {
    const { orchestrator } = createWorld([]);
    const unknown = { accepted: false, reason: 'unknown_subagent' };
    await expect(orchestrator.pauseSubagent('subagent-9')).resolves.toEqual(unknown);
    await expect(orchestrator.resumeSubagent('nobody')).resolves.toEqual(unknown);
    await expect(orchestrator.cancelSubagent('__proto__', 'why')).resolves.toEqual(unknown);
  });

  it('for one that has ended, whose state stays', async () => {
    const { settle, spawn, orchestrator, events } = createWorld([{ text: 'done' }]);
    const handle = spawn();
    await settle();
    const refused = { accepted: false, reason: 'already_ended', state: 'completed' };
    await expect(handle.pause()).resolves.toEqual(refused);
    await expect(handle.resume()).resolves.toEqual(refused);
    await expect(handle.cancel()).resolves.toEqual(refused);
    await expect(orchestrator.cancelSubagent(handle.id)).resolves.toEqual(refused);
    expect(() => handle.approve('call1#1')).not.toThrow();
    expect(() => handle.deny('call1#1')).not.toThrow();
    expect(typesOf(events).at(-1)).toBe('subagent_completed');
  });

  it('with the same answers by id as by handle', async () => {
    const { clock, spawn, orchestrator } = createWorld([{ hang: true }]);
    const { id } = spawn();
    await clock.advance(1);
    void orchestrator.pauseSubagent(id);
    expect(orchestrator.getSubagentInfo(id)?.state).toBe('paused');
    await expect(orchestrator.resumeSubagent(id)).resolves.toEqual({ accepted: true, state: 'running' });
    await expect(orchestrator.cancelSubagent(id, 'why')).resolves.toEqual({ accepted: true, state: 'cancelled' });
    expect(orchestrator.getSubagentInfo(id)?.error).toEqual({ code: 'cancelled', message: 'why' });
  });
});

describe('orders that cross end in one final state with one final event', () => {
  it('a cancel in the same tick as the final answer', async () => {
    for (const delayMs of [0, 10]) {
      const { clock, spawn, events } = createWorld([{ text: 'done', delayMs: 10 }]);
      const handle = spawn();
      clock.setTimeout(() => void handle.cancel(), delayMs);
      await clock.advance(100);
      expect(['cancelled', 'completed']).toContain(handle.state());
      expect(eventsOf(events, 'subagent_completed')).toHaveLength(1);
      expect(typesOf(events).at(-1)).toBe('subagent_completed');
      expect(eventsOf(events, 'subagent_completed')[0]?.state).toBe(handle.state());
    }
  });

  it('pause, resume and cancel in one tick', async () => {
    const { settle, spawn, events } = createWorld([{ text: 'done', delayMs: 10 }]);
    const handle = spawn();
    const answers = await Promise.all([
      handle.pause(),
      handle.resume(),
      handle.cancel(),
      handle.pause(),
      handle.cancel(),
    ]);
    expect(answers.map(({ accepted }) => accepted)).toEqual([true, true, true, false, false]);
    expect(answers.every(({ state }) => state === 'cancelled')).toBe(true);
    await settle();
    expect(eventsOf(events, 'subagent_completed')).toHaveLength(1);
  });

  it('a pause in the last turn holds the end; the resume makes it', async () => {
    const { clock, spawn, events } = createWorld([{ text: 'done', delayMs: 10 }]);
    const handle = spawn();
    clock.setTimeout(() => void handle.pause(), 10);
    await clock.advance(100);
    if (handle.state() === 'paused') void handle.resume();
    await clock.advance(0);
    expect(handle.state()).toBe('completed');
    expect(eventsOf(events, 'subagent_completed')).toHaveLength(1);
  });

  it('a cancel from a subscriber in the middle of the events', async () => {
    const { clock, spawn, orchestrator, events } = createWorld([calls(['peek', {}], ['peek', {}]), { text: 'done' }]);
    const handle = spawn();
    orchestrator.events$.subscribe((event) => {
      if (event.type === 'tool_start') void handle.cancel('from a reader');
    });
    await clock.advance(100);
    expect(handle.state()).toBe('cancelled');
    expect(typesOf(events).at(-1)).toBe('subagent_completed');
    expect(eventsOf(events, 'subagent_completed')).toHaveLength(1);
  });

  it('a cancel of parent and child in one tick: each ends once, with its own cause', async () => {
    const { settle, spawn, orchestrator, events } = createWorld(byPrompt({ lead: [tasks('a')], a: [{ hang: true }] }));
    const parent = spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    void orchestrator.cancelSubagent('subagent-2');
    void parent.cancel();
    await settle();
    expect(eventsOf(events, 'subagent_completed').map(({ subagentId, by }) => [subagentId, by])).toEqual([
      ['subagent-2', 'user'],
      ['subagent-1', 'user'],
    ]);
  });
});

describe('events sent to the actor itself', () => {
  it('are honoured and reported like calls of the handle', async () => {
    const { clock, spawn, events } = createWorld([{ text: 'done', delayMs: 10 }]);
    const handle = spawn();
    await clock.advance(1);
    events.length = 0;
    handle.actor.send({ type: 'PAUSE' });
    expect(handle.state()).toBe('paused');
    handle.actor.send({ type: 'PAUSE' });
    await clock.advance(20);
    handle.actor.send({ type: 'RESUME' });
    await clock.advance(0);
    expect(lines(events).filter((line) => /control|state/.test(line))).toEqual([
      'control_signal_received pause',
      'subagent_state_changed running > paused',
      'control_signal_applied pause accepted',
      'control_signal_received pause',
      'control_signal_applied pause refused (already_paused)',
      'subagent_activity_changed waiting_for_control (paused by the user)',
      'control_signal_received resume',
      'subagent_state_changed paused > completed',
      'control_signal_applied resume accepted',
    ]);
  });

  it('reach the children too', async () => {
    const { settle, spawn, orchestrator } = createWorld(
      byPrompt({ lead: [tasks('a', 'b')], a: [{ hang: true }], b: [{ hang: true }] }),
    );
    const parent = spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    parent.actor.send({ type: 'PAUSE' });
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(['paused', 'paused', 'paused']);
    parent.actor.send({ type: 'RESUME' });
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    parent.actor.send({ type: 'CANCEL', reason: 'by hand' });
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    await expect(parent.outcome()).resolves.toMatchObject({ by: 'user', error: { message: 'by hand' } });
  });

  it('never start one that has no slot, and never free a slot that is in use', async () => {
    const { spawn, orchestrator, settle } = createWorld(() => ({ hang: true }), {
      maxConcurrentSubagents: 1,
      onLimit: 'queue',
    });
    const [first, second, third] = [spawn(), spawn(), spawn()];
    await settle();
    second.actor.send({ type: 'START' });
    void third.pause();
    third.actor.send({ type: 'START' });
    void third.resume();
    third.actor.send({ type: 'START' });
    const states = () => orchestrator.getAllStates().map(({ state }) => state);
    expect(states()).toEqual(['running', 'pending', 'pending']);
    orchestrator.actor.send({ type: 'LEND', id: first.id });
    orchestrator.actor.send({ type: 'TAKE_BACK', id: first.id });
    await settle();
    expect(states()).toEqual(['running', 'pending', 'pending']);
    await first.cancel();
    expect(states()).toEqual(['cancelled', 'running', 'pending']);
    await second.cancel();
    expect(states()).toEqual(['cancelled', 'cancelled', 'running']);
  });

  it('cannot take a lent slot back while the parent waits for its children', async () => {
    const { spawn, clock, orchestrator } = createWorld(
      byPrompt({
        lead: [tasks('a', 'b'), { text: 'done' }],
        a: [{ text: 'a', delayMs: 100 }],
        b: [{ text: 'b', delayMs: 100 }],
      }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    const lead = spawn({ agentType: 'lead', prompt: 'lead' });
    await clock.advance(50);
    orchestrator.actor.send({ type: 'TAKE_BACK', id: lead.id });
    await clock.advance(50);
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(['running', 'completed', 'running']);
    await clock.advance(100);
    await expect(lead.wait()).resolves.toBe('done');
    expect(orchestrator.actor.getSnapshot().context.slotsInUse).toBe(0);
  });

  it('are obeyed from within an observer of the actor, once its transition is over', async () => {
    const { clock, spawn, events } = createWorld([calls(['note', {}]), { text: 'done' }]);
    const handle = spawn();
    const seen: boolean[] = [];
    handle.actor.subscribe(() => {
      if (handle.state() === 'running' && seen.length === 0) {
        seen.push(true);
        void handle.pause().then(({ accepted }) => seen.push(accepted));
      }
    });
    handle.steer('look');
    await clock.advance(100);
    expect(seen).toEqual([true, true]);
    expect(handle.state()).toBe('paused');
    void handle.cancel();
    await clock.advance(0);
    expect(typesOf(events).at(-1)).toBe('subagent_completed');
  });
});

it('a signal sent while the subagent is ending is answered as refused', async () => {
  const { settle, spawn } = createWorld([{ text: 'done' }]);
  const handle = spawn();
  const answers: unknown[] = [];
  handle.actor.subscribe(({ status }) => {
    if (status === 'done') void handle.pause().then((answer) => answers.push(answer));
  });
  await settle();
  expect(answers).toEqual([{ accepted: false, reason: 'already_ended', state: 'completed' }]);
});

describe('a spawn from within a transition of the orchestrator’s actor', () => {
  it('is refused with a remedy, and counts for nothing', async () => {
    const { settle, spawn, orchestrator } = createWorld(() => ({ text: 'done' }));
    const errors: unknown[] = [];
    orchestrator.actor.subscribe(() => {
      try {
        if (errors.length === 0) spawn();
      } catch (error) {
        errors.push(error);
      }
    });
    spawn();
    await settle();
    expect(errors).toEqual([
      expect.objectContaining({ code: 'wrong_state', message: expect.stringContaining('await null') }),
    ]);
    expect(orchestrator.activeCount()).toBe(0);
    expect(orchestrator.listSubagents()).toHaveLength(1);
    orchestrator.actor.send({ type: 'SPAWN', id: 'subagent-7' });
    expect(orchestrator.activeCount()).toBe(0);
  });

  it('is fine from an observer of a subagent’s actor, and of the events', async () => {
    const { settle, spawn, orchestrator } = createWorld(() => ({ text: 'done' }));
    const first = spawn();
    first.actor.subscribe({ complete: () => spawn() });
    orchestrator.events$.subscribe((event) => {
      if (event.type === 'subagent_completed' && event.subagentId === 'subagent-2') spawn();
    });
    await settle();
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(Array(3).fill('completed'));
  });
});

describe('every end is told once, as the last event, with its cause', () => {
  it.each([
    ['an answer', undefined, 'completed', undefined],
    ['the user', 'cancel', 'cancelled', 'user'],
    ['the time', 'timeout', 'failed', 'timeout'],
    ['the shutdown', 'close', 'cancelled', 'shutdown'],
    ['a fault', 'fault', 'failed', undefined],
  ] as const)('by %s', async (_what, how, state, by) => {
    const { clock, spawn, orchestrator, events } = createWorld([
      how === undefined ? { text: 'done' } : how === 'fault' ? { finish: 'refusal' } : { hang: true },
    ]);
    const handle = spawn({ timeoutMs: 1_000 });
    await clock.advance(10);
    if (how === 'cancel') void handle.cancel();
    if (how === 'timeout') await clock.advance(2_000);
    if (how === 'close') await orchestrator.close();
    await clock.advance(5_000);
    const ends = eventsOf(events, 'subagent_completed');
    expect(ends).toHaveLength(1);
    expect(events.at(-1)).toBe(ends[0]);
    expect(ends[0]).toMatchObject({ state, success: state === 'completed' });
    expect(ends[0]?.by).toBe(by);
    const outcome = await handle.outcome();
    expect(outcome.by).toBe(by);
    expect(ends[0]).toMatchObject({
      output: outcome.output,
      usage: outcome.usage,
      durationMs: outcome.durationMs,
      ...(outcome.error ? { error: outcome.error } : {}),
    });
  });
});
