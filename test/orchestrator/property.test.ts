import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { TroupeError } from '../../src/domain/errors.js';
import { isFinal } from '../../src/domain/lifecycle.js';
import type { SubAgentOutcome } from '../../src/domain/outcome.js';
import type { AgentEvent } from '../../src/events/index.js';
import type { SubAgentHandle } from '../../src/orchestrator/index.js';
import type { ScriptedTurn } from '../../src/testing/index.js';
import { createWorld, eventsOf, type World } from '../support/world.js';

const RUNS = process.env.CI ? 1_000 : 300;
const LIMITS = [1, 2, 5] as const;

/** One thing that a caller does. `who` counts the subagents that are there, wherever they stand in the tree. */
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 40, 100, 700, 5_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('spawn' as const),
      agentType: fc.constantFrom('worker', 'lead', 'lead', 'asker'),
      under: fc.option(fc.nat(6), { nil: undefined }),
      detached: fc.boolean(),
      timeoutMs: fc.constantFrom(undefined, undefined, 150, 1_000),
      maxSteps: fc.constantFrom(undefined, undefined, 1, 3),
      pausedAtOnce: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'pause',
        'resume',
        'resume',
        'resume_and_pause',
        'approve',
        'approve_and_pause',
        'deny',
        'steer',
        'btw',
        'direct_pause',
        'direct_resume',
      ),
      who: fc.nat(6),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('cancel', 'cancel_alone', 'release'), who: fc.nat(6) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

const call = (name: string, args: object) => ({ name, args });
/** What a model may answer, whoever asks. */
const ANSWERS: readonly ScriptedTurn[] = [
  { text: 'done' },
  { text: 'done later', delayMs: 100 },
  { text: 'half', toolCalls: [call('slow', { ms: 50 }), call('slow', { ms: 120 })] },
  { toolCalls: [call('watched', {}), call('slow', { ms: 10 }), call('watched', {})], delayMs: 20 },
  { toolCalls: [call('deaf', { ms: 80 })] },
  {
    toolCalls: [
      call('task', {
        tasks: [
          { agent: 'worker', prompt: 'x' },
          { agent: 'asker', prompt: 'y' },
        ],
      }),
    ],
  },
  {
    toolCalls: [
      call('task', { tasks: [{ agent: 'lead', prompt: 'x' }] }),
      call('task', { tasks: [{ agent: 'worker', prompt: 'y' }] }),
    ],
  },
  { text: 'cut', finish: 'none' },
  { finish: 'refusal' },
  { error: new TroupeError('rate_limited', 'HTTP 429') },
  { toolCalls: [call('peek', {}), { name: 'note', args: '{' }] },
];

/** Those that ask for children: more often than chance would have it. */
const SPAWNING = [5, 6];

interface Run {
  readonly world: World;
  readonly handles: SubAgentHandle[];
  readonly problems: string[];
  /** Requests that those had made that are paused, when they were. */
  readonly requestsAtPause: Map<string, number>;
}

function createRun(answers: readonly number[], limit: number, onLimit: 'reject' | 'queue'): Run {
  const problems: string[] = [];
  const mustRun = (id: string, what: string) => {
    const state = world.orchestrator.getSubagentInfo(id)?.state;
    if (state !== 'running') problems.push(`${what} of ${id} began while it was ${state}`);
  };
  const watched = defineTool({
    name: 'watched',
    description: 'Sees whether its subagent may run.',
    input: z.object({}),
    run: (_input, { subagentId }) => {
      mustRun(subagentId, 'a tool');
      return 'seen';
    },
  });
  const world = createWorld((_request, index) => ANSWERS[answers[index % answers.length] ?? 0] ?? {}, {
    tools: [watched],
    maxConcurrentSubagents: limit,
    onLimit,
    approvals: 'wait',
    keepEnded: 50,
    model: { maxRetries: 2 },
  });
  world.orchestrator.actor.subscribe(({ context: { slotsInUse, live } }) => {
    if (slotsInUse < 0 || slotsInUse > limit) problems.push(`${slotsInUse} of ${limit} slots in use`);
    if (live < 0) problems.push(`${live} live`);
  });
  return { world, handles: [], problems, requestsAtPause: new Map() };
}

