/** The life of a subagent: what it does (activity) beside whether it may (control). */

import { and, not, or, setup } from 'xstate';
import * as actions from './subagent-actions.js';
import { answersLastCall, askedCall, hasCallIn, isHeld, isMessage, startableCalls } from './subagent-calls.js';
import type { RequestLlmOutput } from './subagent-setup.js';
import { subagentActors, subagentTypes } from './subagent-setup.js';
import type { RequestLlmInput, SubagentContext, SubagentInput, SubagentOutput } from './subagent-types.js';
import type { TimerInput } from './timer.js';

function initialContext({ input }: { input: SubagentInput }): SubagentContext {
  return {
    id: input.id,
    maxSteps: input.maxSteps,
    maxParallelTools: input.maxParallelTools,
    approvalMs: input.approvalMs,
    turn: 0,
    attempt: 1,
    retryInMs: 0,
    remainingMs: input.timeoutMs,
    pausedBy: null,
    isQueued: false,
    calls: [],
    steering: [],
    text: '',
    truncated: false,
    answered: false,
    malformedCount: 0,
    failure: null,
    by: null,
    cancelReason: null,
    sparesChildren: false,
  };
}

function requestInput({ context }: { context: SubagentContext }): RequestLlmInput {
  return { id: context.id, turn: context.turn + 1, attempt: context.attempt };
}

function deadlineInput({ context }: { context: SubagentContext }): TimerInput {
  return { ms: context.remainingMs, event: { type: 'DEADLINE' } };
}

function retryInput({ context }: { context: SubagentContext }): TimerInput {
  return { ms: context.retryInMs, event: { type: 'RETRY_DUE' } };
}

function toOutput({ context }: { context: SubagentContext }): SubagentOutput {
  const state = context.failure ? 'failed' : context.by ? 'cancelled' : 'completed';
  const cancelled =
    state === 'cancelled'
      ? { code: 'cancelled' as const, message: context.cancelReason ?? `cancelled by ${context.by}` }
      : null;
  return {
    id: context.id,
    state,
    by: context.by,
    text: context.text,
    truncated: context.truncated,
    error: context.failure ?? cancelled,
    turns: context.turn,
    sparesChildren: context.sparesChildren,
  };
}

/**
 * Event handlers of `active` only change context and stand once; the `always` lines of the activity region choose what
 * comes next, so that "nothing starts while held" is one family of guards. `idle` knows every way; `bringsReady` and
 * `mayAskAgain` are short ways round it for the common turn, since each step costs. Implementations come by `provide()`.
 */
