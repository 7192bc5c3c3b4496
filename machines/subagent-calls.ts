/** Rules about the calls of one turn, as pure functions on the list in context. */

import type { DoneActorEvent } from 'xstate';
import type { Interrupted } from './interruptible.js';
import type { Call, CallStatus, PlannedCall, SubagentContext, ToolSettled } from './subagent-types.js';

/** Each asking has its own id, so a late answer to the first never answers the second. */
export function requestIdOf(call: Call): string {
  return `${call.callId}#${call.askedCount}`;
}

export function callsIn(context: SubagentContext, ...statuses: readonly CallStatus[]): Call[] {
  return context.calls.filter((call) => statuses.includes(call.status));
}

/** Whoever sends events by hand may have no types. */
export function isMessage(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

/** In `control.paused` or `control.queued`; `stateIn` would compare whole state values in each guard of each step. */
export function isHeld({ pausedBy, isQueued }: SubagentContext): boolean {
  return pausedBy !== null || isQueued;
}

/** For guards, which run at each step: it builds no list. */
export function hasCallIn({ calls }: SubagentContext, status: CallStatus): boolean {
  for (const call of calls) if (call.status === status) return true;
  return false;
}

/** The call that an answer with this request id is for; undefined when it was answered already or never asked. */
export function askedCall(context: SubagentContext, requestId: string): Call | undefined {
  return context.calls.find((call) => call.status === 'asking' && requestIdOf(call) === requestId);
}

/** The done event of a tool that answered the only call that is open. */
export function answersLastCall({ calls }: SubagentContext, event: unknown): boolean {
  const { actorId, output } = event as DoneActorEvent<ToolSettled | Interrupted>; // asked on done of tool.* only
  return calls.length === 1 && actorId === `tool.${calls[0]?.callId}` && output.kind === 'settled';
}

export function withCall(calls: readonly Call[], callId: string, change: Partial<Call>): Call[] {
  return calls.map((call) => (call.callId === callId ? { ...call, ...change } : call));
}

export function withoutCall(calls: readonly Call[], callId: string): Call[] {
  return calls.filter((call) => call.callId !== callId);
}

export function plainCall({ callId, name, args, alone }: Call): PlannedCall {
  return { callId, name, args, alone };
}

/**
 * Which ready calls may start now: none while it is held. Effects keep the order the model asked for: one that is not read-only waits for every
 * call before it, also for one that waits for a person; read-only ones overtake calls that wait. A call that was cut off
 * by a crash keeps its place before all others.
 */
export function startableCalls(context: SubagentContext): Call[] {
  if (!hasCallIn(context, 'ready') || isHeld(context) || context.failure) return [];
  const busy = context.calls.filter(
    (call) =>
      call.status === 'running' || (call.interrupted && (call.status === 'undecided' || call.status === 'deciding')),
  );
  if (busy.some((call) => call.alone)) return [];
  const startable: Call[] = [];
  const ready = callsIn(context, 'ready').sort((a, b) => Number(b.interrupted) - Number(a.interrupted));
  for (const call of ready) {
    const beside = busy.length + startable.length;
    if (beside >= context.maxParallelTools) break;
    if (call.alone && (beside > 0 || call !== context.calls[0])) break;
    startable.push(call);
    if (call.alone) break;
  }
  return startable;
}
