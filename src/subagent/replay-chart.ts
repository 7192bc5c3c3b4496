/** From what a chart was told to where it stands: the chart itself is the only one that knows. */

import { initialTransition, type Snapshot, transition } from 'xstate';
import {
  requestIdOf,
  type SubagentInput,
  type SubagentSnapshot,
  stateOf,
  subagentMachine,
} from '../../machines/index.js';
import type { FoldedLog } from './fold-log.js';

interface PersistedTimer {
  readonly snapshot: { readonly input: { readonly ms: number | null } };
}

export interface ReplayedChart {
  readonly snapshot: SubagentSnapshot;
  /** As XState takes it up again: what was in flight is marked so, and timers have what was left of them. */
  readonly persisted: Snapshot<unknown>;
}

export function replayChart(input: SubagentInput, { events, lastAt }: FoldedLog): ReplayedChart {
  let [snapshot] = initialTransition(subagentMachine, input);
  let ranMs = 0;
  let before: number | undefined;
  const pass = (at: number) => {
    if (before !== undefined && stateOf(snapshot) === 'running') ranMs += at - before;
    before = at;
  };
  const askedAt = new Map<string, number>();
  for (const { event, at } of events) {
    pass(at);
    // Recorded as this chart, or an older one, was told it; it ignores what it does not know.
    [snapshot] = transition(
      subagentMachine,
      snapshot,
      event as Parameters<typeof transition<typeof subagentMachine>>[2],
    );
    for (const call of snapshot.context.calls) {
      const requestId = requestIdOf(call);
      if (call.status === 'asking' && !askedAt.has(requestId)) askedAt.set(requestId, at);
    }
    if (snapshot.status !== 'active') break;
  }
  pass(lastAt);

  const remainingMs = input.timeoutMs === null ? null : Math.max(0, input.timeoutMs - ranMs);
  const timers = new Map<string, number | null>([['deadline', remainingMs]]);
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
  return { snapshot, persisted: patched };
}

type PersistedMachine = Snapshot<unknown> & {
  readonly context: SubagentSnapshot['context'];
  readonly children: Readonly<Record<string, unknown>>;
};

function withMs(timer: PersistedTimer, ms: number | null): PersistedTimer {
  return { ...timer, snapshot: { ...timer.snapshot, input: { ...timer.snapshot.input, ms } } };
}
