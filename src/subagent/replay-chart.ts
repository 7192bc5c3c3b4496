/** From what a chart was told to where it stands: the chart itself is the only one that knows. */

import { initialTransition, type Snapshot, transition } from 'xstate';
import {
  isQueued,
  requestIdOf,
  type SubagentEmitted,
  type SubagentInput,
  type SubagentSnapshot,
  stateOf,
  subagentMachine,
} from '../../machines/index.js';
import type { ChartEvent, FoldedLog } from './fold-log.js';
import { DONE } from './log-record.js';

interface PersistedTimer {
  readonly snapshot: { readonly input: { readonly ms: number | null } };
}

export interface ReplayedChart {
  readonly snapshot: SubagentSnapshot;
  /** As XState takes it up again: what was in flight is marked so, and timers have what was left of them. */
  readonly persisted: Snapshot<unknown>;
  /** By call id: what the model is told of calls that were not let run. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** What comes back waits for a slot before it goes on. */
export const RESTORED = { type: 'RESTORED' } as const;

/** One thing that the chart was told, and what came of it. */
export interface ChartStep {
  /** Place of the record that tells of it, among all that were written. */
  readonly record: number;
  readonly snapshot: SubagentSnapshot;
  readonly emitted: readonly SubagentEmitted[];
}

type MachineEvent = Parameters<typeof transition<typeof subagentMachine>>[2];

/** @param onStep Called for each event, in the order in which the chart took them. */
export function replayChart(
  input: SubagentInput,
  { events, lastAt }: FoldedLog,
  onStep?: (step: ChartStep) => void,
): ReplayedChart {
  let [snapshot] = initialTransition(subagentMachine, input);
  let ranMs = 0;
  let before: number | undefined;
  const pass = (at: number) => {
    if (before !== undefined && stateOf(snapshot) === 'running' && !isQueued(snapshot)) ranMs += at - before;
    before = at;
  };
  const askedAt = new Map<string, number>();
  const refusals = new Map<string, string>();
  for (const { event, at, record } of events) {
    pass(at);
    const emitted: SubagentEmitted[] = [];
    for (const told of asTold(event, snapshot)) {
      const [next, actions] = transition(subagentMachine, snapshot, told);
      snapshot = next;
      emitted.push(...emittedIn(actions));
    }
    for (const told of emitted) if (told.type === 'call_refused') refusals.set(told.call.callId, told.text);
    onStep?.({ record, snapshot, emitted });
    for (const call of snapshot.context.calls) {
      const requestId = requestIdOf(call);
      if (call.status === 'asking' && !askedAt.has(requestId)) askedAt.set(requestId, at);
    }
    if (snapshot.status !== 'active') break;
  }
  pass(lastAt);
  if (snapshot.matches('active')) [snapshot] = transition(subagentMachine, snapshot, RESTORED);

  const remainingMs = input.timeoutMs === null ? null : Math.max(0, input.timeoutMs - ranMs);
  const timers = new Map<string, number>();
  for (const [requestId, at] of askedAt) {
    if (input.approvalMs !== null) timers.set(`ask.${requestId}`, Math.max(0, input.approvalMs - (lastAt - at)));
  }
  const persisted = subagentMachine.getPersistedSnapshot(snapshot) as unknown as PersistedMachine; // what XState writes
  const children = Object.entries(persisted.children).map(([id, child]) => {
    const ms = timers.get(id);
    return [id, ms === undefined ? child : withMs(child as PersistedTimer, ms)];
  });
  const context = { ...persisted.context, remainingMs };
  const patched: PersistedMachine = { ...persisted, context, children: Object.fromEntries(children) };
  return { snapshot, persisted: patched, refusals };
}

/** Recorded as this chart, or an older one, was told it, which it ignores; or what a record tells that stands for it. */
function asTold(event: ChartEvent, snapshot: SubagentSnapshot): MachineEvent[] {
  if (event.type === 'call_settled') return asSettled(String(event.callId), snapshot);
  if (event.type === 'steering_taken') return asTaken(snapshot);
  return [event as MachineEvent];
}

/** The result is there, so that the call did not stay as the chart has it. */
function asSettled(callId: string, { context }: SubagentSnapshot): MachineEvent[] {
  const call = context.calls.find((each) => each.callId === callId);
  switch (call?.status) {
    case 'running':
      return [done(`tool.${callId}`, { kind: 'settled' })];
    case 'deciding':
      return [done(`decide.${callId}`, { kind: 'done' })];
    case 'asking':
      return [{ type: 'DENY', requestId: requestIdOf(call) }];
    default:
      return [];
  }
}

/** The request was let go, held back, and let go again with what had been steered meanwhile: neither is on record. */
function asTaken(snapshot: SubagentSnapshot): MachineEvent[] {
  const isWaiting = snapshot.matches({ active: { activity: 'requesting_llm' } });
  if (!isWaiting || snapshot.context.steering.length === 0) return [];
  return [done('llm', { kind: 'retry_later', delayMs: 0, countsAsAttempt: false }), { type: 'RETRY_DUE' }];
}

function done(actorId: string, output: unknown): MachineEvent {
  return { type: `${DONE}${actorId}`, actorId, output } as unknown as MachineEvent; // as XState makes it
}

/** Of the actions that a transition would have done, those that tell readers of something. */
function emittedIn(actions: ReturnType<typeof transition<typeof subagentMachine>>[1]): SubagentEmitted[] {
  return actions.flatMap(({ type, params }) => {
    const isEmit = (type as string) === 'xstate.emit'; // XState's own, which the chart's type does not name
    return isEmit ? [(params as unknown as { readonly event: SubagentEmitted }).event] : [];
  });
}

type PersistedMachine = Snapshot<unknown> & {
  readonly context: SubagentSnapshot['context'];
  readonly children: Readonly<Record<string, unknown>>;
};

function withMs(timer: PersistedTimer, ms: number): PersistedTimer {
  return { ...timer, snapshot: { ...timer.snapshot, input: { ...timer.snapshot.input, ms } } };
}
