import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { TroupeError } from '../../src/domain/errors.js';
import type { ScriptedAnswer, ScriptedFunction } from '../../src/testing/index.js';
import { lines } from '../support/lines.js';
import { nextLife } from '../support/lives.js';
import { WatchedStore } from '../support/watched-store.js';
import { byPrompt, calls, createWorld, lastMessage, tasks, type World, type WorldOptions } from '../support/world.js';
import { ask, away } from './away.js';

const NEVER = 10 ** 12;

interface Stage {
  readonly name: string;
  readonly turns: readonly ScriptedAnswer[] | ScriptedFunction;
  readonly options?: WorldOptions;
  /** Journals that are read back on the way. */
  readonly reads: readonly string[];
  play(world: World): Promise<unknown>;
}

const echo: ScriptedAnswer = ({ messages }) => ({ text: `${messages.length} said` });
const rate = { error: new TroupeError('rate_limited', 'HTTP 429') };

/** Each rests in another way, for longer than its conversation stays, and goes on. */
const STAGES: readonly Stage[] = [
  {
    name: 'paused while it asked the model',
    turns: [{ ...(calls(['note', { label: 'x' }]) as object), text: 'so', delayMs: 100 }, { text: 'done' }],
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      const handle = spawn();
      await clock.advance(50);
      void handle.pause();
      await clock.advance(500);
      await handle.resume();
      await clock.advance(100);
    },
  },
  {
    name: 'paused while tools ran',
    turns: [
      calls(['slow', { label: 'a', ms: 100 }], ['slow', { label: 'b', ms: 200 }], ['note', { label: 'c' }]),
      { text: 'done' },
    ],
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      const handle = spawn();
      await clock.advance(150);
      void handle.pause();
      await clock.advance(500);
      void handle.resume();
      await clock.advance(100);
    },
  },
  {
    name: 'paused with its final answer, which needs no conversation any more',
    turns: [{ text: 'done', delayMs: 100 }],
    reads: [],
    async play({ spawn, clock }) {
      const handle = spawn();
      await clock.advance(50);
      void handle.pause();
      await clock.advance(500);
      await handle.resume();
    },
  },
  {
    name: 'paused with its final answer, and steered behind it',
    turns: [{ text: 'done', delayMs: 100 }, echo],
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      const handle = spawn();
      await clock.advance(50);
      void handle.pause();
      await clock.advance(500);
      handle.steer('first');
      await clock.advance(500);
      handle.steer('second');
      await clock.advance(500);
      await handle.resume();
      await clock.advance(100);
    },
  },
  {
    name: 'paused while a request waited to be tried again',
    turns: [calls(['peek', { label: 'x' }]), rate, { text: 'done' }],
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      const handle = spawn();
      await clock.advance(1);
      void handle.pause();
      await clock.advance(60_000);
      await handle.resume();
      await clock.advance(60_000);
    },
  },
  {
    name: 'paused twice, once by its parent',
    turns: byPrompt({
      lead: [tasks('child'), { text: 'all done' }],
      child: [calls(['slow', { ms: 100 }]), calls(['slow', { ms: 100 }]), { text: 'child done' }],
    }),
    reads: ['subagent-2', 'subagent-2', 'subagent-1'],
    async play({ spawn, clock }) {
      const lead = spawn({ agentType: 'lead', prompt: 'lead' });
      for (const ms of [50, 50]) {
        await clock.advance(ms);
        void lead.pause();
        await clock.advance(1_000);
        await lead.resume();
      }
      await clock.advance(1_000);
    },
  },
  {
    name: 'waiting for approvals, of which one is given and one is not',
    turns: [{ ...(calls(['note', { label: 'a' }], ['note', { label: 'b' }]) as object), text: 'may I?' }, echo],
    options: { approvals: 'wait' },
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      const handle = spawn({ agentType: 'asker' });
      await clock.advance(500);
      handle.deny('call2#1', 'not that');
      await clock.advance(500);
      handle.approve('call1#1');
      await clock.advance(500);
    },
  },
  {
    name: 'waiting for an approval that nobody gives in time',
    turns: [calls(['note', { label: 'a' }]), echo],
    options: { approvals: 'wait', confirmTimeoutMs: 5_000 },
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      spawn({ agentType: 'asker' });
      await clock.advance(10_000);
    },
  },
  {
    name: 'held while pending',
    turns: [{ text: 'done' }],
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      const handle = spawn();
      void handle.pause();
      await clock.advance(500);
      await handle.resume();
      await clock.advance(100);
    },
  },
  {
    name: 'waiting for a child that takes its time',
    turns: byPrompt({
      both: [{ ...(calls(['peek', { label: 'p' }]) as object), text: 'look' }, tasks('child'), echo],
      child: [calls(['slow', { ms: 1_000 }]), { text: 'child done' }],
    }),
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      spawn({ agentType: 'lead', prompt: 'both' });
      await clock.advance(2_000);
    },
  },
  {
    name: 'asked aside while it waits for an approval, and while it is paused',
    turns: (request) => {
      const last = lastMessage(request);
      if (last === 'do it') return calls(['note', { label: 'a' }]) as object;
      return { text: `${last} ${request.messages.length}`, delayMs: 100 };
    },
    options: { approvals: 'wait' },
    reads: ['subagent-1', 'subagent-1', 'subagent-1'],
    async play({ spawn, clock }) {
      const handle = spawn({ agentType: 'asker' });
      await clock.advance(500);
      const first = handle.btw('what for?');
      await clock.advance(200);
      void handle.pause();
      await clock.advance(500);
      const second = handle.btw('and then?');
      await clock.advance(500);
      await handle.resume();
      await clock.advance(500);
      expect(await Promise.all([first, second])).toEqual(['what for? 4', 'and then? 4']);
      handle.approve('call1#1');
      await clock.advance(500);
    },
  },
  {
    name: 'paused before its answer is mended',
    turns: [{ text: '{"verdict":"fine"}', delayMs: 100 }, { text: '{"verdict":"good"}' }],
    reads: ['subagent-1'],
    async play({ spawn, clock }) {
      const outputSchema = z.object({ verdict: z.enum(['good', 'bad']) });
      const handle = spawn({ outputSchema });
      await clock.advance(50);
      void handle.pause();
      await clock.advance(500);
      await handle.resume();
      await clock.advance(100);
      expect((await handle.outcome()).structured).toEqual({ verdict: 'good' });
    },
  },
];