function apply({ world, handles }: Run, operation: Operation): Promise<void> | undefined {
  const { orchestrator, clock } = world;
  const listed = orchestrator.listSubagents();
  const infoAt = (index: number) => listed[index % Math.max(1, listed.length)];
  if (operation.op === 'advance') return clock.advance(operation.ms);
  if (operation.op === 'spawn') {
    const { agentType, under, detached, timeoutMs, maxSteps, pausedAtOnce } = operation;
    const parent = under === undefined ? undefined : infoAt(under);
    try {
      const handle = orchestrator.spawnSubagent({
        agentType,
        prompt: 'do it',
        detached,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(maxSteps === undefined ? {} : { maxSteps }),
        ...(parent ? { parentId: parent.id } : {}),
      });
      handles.push(handle);
      if (pausedAtOnce) void handle.pause();
    } catch (error) {
      const { code } = error as TroupeError; // whatever else is thrown has no such code
      if (!['concurrency_limit', 'wrong_state', 'config_invalid'].includes(code)) throw error;
    }
    return undefined;
  }
  const info = infoAt(operation.who);
  const handle = info && orchestrator.getHandle(info.id);
  if (!info || !handle) return undefined;
  const activity = handle.activity();
  const requestId = activity.activityType === 'waiting_for_control' ? (activity.requests?.[0] ?? 'none') : 'call1#1';
  switch (operation.op) {
    case 'pause':
      void handle.pause();
      break;
    case 'resume':
      void orchestrator.resumeSubagent(info.id);
      break;
    case 'steer':
      if (!handle.isDone()) handle.steer('more');
      break;
    case 'btw':
      handle.btw('well?').catch(() => {}); // it may end before it answers, and models fail
      break;
    case 'resume_and_pause':
      void handle.resume();
      void handle.pause();
      break;
    case 'approve':
      handle.approve(requestId);
      break;
    case 'approve_and_pause':
      handle.approve(requestId);
      void handle.pause();
      break;
    case 'deny':
      handle.deny(requestId);
      break;
    case 'direct_pause':
      if (!handle.isDone()) handle.actor.send({ type: 'PAUSE' });
      break;
    case 'direct_resume':
      if (!handle.isDone()) handle.actor.send({ type: 'RESUME' });
      break;
    case 'cancel':
      void handle.cancel();
      if (!isFinal(handle.state())) throw new Error('cancel() returned before it was over');
      break;
    case 'cancel_alone':
      void handle.cancel('alone', { cascade: false });
      break;
    case 'release':
      orchestrator.release(info.id);
  }
  return undefined;
}

/** What each subagent's events say: one end, nothing after it, `seq` without holes, nothing started while paused. */
function checkEvents(events: readonly AgentEvent[], problems: string[]): void {
  const seqs = new Map<string, number>();
  const states = new Map<string, string>();
  let lastOffset = 0;
  for (const event of events) {
    if (event.type === 'gap') continue;
    const { subagentId: id, seq, offset, type } = event;
    if (offset !== ++lastOffset) problems.push(`offset ${offset} after ${lastOffset - 1}`);
    if (seq !== (seqs.get(id) ?? 0) + 1) problems.push(`${id}: seq ${seq} after ${seqs.get(id)}`);
    seqs.set(id, seq);
    const state = states.get(id) ?? 'pending';
    if (state === 'over') problems.push(`${id}: ${type} after its end`);
    if (state === 'paused' && (type === 'tool_start' || type === 'turn_start'))
      problems.push(`${id}: ${type} while paused`);
    if (event.type === 'subagent_state_changed') {
      if (event.from !== state) problems.push(`${id}: told from ${event.from}, was ${state}`);
      states.set(id, event.to);
    }
    if (event.type === 'subagent_completed') {
      if (event.state !== state) problems.push(`${id}: ended ${event.state}, was ${state}`);
      states.set(id, 'over');
    }
  }
}

