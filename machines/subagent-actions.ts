/** What the chart's actions do to context, and what they tell. Pure but for the actors they spawn by name. */

import { assertEvent, type DoneActorEvent, type ErrorActorEvent } from 'xstate';
import { messageOf, toErrorInfo } from '../src/domain/errors.js';
import { MAX_MALFORMED_CALLS } from '../src/domain/limits.js';
import type { Interrupted } from './interruptible.js';
import {
  askedCall,
  callsIn,
  isMessage,
  plainCall,
  requestIdOf,
  startableCalls,
  withCall,
  withoutCall,
} from './subagent-calls.js';
import { type RequestLlmOutput, subagentSetup } from './subagent-setup.js';
import type {
  Call,
  CallInput,
  ControlEvent,
  Decided,
  PlannedCall,
  SubagentContext,
  ToolSettled,
} from './subagent-types.js';
import { timeLeft } from './timer.js';

const { assign, enqueueActions } = subagentSetup;

// Key by key, here and below: new keys behind a spread make an object a hundred times as costly.
const opened = ({ callId, name, args, alone, isAllowed = false }: PlannedCall): Call => ({
  callId,
  name,
  args,
  alone,
  isAllowed,
  status: isAllowed ? 'ready' : 'undecided',
  interrupted: false,
  askedCount: 0,
  reason: null,
});

const callInput = ({ id }: SubagentContext, call: Call): CallInput => ({
  id,
  call: plainCall(call),
  interrupted: call.interrupted,
});

// Done and error events of an invoked actor are not in the machine's own event union; xstate guarantees their shape.
const outputOf = <Output>(event: unknown) => (event as DoneActorEvent<Output>).output;
const errorOf = (event: unknown) => (event as ErrorActorEvent).error;

/** Whoever sends events by hand may have no types. */
const textIn = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Everything a person may send is told with whether it applied. The chart refuses by having no other transition for it. */
export const acceptSignal = enqueueActions(({ event, enqueue }) => {
  assertEvent(event, ['PAUSE', 'RESUME', 'CANCEL', 'STEER', 'APPROVE', 'DENY']);
  enqueue.emit({ type: 'signal', signal: event, accepted: true });
});

export const refuseSignal = enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ['PAUSE', 'RESUME', 'CANCEL', 'STEER', 'APPROVE', 'DENY']);
  enqueue.emit({ type: 'signal', signal: event, accepted: false, reason: refusal(context, event) });
});

function refusal(context: SubagentContext, signal: ControlEvent): string {
  switch (signal.type) {
    case 'PAUSE':
      return 'already_paused';
    case 'RESUME':
      return context.pausedBy === null ? 'not_paused' : 'paused_by_user';
    case 'APPROVE':
    case 'DENY':
      return 'unknown_request';
    case 'STEER':
      return isMessage(signal.message) ? 'no_turn_left' : 'no_message';
    case 'CANCEL':
      return 'already_ended';
  }
}

export const acceptTurn = enqueueActions(({ context, event, enqueue }) => {
  const result = outputOf<RequestLlmOutput | Interrupted>(event);
  if (result.kind !== 'turn') {
    enqueue.assign({ attempt: context.attempt + 1 }); // cut off by a crash: the same request again
    return;
  }
  const turn = context.turn + 1;
  const malformedCount = result.malformedCount + (result.malformedReset ? 0 : context.malformedCount);
  enqueue.assign({
    turn,
    attempt: 1,
    text: result.answered || result.text !== '' ? result.text : context.text,
    truncated: result.truncated,
    answered: result.answered,
    malformedCount,
    calls: result.calls.map(opened),
    failure:
      malformedCount >= MAX_MALFORMED_CALLS
        ? { code: 'bad_response' as const, message: `the model made ${malformedCount} malformed tool calls in a row` }
        : null,
  });
  if (result.calls.length === 0) enqueue.emit({ type: 'turn_ended', turn });
});

export const keepRetry = assign(({ context, event }) => {
  const result = outputOf<RequestLlmOutput>(event);
  if (result.kind !== 'retry_later') return {};
  return { retryInMs: result.delayMs, attempt: context.attempt + (result.countsAsAttempt ? 1 : 0) };
});

type Enqueue = Parameters<Parameters<typeof enqueueActions>[0]>[0]['enqueue'];

/** The call was answered. With the last of them the turn is over. */
function dropCall(enqueue: Enqueue, context: SubagentContext, { callId }: Call): void {
  const calls = withoutCall(context.calls, callId);
  enqueue.assign({ calls });
  if (calls.length === 0) enqueue.emit({ type: 'turn_ended', turn: context.turn });
}

// One assign that also spawns: each action of its own costs a copy of the snapshot.
export const startDecisions = assign(({ context, spawn }) => ({
  calls: context.calls.map((call): Call => {
    if (call.status !== 'undecided') return call;
    spawn('decide', { id: `decide.${call.callId}`, input: callInput(context, call) });
    return { ...call, status: 'deciding' };
  }),
}));