export const subagentMachine = setup({
  types: subagentTypes,
  actors: subagentActors,
  actions,
  guards: {
    /** Provided: there is a slot for it. */
    mayStart: () => true,
    /** Provided: it has none. */
    lacksSlot: () => true,
    isHeld: ({ context }) => isHeld(context),
    isQueued: ({ context }) => context.isQueued,
    hasFailed: ({ context }) => context.failure !== null,
    hasUndecided: ({ context }) => hasCallIn(context, 'undecided'),
    hasStartable: ({ context }) => startableCalls(context).length > 0,
    /** Open calls, and nothing to be done about them but to wait for a person. */
    isAsking: ({ context }) =>
      context.calls.length > 0 && !hasCallIn(context, 'undecided') && !hasCallIn(context, 'deciding'),
    hasNoCalls: ({ context }) => context.calls.length === 0,
    nothingRuns: ({ context }) => !hasCallIn(context, 'running'),
    /** This answers the last call of a turn, and `idle` would only lead to the next request. */
    mayAskAgain: ({ context, event }) =>
      answersLastCall(context, event) &&
      !isHeld(context) &&
      context.failure === null &&
      context.turn < context.maxSteps &&
      context.steering.length === 0 &&
      !context.answered,
    isAnswered: ({ context }) => context.answered && context.calls.length === 0 && context.steering.length === 0,
    /** There is a message, and a request to come that could take it along. */
    hasTurnsLeft: ({ context, event }) =>
      event.type === 'STEER' && isMessage(event.message) && context.turn < context.maxSteps,
    isLastRequest: ({ context }) => context.turn + 1 >= context.maxSteps,
    isOutOfTurns: ({ context }) => context.calls.length === 0 && context.turn >= context.maxSteps,
    mayDecide: ({ context }) => !isHeld(context) && hasCallIn(context, 'undecided'),
    mayGoOn: and([not('isHeld'), or(['hasUndecided', 'hasStartable', 'hasNoCalls'])]),
    // The invoke's done event is no member of the machine's event union; its output is the actor's.
    isRetry: ({ event }) => (event as unknown as { output: RequestLlmOutput }).output.kind === 'retry_later',
    bringsReady: ({ event }) => {
      const { output } = event as unknown as { output: RequestLlmOutput }; // as above
      return output.kind === 'turn' && output.calls.some(({ isAllowed }) => isAllowed);
    },
    isAsked: ({ context, event }) => 'requestId' in event && askedCall(context, event.requestId) !== undefined,
    mayResume: ({ context, event }) =>
      event.type === 'RESUME' && (event.by !== 'parent' || context.pausedBy === 'parent'),
    mayResumeInQueue: and(['mayResume', 'isQueued']),
    /** The user pauses what its parent had paused: from now on it is the user's pause. */
    takesOverPause: ({ context, event }) =>
      event.type === 'PAUSE' && event.by !== 'parent' && context.pausedBy === 'parent',
  },
}).createMachine({
  id: 'subagent',
  context: initialContext,
  output: toOutput,
  initial: 'pending',
  on: {
    CANCEL: { target: '.cancelled', actions: ['recordCancel', 'acceptSignal'] },
    PAUSE: { actions: 'refuseSignal' },
    RESUME: { actions: 'refuseSignal' },
    APPROVE: { actions: 'refuseSignal' },
    DENY: { actions: 'refuseSignal' },
    STEER: [{ guard: 'hasTurnsLeft', actions: ['queueSteering', 'acceptSignal'] }, { actions: 'refuseSignal' }],
  },
  states: {
    pending: {
      initial: 'ready',
      states: {
        ready: {
          tags: 'pending',
          on: {
            START: { guard: 'mayStart', target: '#subagent.active' },
            QUEUE: { target: 'queued' },
            PAUSE: { target: 'held', actions: ['rememberPauser', 'acceptSignal'] },
          },
        },
        queued: {
          tags: 'pending',
          on: {
            START: { guard: 'mayStart', target: '#subagent.active' },
            PAUSE: { target: 'held', actions: ['rememberPauser', 'acceptSignal'] },
          },
        },
        held: {
          tags: 'paused',
          on: {
            START: { guard: 'mayStart', target: '#subagent.active.control.paused' },
            RESUME: { guard: 'mayResume', target: 'ready', actions: ['forgetPauser', 'acceptSignal'] },
            PAUSE: { guard: 'takesOverPause', actions: ['rememberPauser', 'acceptSignal'] },
          },
        },
      },
    },
    active: {
      type: 'parallel',
      on: {
        APPROVE: { guard: 'isAsked', actions: ['answerRequest', 'acceptSignal'] },
        DENY: { guard: 'isAsked', actions: ['answerRequest', 'acceptSignal'] },
        APPROVAL_EXPIRED: { guard: 'isAsked', actions: 'answerRequest' },
        'xstate.done.actor.decide.*': { actions: 'applyDecision' },
        'xstate.error.actor.decide.*': { actions: 'applyDecision' },
        'xstate.done.actor.tool.*': { actions: 'settleCall' },
        'xstate.error.actor.tool.*': { actions: 'settleCall' },
      },
      states: {
        control: {
          initial: 'running',
          states: {
            running: {
              tags: 'running',
              invoke: { id: 'deadline', src: 'deadline', input: deadlineInput },
              on: {
                PAUSE: { target: 'paused', actions: ['keepRemaining', 'rememberPauser', 'acceptSignal'] },
                RESTORED: { guard: 'lacksSlot', target: 'queued', actions: ['keepRemaining', 'joinQueue'] },
                DEADLINE: { target: '#subagent.failed', actions: 'recordTimeout' },
              },
            },
            queued: {
              tags: 'running',
              on: {
                START: { guard: 'mayStart', target: 'running', actions: 'leaveQueue' },
                PAUSE: { target: 'paused', actions: ['rememberPauser', 'acceptSignal'] },
              },
            },
            paused: {
              tags: 'paused',
              on: {
                START: { guard: 'mayStart', actions: 'leaveQueue' },
                RESTORED: { guard: 'lacksSlot', actions: 'joinQueue' },
                RESUME: [
                  { guard: 'mayResumeInQueue', target: 'queued', actions: ['forgetPauser', 'acceptSignal'] },
                  { guard: 'mayResume', target: 'running', actions: ['forgetPauser', 'acceptSignal'] },
                ],
                PAUSE: { guard: 'takesOverPause', actions: ['rememberPauser', 'acceptSignal'] },
              },
            },
          },
        },
        activity: {
          initial: 'idle',
          states: {
            idle: {
              always: [
                { guard: 'hasFailed', target: '#subagent.failed' },
                { guard: 'isHeld', target: 'waiting_for_control' },
                { guard: 'hasUndecided', actions: 'startDecisions' },
                { guard: 'hasStartable', target: 'calling_tool' },
                { guard: 'isAsking', target: 'waiting_for_control' },
                { guard: 'isAnswered', target: '#subagent.completed' },
                { guard: 'isOutOfTurns', target: '#subagent.failed', actions: 'recordStepLimit' },
                { guard: 'hasNoCalls', target: 'requesting_llm', actions: 'takeSteering' },
              ],
            },
            requesting_llm: {
              on: { STEER: { guard: 'isLastRequest', actions: 'refuseSignal' } },
              invoke: {
                id: 'llm',
                src: 'requestLlm',
                input: requestInput,
                onDone: [
                  { guard: 'isRetry', target: 'backing_off', actions: 'keepRetry' },
                  { guard: 'bringsReady', target: 'calling_tool', actions: 'acceptTurn' },
                  { target: 'idle', actions: 'acceptTurn' },
                ],
                onError: { target: '#subagent.failed', actions: 'recordError' },
              },
            },
            /** The same request is made again, and takes no message along that it did not have before. */
            backing_off: {
              on: {
                RETRY_DUE: { target: 'idle' },
                STEER: { guard: 'isLastRequest', actions: 'refuseSignal' },
              },
              invoke: { id: 'retry', src: 'retryTimer', input: retryInput },
            },
            calling_tool: {
              entry: 'startCalls',
              on: {
                // The short way; everything else about a call that ended stands on `active`, and `idle` decides.
                'xstate.done.actor.tool.*': { guard: 'mayAskAgain', target: 'requesting_llm', actions: 'settleCall' },
              },
              always: [
                { guard: 'hasFailed', target: '#subagent.failed' },
                { guard: 'mayDecide', actions: 'startDecisions' },
                { guard: 'hasStartable', actions: 'startCalls' },
                { guard: 'nothingRuns', target: 'idle' },
              ],
            },
            waiting_for_control: {
              always: [
                { guard: 'hasFailed', target: '#subagent.failed' },
                { guard: 'mayGoOn', target: 'idle' },
              ],
            },
          },
        },
      },
    },
    completed: { type: 'final', tags: 'completed' },
    failed: { type: 'final', tags: 'failed' },
    cancelled: { type: 'final', tags: 'cancelled' },
  },
});