/** A paused one makes no request, be it a first one, a retry or a side question. Looked at after each operation. */
function checkPaused({ world: { orchestrator }, problems, requestsAtPause }: Run): void {
  for (const { id, state, usage } of orchestrator.listSubagents()) {
    if (state !== 'paused') {
      requestsAtPause.delete(id);
      continue;
    }
    const before = requestsAtPause.get(id) ?? usage.requests;
    if (usage.requests !== before) problems.push(`${id} made ${usage.requests - before} requests while paused`);
    requestsAtPause.set(id, usage.requests);
  }
}

/** The listings say what the events say. */
function checkListings({ world: { orchestrator, events }, problems }: Run): void {
  const told = new Map(eventsOf(events, 'subagent_state_changed').map(({ subagentId, to }) => [subagentId, to]));
  const infos = orchestrator.listSubagents();
  for (const { id, state } of infos) {
    if (state !== (told.get(id) ?? 'pending')) problems.push(`${id} is ${state}, told ${told.get(id)}`);
    if (orchestrator.getHandle(id)?.state() !== state) problems.push(`${id}: handle and listing differ`);
  }
  const active = infos.filter(({ state }) => !isFinal(state)).length;
  if (orchestrator.activeCount() !== active) problems.push(`${orchestrator.activeCount()} active, ${active} listed`);
  const context = orchestrator.actor.getSnapshot().context;
  const running = infos.filter(({ state }) => state === 'running' || state === 'paused').length;
  if (context.slotsInUse > running) problems.push(`${context.slotsInUse} slots for ${running} subagents`);
}

/** Lets go of everything that is held, until all have ended by themselves. */
async function bringHome({ world: { orchestrator, clock } }: Run): Promise<void> {
  // Many subagents behind a provider that keeps saying 429 go one by one, some seconds apart.
  for (let round = 0; round < 2_000 && orchestrator.activeCount() > 0; round++) {
    for (const { id, state, currentActivity } of orchestrator.listSubagents()) {
      if (state === 'paused') void orchestrator.resumeSubagent(id);
      if (currentActivity?.activityType !== 'waiting_for_control') continue;
      for (const requestId of currentActivity.requests ?? []) orchestrator.getHandle(id)?.approve(requestId);
    }
    await clock.advance(30_000);
  }
}

describe('whatever callers do', () => {
  it('every subagent ends once, slots stay within the limit, nothing starts in pause, and listings agree with events', {
    timeout: 120_000,
  }, async () => {
    const property = fc.asyncProperty(
      fc.array(operation, { minLength: 3, maxLength: 40, size: 'max' }),
      fc.array(fc.oneof(fc.nat(ANSWERS.length - 1), fc.constantFrom(...SPAWNING)), {
        minLength: 1,
        maxLength: 12,
        size: 'max',
      }),
      fc.constantFrom(...LIMITS),
      fc.constantFrom('reject' as const, 'queue' as const),
      async (operations, answers, limit, onLimit) => {
        // An end to it: a script without any answer would go on for ever, spawning.
        const run = createRun([...answers, 0, 0, 0], limit, onLimit);
        const { orchestrator, events, clock } = run.world;
        for (const each of operations) {
          const time = apply(run, each);
          if (time) await time; // else the next one comes in the same tick
          checkPaused(run);
          if (each.op !== 'advance') continue;
          checkListings(run);
        }
        const all: Promise<SubAgentOutcome[]> = orchestrator.waitAll();
        await bringHome(run);
        if (orchestrator.activeCount() > 0) {
          run.problems.push(
            `never ended: ${JSON.stringify(orchestrator.listSubagents().filter(({ state }) => !isFinal(state)))}`,
          );
          await orchestrator.close();
        }
        await all;
        await clock.advance(100_000);
        checkListings(run);
        checkEvents(events, run.problems);
        const started = eventsOf(events, 'subagent_started').length;
        const ended = eventsOf(events, 'subagent_completed');
        if (new Set(ended.map(({ subagentId }) => subagentId)).size !== started || ended.length !== started) {
          run.problems.push(`${started} started, ${ended.length} ended`);
        }
        for (const handle of run.handles) if (!handle.isDone()) run.problems.push(`${handle.id} is not done`);
        if (clock.pending > 0) run.problems.push(`${clock.pending} timers left`);
        expect(run.problems).toEqual([]);
        await orchestrator.close();
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });
});
