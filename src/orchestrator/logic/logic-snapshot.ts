/** The snapshots of an actor logic: how they begin, what changes them, how they are persisted. Pure. */

import type { Snapshot } from 'xstate';
import { requestIdOf } from '../../../machines/index.js';
import { isErrorCode, TroupeError, toErrorInfo } from '../../domain/errors.js';
import type { SubAgentInfo, SubAgentOutcome } from '../../domain/outcome.js';
import type { SubagentActor } from '../../subagent/index.js';
import type { OpenRequest, SubAgentLogicContext, SubAgentLogicEvent, SubAgentLogicSnapshot } from './logic-types.js';

/** What an actor of the logic sends to itself. */
export type RunEvent =
  | { readonly type: 'troupe.changed'; readonly context: SubAgentLogicContext }
  | { readonly type: 'troupe.ended'; readonly context: SubAgentLogicContext; readonly outcome: SubAgentOutcome }
  | { readonly type: 'troupe.failed'; readonly error: TroupeError };

export function initialSnapshot(input: unknown, runId: string | undefined): SubAgentLogicSnapshot {
  return {
    status: 'active',
    output: undefined,
    error: undefined,
    input,
    context: {
      state: 'pending',
      activity: { activityType: 'idle' },
      requests: [],
      ...(runId === undefined ? {} : { runId }),
    },
  };
}

export function nextSnapshot(snapshot: SubAgentLogicSnapshot, event: RunEvent): SubAgentLogicSnapshot {
  const { input } = snapshot;
  switch (event.type) {
    case 'troupe.changed':
      return { ...snapshot, context: event.context };
    case 'troupe.ended':
      return { status: 'done', output: event.outcome, error: undefined, input, context: event.context };
    case 'troupe.failed':
      return { status: 'error', output: undefined, error: event.error, input, context: snapshot.context };
  }
}

/** Where a subagent stands. @param actor Of one that lives. */
export function contextOf(info: SubAgentInfo, runId: string | undefined, actor?: SubagentActor): SubAgentLogicContext {
  return {
    state: info.state,
    activity: info.currentActivity ?? { activityType: 'idle' },
    requests: actor ? openRequests(actor) : [],
    info,
    ...(runId === undefined ? {} : { runId }),
  };
}

/** What was answered before there was a subagent to take it is open no more: it is handed on as soon as there is. */
export function withoutAnswered(context: SubAgentLogicContext, event: SubAgentLogicEvent): SubAgentLogicContext {
  if (event.type !== 'APPROVE' && event.type !== 'DENY') return context;
  return { ...context, requests: context.requests.filter(({ requestId }) => requestId !== event.requestId) };
}

function openRequests(actor: SubagentActor): OpenRequest[] {
  return actor.getSnapshot().context.calls.flatMap((call) => {
    if (call.status !== 'asking') return [];
    const { callId: toolId, name: toolName, args, reason } = call;
    return [{ requestId: requestIdOf(call), toolId, toolName, args, reason: reason ?? '' }];
  });
}

/** JSON knows no errors, so one is kept as its code and message. */
export function persistedSnapshot(snapshot: SubAgentLogicSnapshot): Snapshot<unknown> {
  return snapshot.status === 'error' ? { ...snapshot, error: toErrorInfo(snapshot.error) } : snapshot;
}

/** @param runIdOf What keeps the work of one that was active, by the name it had; undefined where it begins anew. */
export function restoredSnapshot(
  saved: Snapshot<unknown>,
  runIdOf: (former: string | undefined) => string | undefined,
): SubAgentLogicSnapshot {
  const snapshot = saved as SubAgentLogicSnapshot; // XState hands back what was persisted
  if (snapshot.status === 'error') return { ...snapshot, error: asError(snapshot.error) };
  if (snapshot.status !== 'active') return snapshot;
  // One that another logic has left under this name in the machine has no context: only its input is of use.
  const former = (snapshot.context as SubAgentLogicContext | undefined)?.runId;
  const runId = runIdOf(former);
  return runId === undefined || runId !== former ? initialSnapshot(snapshot.input, runId) : snapshot;
}

function asError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || error instanceof Error) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return isErrorCode(code) ? new TroupeError(code, String(message)) : error;
}
