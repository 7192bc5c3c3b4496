import { afterEach, describe, expect, test, vi } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';
import {
  type RequestLlmOutput,
  type SubagentInput,
  type SubagentMachineEvent,
  type SubagentSnapshot,
  stateOf,
  subagentMachine,
} from '../../machines/index.js';
import type { Decision } from '../../src/domain/permission.js';
import { INPUT, World } from './harness.js';
import { childrenBy, expectInvariants } from './invariants.js';
import { answer, call, retryLater, wants } from './script.js';

const INTERRUPTED = { kind: 'interrupted' } as const;
const input: SubagentInput = { ...INPUT, maxSteps: 2, maxParallelTools: 2, timeoutMs: 1000, approvalMs: 1000 };

interface ScriptedEvent {
  readonly type: string;
  readonly [more: string]: unknown;
}

const replies: Record<string, RequestLlmOutput | typeof INTERRUPTED> = {
  calls: wants('', call('a'), call('b', { alone: true })),
  answer: answer('done'),
  retry: retryLater(100),
  interrupted: INTERRUPTED,
};
const decisions: readonly (readonly [callId: string, decision: Decision])[] = [
  ['a', { kind: 'allow' }],
  ['a', { kind: 'fail', reason: 'no' }],
  ['b', { kind: 'allow' }],
  ['b', { kind: 'deny', reason: 'no' }],
  ['b', { kind: 'ask', reason: 'sure?' }],
];

/** Keys tell events apart in the graph. What actors would answer is written out, as nothing runs in it. */
const EVENTS: ReadonlyMap<string, ScriptedEvent> = new Map<string, ScriptedEvent>([
  ...['START', 'QUEUE', 'PAUSE', 'RESUME', 'CANCEL', 'DEADLINE', 'RETRY_DUE'].map((type) => [type, { type }] as const),
  ['PAUSE by parent', { type: 'PAUSE', by: 'parent' }],
  ['RESUME by parent', { type: 'RESUME', by: 'parent' }],
  ['STEER', { type: 'STEER', message: 'hey' }],
  ...['APPROVE', 'DENY', 'APPROVAL_EXPIRED'].map((type) => [type, { type, requestId: 'b#1' }] as const),
  ...Object.entries(replies).map(([key, output]) => [`llm: ${key}`, doneOf('llm', output)] as const),
  ['llm: error', { type: 'xstate.error.actor.llm', actorId: 'llm', error: new Error('broken') }],
  ...decisions.map(([id, output]) => [`decide.${id}: ${output.kind}`, doneOf(`decide.${id}`, output)] as const),
  ['tool.a: done', doneOf('tool.a', { kind: 'settled' })],
  ['tool.a: interrupted', doneOf('tool.a', INTERRUPTED)],
  ['tool.b: done', doneOf('tool.b', { kind: 'settled' })],
  ['tool.b: error', { type: 'xstate.error.actor.tool.b', actorId: 'tool.b', error: new Error('broken') }],
]);
const keyOf = new Map([...EVENTS].map(([key, event]) => [event, key]));

function doneOf(actorId: string, output: unknown): ScriptedEvent {
  return { type: `xstate.done.actor.${actorId}`, actorId, output };
}

/** What an actor answers comes only while it is there: xstate takes an error of one that is not as the machine's own. */
function possibleEvents({ children }: SubagentSnapshot): ScriptedEvent[] {
  return [...EVENTS.values()].filter(({ actorId }) => actorId === undefined || String(actorId) in children);
}

/** All that decides what may come next, with counts that only grow cut off where they stop to matter. */
function serializeState({ value, status, context }: SubagentSnapshot): string {
  const { pausedBy, calls, steering, answered, turn, attempt, failure } = context;
  const callsInShort = calls.map((each) => [each.callId, each.status, each.interrupted, Math.min(each.askedCount, 2)]);
  const flags = [pausedBy, steering.length > 0, answered, turn, Math.min(attempt, 2), failure?.code];
  return JSON.stringify([value, status, callsInShort, flags]);
}

const REACHABLE = [
  ...['ready', 'queued', 'held'].map((pending) => ({ pending })),
  ...['running', 'paused'].flatMap((control) =>
    ['requesting_llm', 'backing_off', 'calling_tool', 'waiting_for_control'].map((activity) => ({
      active: { control, activity },
    })),
  ),
  { active: { control: 'running', activity: 'idle' } }, // its calls are being decided; a paused one does not rest in it
  'completed',
  'failed',
  'cancelled',
]
  .map((value) => JSON.stringify(value))
  .sort();

// The types of xstate/graph refuse a machine that emits, and see its snapshots as any machine's.
const machine = subagentMachine as unknown as AnyStateMachine;
const options = {
  events: possibleEvents,
  input,
  limit: 100_000,
  stopWhen: (snapshot: SubagentSnapshot) => snapshot.status !== 'active',
  serializeState,
  serializeEvent: (event: ScriptedEvent) => keyOf.get(event) ?? event.type,
} as object;

interface Path {
  readonly state: SubagentSnapshot;
  readonly steps: readonly { readonly event: ScriptedEvent; readonly state: SubagentSnapshot }[];
}
interface Edge {
  readonly from: SubagentSnapshot;
  readonly by: string;
  readonly to: SubagentSnapshot;
}