export const applyDecision = enqueueActions(({ context, event, enqueue }) => {
  const { actorId } = event as DoneActorEvent & ErrorActorEvent; // stands on done and error of decide.* only
  enqueue.stopChild(actorId); // a spawned child that ended stays in snapshot.children until it is stopped
  const call = callsIn(context, 'deciding').find(({ callId }) => actorId === `decide.${callId}`);
  if (!call) return;
  const decision: Decided = outputOf<Decided | undefined>(event) ?? {
    kind: 'deny',
    reason: `not run: whether it may run could not be decided (${messageOf(errorOf(event))})`,
  };
  switch (decision.kind) {
    case 'allow':
      enqueue.assign({ calls: withCall(context.calls, call.callId, { status: 'ready' }) });
      return;
    case 'done':
      dropCall(enqueue, context, call);
      return;
    case 'deny':
      enqueue.emit({ type: 'call_refused', call: plainCall(call), text: decision.reason });
      dropCall(enqueue, context, call);
      return;
    case 'fail':
      enqueue.assign({ failure: { code: 'tool_failed', message: decision.reason } });
      dropCall(enqueue, context, call);
      return;
    case 'ask': {
      const asking: Call = { ...call, status: 'asking', askedCount: call.askedCount + 1, reason: decision.reason };
      const requestId = requestIdOf(asking);
      enqueue.assign({ calls: withCall(context.calls, call.callId, asking) });
      if (context.approvalMs !== null) {
        enqueue.spawnChild('approvalTimer', {
          id: `ask.${requestId}`,
          input: { ms: context.approvalMs, event: { type: 'APPROVAL_EXPIRED', requestId } as const },
        });
      }
      const rule = decision.rule === undefined ? {} : { rule: decision.rule };
      enqueue.emit({
        type: 'permission_request',
        requestId,
        call: plainCall(call),
        reason: decision.reason,
        ...rule,
      });
    }
  }
});

export const answerRequest = enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ['APPROVE', 'DENY', 'APPROVAL_EXPIRED']);
  const call = askedCall(context, event.requestId);
  if (!call) return;
  if (context.approvalMs !== null) enqueue.stopChild(`ask.${event.requestId}`);
  const allowed = event.type === 'APPROVE';
  const by = event.type === 'APPROVAL_EXPIRED' ? ('timeout' as const) : (event.by ?? 'user');
  enqueue.emit({
    type: 'permission_resolved',
    requestId: event.requestId,
    decision: allowed ? 'allow' : 'deny',
    by,
  });
  if (allowed) {
    enqueue.assign({ calls: withCall(context.calls, call.callId, { status: 'ready', reason: null }) });
    return;
  }
  const why =
    event.type === 'DENY' ? (textIn(event.reason) ?? 'the request was denied') : 'nobody answered the request in time';
  enqueue.emit({ type: 'call_refused', call: plainCall(call), text: `not run: ${why}` });
  dropCall(enqueue, context, call);
});

export const startCalls = assign(({ context, spawn }) => {
  const starting = startableCalls(context);
  return {
    calls: context.calls.map((call): Call => {
      if (!starting.includes(call)) return call;
      spawn('callTool', { id: `tool.${call.callId}`, input: callInput(context, call) });
      return { ...call, status: 'running' };
    }),
  };
});

export const settleCall = enqueueActions(({ context, event, enqueue }) => {
  const { actorId } = event as DoneActorEvent & ErrorActorEvent; // stands on done and error of tool.* only
  enqueue.stopChild(actorId);
  const call = callsIn(context, 'running').find(({ callId }) => actorId === `tool.${callId}`);
  if (!call) return;
  const output = outputOf<ToolSettled | Interrupted | undefined>(event);
  if (output?.kind === 'interrupted') {
    enqueue.assign({ calls: withCall(context.calls, call.callId, { status: 'undecided', interrupted: true }) });
    return;
  }
  if (output?.kind === 'held') {
    enqueue.assign({ calls: withCall(context.calls, call.callId, { status: 'ready' }) });
    return;
  }
  if (!output) {
    enqueue.emit({ type: 'call_refused', call: plainCall(call), text: `failed: ${messageOf(errorOf(event))}` });
  }
  dropCall(enqueue, context, call);
});

export const queueSteering = assign(({ context, event }) => {
  assertEvent(event, 'STEER');
  return { steering: [...context.steering, event.message] };
});

export const takeSteering = enqueueActions(({ context, enqueue }) => {
  if (context.attempt > 1) return; // the same request again takes nothing new along
  if (context.steering.length > 0) enqueue.emit({ type: 'steering_taken', messages: context.steering });
  if (context.steering.length > 0 || context.answered) enqueue.assign({ steering: [], answered: false });
});

export const rememberPauser = assign(({ event }) => {
  assertEvent(event, 'PAUSE');
  return { pausedBy: event.by ?? ('user' as const) };
});

export const forgetPauser = assign({ pausedBy: null });

export const joinQueue = assign({ isQueued: true });

export const leaveQueue = assign({ isQueued: false });

/** Inside an action `self.getSnapshot()` is the snapshot before the transition, its children included (xstate v5). */
export const keepRemaining = assign(({ context, self }) => ({
  remainingMs: timeLeft(self.getSnapshot().children?.deadline) ?? context.remainingMs,
}));

export const recordCancel = assign(({ event }) => {
  assertEvent(event, 'CANCEL');
  return {
    by: event.by ?? ('user' as const),
    cancelReason: textIn(event.reason) ?? null,
    sparesChildren: event.sparesChildren ?? false,
  };
});

export const recordTimeout = assign({
  by: 'timeout',
  failure: { code: 'timeout', message: 'the time allowed for it (timeoutMs) is over' },
});

export const recordStepLimit = assign(({ context }) => ({
  failure: {
    code: 'max_steps' as const,
    message: `maxSteps ${context.maxSteps} reached with tools still wanted; raise it`,
  },
}));

export const recordError = assign(({ context, event }) => {
  const error = errorOf(event);
  const { code, message } = toErrorInfo(error);
  // A model that refused or was cut has said something before: the last text is kept.
  const said = error instanceof Error && 'text' in error && typeof error.text === 'string' ? error.text : '';
  return {
    failure: { code, message },
    text: said || context.text,
    by: code === 'budget_exceeded' ? ('budget' as const) : null,
  };
});
