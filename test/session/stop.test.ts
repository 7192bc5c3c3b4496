import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/world.js';
import { createSessionWorld, echo, step, timed } from './session-world.js';

const named = (count: number, ms: number) => Array.from({ length: count }, (_, index) => step(`s${index}-${ms}`));
const codes = (outcomes: readonly ({ readonly error?: { readonly code: string } } | null)[]) =>
  outcomes.map((outcome) => outcome?.error?.code ?? (outcome === null ? null : 'fine'));

describe('an aborted signal', () => {
  it('cancels what runs, lets nothing start that waits, and the call resolves', async () => {
    const { session, clock, settle, spawned } = createSessionWorld(timed, { maxParallelTasks: 2 });
    const controller = new AbortController();
    const all = session.parallel([step('a-10'), step('b-50'), step('c-50'), step('d-50'), step('e-50')], {
      signal: controller.signal,
    });
    await clock.advance(20);
    controller.abort();
    await settle();
    const outcomes = await all;
    expect(codes(outcomes)).toEqual(['fine', 'cancelled', 'cancelled', 'cancelled', 'cancelled']);
    expect(outcomes[1]).toMatchObject({ taskId: 'b-50', subagentId: 'subagent-2', durationMs: 20 });
    expect(outcomes[3]).toMatchObject({ taskId: 'd-50', subagentId: '', turns: 0, output: '' });
    expect(outcomes[3]?.error?.message).toBe('never begun: the signal of the call was aborted');
    expect(spawned()).toEqual(['a-10', 'b-50', 'c-50']);
    expect(session.orchestrator.activeCount()).toBe(0);
  });

  it('that is aborted before the call: nothing starts, every step is cancelled', async () => {
    const { session, settle, spawned } = createSessionWorld(echo);
    const signal = AbortSignal.abort();
    expect(codes(await session.parallel(named(12, 0), { signal }))).toEqual(new Array(12).fill('cancelled'));
    expect(codes([await session.run(step('a'), { signal })])).toEqual(['cancelled']);
    expect(await session.pipeline([1, 2], [() => step('a')], { signal })).toEqual([null, null]);
    expect(await session.loop(() => [step('a')], { signal, maxIterations: 3 })).toEqual([]);
    await settle();
    expect(spawned()).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('cancels what is paused, and what is pending in the orchestrator', async () => {
    const { session, settle } = createSessionWorld(() => ({ hang: true }), {
      orchestrator: { maxConcurrentSubagents: 1 },
    });
    const controller = new AbortController();
    const all = session.parallel([step('a'), step('b')], { signal: controller.signal });
    await settle();
    void session.orchestrator.pauseSubagent('subagent-1');
    controller.abort();
    expect(codes(await all)).toEqual(['cancelled', 'cancelled']);
  });

  it('touches its own call only', async () => {
    const { session, clock } = createSessionWorld(timed, { maxParallelTasks: 2 });
    const controller = new AbortController();
    const aborted = session.parallel(named(3, 50), { signal: controller.signal });
    const other = session.parallel(named(3, 50));
    await clock.advance(10);
    controller.abort();
    await clock.advance(100);
    expect(codes(await aborted)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(codes(await other)).toEqual(['fine', 'fine', 'fine']);
  });

  it('in the tick in which a slot is handed on starts nothing more', async () => {
    const { session, clock, spawned } = createSessionWorld(timed, { maxParallelTasks: 1 });
    const controller = new AbortController();
    session.events$.subscribe(({ type }) => {
      if (type === 'subagent_completed') controller.abort();
    });
    const all = session.parallel([step('a-10'), step('b-10'), step('c-10')], { signal: controller.signal });
    await clock.advance(10);
    expect(codes(await all)).toEqual(['fine', 'cancelled', 'cancelled']);
    expect(session.orchestrator.activeCount()).toBe(0);
    const next = session.run(step('d-0'));
    await clock.advance(0);
    await expect(next).resolves.toMatchObject({ success: true });
    expect(spawned().at(-1)).toBe('d-0');
  });

  it('stops a retry that would have come', async () => {
    const { session, clock, spawned } = createSessionWorld(() => ({ hang: true }));
    const controller = new AbortController();
    session.events$.subscribe(({ type }) => {
      if (type === 'subagent_completed') controller.abort();
    });
    const one = session.run(step('a', { retries: 5, timeoutMs: 10 }), { signal: controller.signal });
    await clock.advance(100);
    expect((await one).success).toBe(false);
    expect(spawned().length).toBeLessThanOrEqual(2);
    expect(session.orchestrator.activeCount()).toBe(0);
  });
});

describe('what a call leaves behind', () => {
  it('is no listener on its signal, and there was one however many steps there were', async () => {
    const { session, clock } = createSessionWorld(timed);
    const { signal } = new AbortController();
    const all = session.parallel(named(50, 10), { signal });
    await clock.advance(10);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await clock.advance(100);
    await all;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await expect(session.loop(() => Promise.reject(new Error('no')), { maxIterations: 1, signal })).rejects.toThrow();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is a thousand outcomes and no more ended subagents than are kept', async () => {
    const { session, clock } = createSessionWorld(timed, { orchestrator: { keepEnded: 10 } });
    const all = session.parallel(named(1_000, 1));
    await clock.advance(125);
    expect(new Set(codes(await all))).toEqual(new Set(['fine']));
    expect(session.orchestrator.listSubagents()).toHaveLength(10);
    expect(session.orchestrator.activeCount()).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('the end of the session', () => {
  it('in the middle settles every call: what runs is cancelled, what waits never starts', async () => {
    const { session, clock, spawned } = createSessionWorld(timed, { maxParallelTasks: 2 });
    const calls = [
      session.parallel(named(4, 50)),
      session.pipeline([1, 2], [({ item }) => step(`p${item}-0`), () => new Promise(() => {})]),
      session.loop(({ iteration }) => (iteration === 1 ? [step('l-0')] : new Promise(() => {})), { maxIterations: 9 }),
    ];
    await clock.advance(50);
    await session.close();
    expect((await Promise.all(calls)).map(codes)).toEqual([
      ['fine', 'fine', 'cancelled', 'cancelled'],
      ['cancelled', 'cancelled'],
      ['cancelled'],
    ]);
    expect(spawned()).toEqual(['s0-50', 's1-50', 's2-50', 's3-50']);
  });

  it('ends also what waits for a callback of the program', async () => {
    const { session, settle } = createSessionWorld(echo);
    const stalled = session.pipeline([1], [() => step('p'), () => new Promise(() => {})]);
    const loop = session.loop(({ iteration }) => (iteration === 1 ? [step('l')] : new Promise(() => {})), {
      maxIterations: 9,
    });
    await settle();
    await session.close();
    expect(await stalled).toMatchObject([
      { taskId: 'p', success: false, output: 'done p', error: { code: 'cancelled', message: /stages\[1\]/ } },
    ]);
    expect(await loop).toMatchObject([{ taskId: 'l', success: true }]);
  });

  it('by its orchestrator is the same', async () => {
    const { session, settle } = createSessionWorld(() => ({ hang: true }), { maxParallelTasks: 1 });
    const all = session.parallel([step('a'), step('b')]);
    await settle();
    await session.orchestrator.close();
    expect(codes(await all)).toEqual(['cancelled', 'cancelled']);
    expect((await errorOf(() => session.run(step('c')))).code).toBe('closed');
  });

  it('refuses every later call with closed', async () => {
    const { session } = createSessionWorld(echo);
    await session.close();
    const error = await errorOf(() => session.parallel([]));
    expect(error).toMatchObject({ code: 'closed', message: 'the session is closed: it runs no more steps' });
    for (const call of [
      () => session.run(step('a')),
      () => session.pipeline([], [() => null]),
      () => session.loop(() => null, { maxIterations: 1 }),
    ])
      expect((await errorOf(call)).code).toBe('closed');
  });
});