async function played({ turns, options, play }: Stage, passivateAfterMs: number) {
  const store = new WatchedStore();
  const world = createWorld(turns, { store, passivateAfterMs, ...options });
  await play(world);
  const ids = world.orchestrator.listSubagents().map(({ id, state }) => [id, state] as const);
  return {
    reads: store.reads,
    pending: world.clock.pending,
    states: ids.map(([, state]) => state),
    requests: world.model.requests,
    told: ids.map(([id]) => lines(world.events, id)),
  };
}

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(STAGES)('$name', (stage) => {
  it.each([0, 10])('it goes on as if its conversation had never been away, gone after %i ms', async (afterMs) => {
    const stayed = await played(stage, NEVER);
    const left = await played(stage, afterMs);
    expect(new Set(left.states)).toEqual(new Set(['completed']));
    expect(left.requests).toEqual(stayed.requests);
    expect(left.told).toEqual(stayed.told);
    expect(left.reads).toEqual(stage.reads);
    expect(stayed.reads).toEqual([]);
    expect(left.pending).toBe(0);
  });
});

describe('a conversation that is away', () => {
  it('is not missed by what is known at once: state, activity, info and signals', async () => {
    const { handle, store, clock, effects } = await away();
    const before = handle.info();
    expect(handle.state()).toBe('running');
    expect(handle.activity()).toMatchObject({ activityType: 'waiting_for_control', requests: ['call1#1'] });
    void handle.pause();
    expect(handle.state()).toBe('paused');
    handle.steer('look left');
    void handle.resume();
    expect(handle.info()).toMatchObject({ state: 'running', usage: before.usage, turn: 1 });
    handle.approve('call1#1');
    expect(handle.activity()).toMatchObject({ activityType: 'calling_tool' });
    void handle.pause();
    await clock.advance(500);
    expect(effects).toEqual([]);
    void handle.cancel();
    expect(handle.state()).toBe('cancelled');
    await clock.advance(500);
    expect(store.reads).toEqual([]);
  });

  it('comes back from its store after a crash as any other', async () => {
    const { handle, store, clock, effects } = await away();
    handle.approve('call1#1');
    void handle.pause();
    await clock.advance(5_000);
    expect(effects).toEqual([]);
    const next = await nextLife(store, [{ text: 'and done' }], { passivateAfterMs: 1_000, approvals: 'wait' });
    expect(next.handles[0]?.state()).toBe('paused');
    await next.clock.advance(1_000);
    await next.handles[0]?.resume();
    await expect(next.handles[0]?.wait()).resolves.toBe('and done');
    expect(next.effects).toEqual(['a']);
    expect(next.model.requests.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ['do it', '', 'noted a'],
    ]);
    expect(store.reads).toEqual(['subagent-1']);
  });

  it('leaves also while a restored one waits for its slot', async () => {
    const store = new WatchedStore();
    const first = createWorld(() => ({ hang: true }), { store });
    for (const prompt of ['one', 'two', 'three']) first.spawn({ prompt });
    await first.settle();
    const next = await nextLife(
      store,
      ({ messages }) => ({ text: `${messages.at(-1)?.content} is done`, delayMs: 2_000 }),
      { maxConcurrentSubagents: 1, passivateAfterMs: 1_000 },
    );
    await next.clock.advance(10_000);
    expect(await next.orchestrator.waitAll()).toMatchObject(
      ['one', 'two', 'three'].map((prompt) => ({ success: true, output: `${prompt} is done` })),
    );
    expect(store.reads).toEqual(['subagent-2', 'subagent-3']);
  });

  it('is asked for once when a question and a request want it at once', async () => {
    const { handle, store, clock } = await away({}, [ask, { text: 'done' }, { text: 'aside' }]);
    handle.approve('call1#1');
    const answer = handle.btw('why?');
    await clock.advance(100);
    await expect(Promise.all([answer, handle.wait()])).resolves.toHaveLength(2);
    expect(store.reads).toEqual(['subagent-1']);
  });

  it('is gone again after the next rest', async () => {
    const { handle, store, clock } = await away({}, [ask, ask, ask, { text: 'done' }]);
    for (const requestId of ['call1#1', 'call2#1', 'call3#1']) {
      handle.approve(requestId);
      await clock.advance(1_000);
    }
    expect(handle.state()).toBe('completed');
    expect(store.reads).toEqual(['subagent-1', 'subagent-1', 'subagent-1']);
  });

  it('leaves a timer neither behind an end nor behind a close', async () => {
    const { orchestrator, clock, spawn, settle } = await away();
    spawn({ agentType: 'asker', prompt: 'another' });
    await settle();
    await orchestrator.close();
    expect(clock.pending).toBe(0);
  });

  it('has one timer with all others', async () => {
    const { clock, spawn, settle } = createWorld(() => ask as object, { store: new WatchedStore(), approvals: 'wait' });
    for (let count = 0; count < 20; count++) spawn({ agentType: 'asker' });
    await settle();
    expect(clock.pending).toBe(1);
    await clock.advance(59_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });

  it('is one of few that are read at once, however many go on', async () => {
    const { store, orchestrator, clock, spawn } = await away({ maxConcurrentSubagents: 200 }, [
      ...Array.from({ length: 100 }, () => ask),
      ...Array.from({ length: 100 }, () => ({ text: 'done' })),
    ]);
    for (let count = 1; count < 100; count++) spawn({ agentType: 'asker' });
    await clock.advance(1_000);
    store.onRead = () => new Promise((resolve) => setImmediate(resolve));
    for (const { id } of orchestrator.listSubagents()) orchestrator.getHandle(id)?.approve('call1#1');
    const outcomes = await orchestrator.waitAll();
    expect(outcomes.filter(({ success }) => success)).toHaveLength(100);
    expect(store.reads).toHaveLength(100);
    expect(store.mostAtOnce).toBeGreaterThan(1);
    expect(store.mostAtOnce).toBeLessThanOrEqual(16);
  });
});