const paths = getShortestPaths(machine, options) as unknown as readonly Path[];
const nodes = Object.values(getAdjacencyMap(machine, options) as unknown as Record<string, GraphNode>);
interface GraphNode {
  readonly state: SubagentSnapshot;
  readonly transitions: Record<string, { readonly event: ScriptedEvent; readonly state: SubagentSnapshot }>;
}
const edges: readonly Edge[] = nodes.flatMap(({ state: from, transitions }) =>
  Object.values(transitions).map(({ event, state: to }) => ({ from, by: keyOf.get(event) ?? event.type, to })),
);

function tell({ from, by, to }: Edge): string {
  return `${serializeState(from)} -- ${by} --> ${serializeState(to)}`;
}

/** Children that do something; timers only wait. */
function workOf(snapshot: SubagentSnapshot): string[] {
  return Object.keys(snapshot.children).filter((id) => /^(llm$|tool\.|decide\.)/.test(id));
}

const SIGNALS = ['PAUSE', 'RESUME', 'CANCEL', 'STEER', 'APPROVE', 'DENY'];

describe('the graph of all states that scripted answers and signals can reach', () => {
  test('every combination of states that should be reachable is, and no other', () => {
    const reached = new Set(paths.map(({ state }) => JSON.stringify(state.value)));
    expect([...reached].sort()).toEqual(REACHABLE);
    expect(paths.length).toBeGreaterThan(1_000);
    expect(edges.length).toBeGreaterThan(5_000);
  });

  test('no request, call or decision begins in a transition that ends paused', () => {
    const paused = edges.filter(({ to }) => stateOf(to) === 'paused');
    expect(paused.length).toBeGreaterThan(1_000);
    const starting = paused.filter(({ from, to }) => workOf(to).some((id) => !(id in from.children)));
    expect(starting.map(tell)).toEqual([]);
  });

  test('every state has exactly the children that its calls and activity stand for, and one tag', () => {
    for (const { state } of nodes) {
      if (state.status === 'active')
        expect(Object.keys(state.children).sort(), tellState(state)).toEqual(childrenBy(state));
      expect(state.tags.size, tellState(state)).toBe(1);
    }
  });

  test('a cancel ends every state that has not ended, as cancelled', () => {
    const cancels = edges.filter(({ by }) => by === 'CANCEL');
    expect(cancels).toHaveLength(nodes.filter(({ state }) => state.status === 'active').length);
    expect(cancels.filter(({ to }) => to.output?.state !== 'cancelled').map(tell)).toEqual([]);
  });

  test('no state is a dead end: the work itself can end from each, without a cancel, a deadline or a fault', () => {
    const byForce = ['CANCEL', 'DEADLINE', 'llm: error', 'decide.a: fail'];
    const reaching = new Set(nodes.filter(({ state }) => isOver(state)).map(({ state }) => serializeState(state)));
    const ways = edges
      .filter(({ by }) => !byForce.includes(by))
      .map(({ from, to }) => ({ from: serializeState(from), to: serializeState(to) }));
    for (let before = -1; before !== reaching.size; ) {
      before = reaching.size;
      for (const { from, to } of ways) if (reaching.has(to)) reaching.add(from);
    }
    const stuck = nodes.filter(({ state }) => state.status === 'active' && !reaching.has(serializeState(state)));
    expect(stuck.map(({ state }) => tellState(state))).toEqual([]);
  });
});

const tellState = (state: SubagentSnapshot) => serializeState(state);

/** Ended by its own work: answered, or out of turns. */
function isOver({ output }: SubagentSnapshot): boolean {
  return output?.state === 'completed' || output?.error?.code === 'max_steps';
}

describe('every shortest path, walked by a live actor whose work never answers by itself', () => {
  afterEach(() => vi.restoreAllMocks());

  // The start of a shortest path is a shortest path too, so the last step of each covers all steps of all.
  test('leads to the state of the graph, and there the invariants hold', () => {
    for (const path of paths) {
      const world = walk(path);
      expect(world.snapshot.value, describePath(path)).toEqual(path.state.value);
      expectInvariants(world);
      world.actor.stop();
    }
  });

  test('has each of its signals reported exactly once, in order', () => {
    let count = 0;
    for (const path of paths) {
      const world = walk(path);
      const sent = path.steps.map(({ event }) => event).filter(({ type }) => SIGNALS.includes(type));
      const reported = world.told('signal').map(({ signal }) => signal);
      expect(reported, describePath(path)).toEqual(sent);
      count += sent.length;
      world.actor.stop();
    }
    expect(count).toBeGreaterThan(1_000);
  });

  test('if it leads to an end, aborts what was in flight, and nothing that comes later changes or tells anything', () => {
    vi.spyOn(console, 'warn').mockReturnValue(); // xstate warns of events to an actor that has stopped
    const ends = paths.filter(({ state }) => state.status !== 'active');
    expect(ends.length).toBeGreaterThan(10);
    for (const path of ends) {
      const world = walk(path);
      const before = { snapshot: world.snapshot, told: world.emitted.length, begun: world.starts };
      expect([world.requests, world.calls, world.decisions, world.completions]).toEqual([[], [], [], 1]);
      for (const event of EVENTS.values()) sendScripted(world, event);
      expect({ snapshot: world.snapshot, told: world.emitted.length, begun: world.starts }).toEqual(before);
    }
  });
});

function walk({ steps }: Path): World {
  const world = new World({ input, policy: () => 'later' });
  for (const { event } of steps) if (event.type !== 'xstate.init') sendScripted(world, event);
  return world;
}

function sendScripted(world: World, event: ScriptedEvent): void {
  world.actor.send(event as SubagentMachineEvent); // EVENTS has what the chart's own actors would send, too
}

function describePath({ steps }: Path): string {
  return steps.map(({ event }) => keyOf.get(event) ?? event.type).join(', ');
}
