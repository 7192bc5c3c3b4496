/** Ties a subagent's actor to the event stream: what the chart tells becomes events, transcript entries and questions. */

import type { AnyActorRef } from 'xstate';
import {
  type ControlEvent,
  type PlannedCall,
  requestIdOf,
  type SubagentEmitted,
  timeLeft,
} from '../../machines/index.js';
import { answerByConfirm } from '../activities/permissions/index.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import type { Confirm, PermissionRequest } from '../domain/permission.js';
import type { ControlSignal } from '../events/index.js';
import { forgetRequests } from './attempt-request.js';
import { refuseCall } from './end-call.js';
import type { LiveSubagent } from './live-subagent.js';

export interface WireListeners {
  /** A signal that applied, told inside the transition that it made. */
  readonly onSignal: (signal: ControlEvent) => void;
  /** The state may have moved; called after each transition. */
  readonly onChange: () => void;
  readonly onEnd: (outcome: SubAgentOutcome) => void;
}

/** Call before the actor starts. The subscriptions end with the actor. */
export function wire(subagent: LiveSubagent, listeners: WireListeners): void {
  subagent.actor.on('*', (emitted) => tell(subagent, emitted, listeners));
  const finish = (defect?: unknown) => {
    const outcome = subagent.finish(defect);
    forgetRequests(subagent);
    subagent.signals.refuseAll();
    listeners.onEnd(outcome);
  };
  subagent.actor.subscribe({
    next: () => {
      forgetTold(subagent);
      subagent.reportChanges();
      listeners.onChange();
    },
    complete: () => finish(),
    error: finish,
  });
}

function tell(subagent: LiveSubagent, emitted: SubagentEmitted, listeners: WireListeners): void {
  switch (emitted.type) {
    case 'signal':
      tellSignal(subagent, emitted, listeners);
      break;
    case 'turn_ended': {
      const { usage } = subagent;
      subagent.publish({ type: 'turn_end', turn: emitted.turn, totalTokens: usage.totalTokens, usage });
      break;
    }
    case 'steering_taken':
      for (const message of emitted.messages) subagent.takeSteered(message);
      break;
    case 'call_refused':
      refuseCall(subagent, emitted.call.callId, emitted.call.name, emitted.text);
      break;
    case 'permission_request':
      tellRequest(subagent, emitted);
      break;
    case 'permission_resolved': {
      const { requestId, decision, by } = emitted;
      if (by === 'timeout') subagent.log?.add({ type: 'event', event: { type: 'APPROVAL_EXPIRED', requestId } });
      subagent.publish({ type: 'permission_resolved', requestId, decision, by });
    }
  }
}

const SIGNALS: Record<ControlEvent['type'], ControlSignal> = {
  PAUSE: 'pause',
  RESUME: 'resume',
  CANCEL: 'cancel',
  STEER: 'steer',
  APPROVE: 'approve',
  DENY: 'deny',
};

function tellSignal(
  subagent: LiveSubagent,
  { signal, accepted, reason }: Extract<SubagentEmitted, { type: 'signal' }>,
  listeners: WireListeners,
): void {
  const name = SIGNALS[signal.type];
  subagent.publish({ type: 'control_signal_received', signal: name });
  subagent.reportState(); // what it does now is told when it begins: steered messages may come first
  subagent.publish({ type: 'control_signal_applied', signal: name, accepted, ...(reason ? { reason } : {}) });
  subagent.signals.answer(signal, reason === undefined ? { accepted } : { accepted, reason });
  if (!accepted) return;
  const isSuspension = signal.type === 'PAUSE' && signal.by === 'shutdown'; // in its next life it runs
  if (signal.type === 'PAUSE' && !isSuspension) subagent.pauseCount += 1;
  const overrules = signal.type === 'RESUME' && signal.by !== 'parent' ? { pausesAbove: subagent.pausesAbove() } : {};
  if (!isSuspension) subagent.log?.add({ type: 'event', event: { ...signal }, ...aheadOf(subagent), ...overrules });
  listeners.onSignal(signal);
}

/** What is on record already, and comes to the chart only now. */
function aheadOf({ untold }: LiveSubagent): { ahead?: readonly string[] } {
  return untold.size > 0 ? { ahead: [...untold] } : {};
}

/** After each transition: not before a signal is told, since a cancel stops all. */
function forgetTold({ untold, actor }: LiveSubagent): void {
  if (untold.size === 0) return;
  const { children } = actor.getSnapshot() as { children: Record<string, AnyActorRef | undefined> };
  for (const id of untold) if (children[id]?.getSnapshot().status !== 'active') untold.delete(id);
}

/** Requests that were open when a former life ended: asked again under their ids, with what is left of their time. */
export function tellOpenRequests(subagent: LiveSubagent): void {
  const { context, children } = subagent.actor.getSnapshot();
  for (const call of context.calls.filter(({ status }) => status === 'asking')) {
    const requestId = requestIdOf(call);
    const request = { type: 'permission_request', requestId, call, reason: call.reason ?? '' } as const;
    tellRequest(subagent, request, timeLeft(children[`ask.${requestId}`]) ?? undefined);
  }
}

function tellRequest(
  subagent: LiveSubagent,
  { requestId, call, reason, rule }: Extract<SubagentEmitted, { type: 'permission_request' }>,
  msLeft = subagent.environment.approvalMs ?? undefined,
): void {
  const { environment, plan } = subagent;
  const { clock, confirm } = environment;
  const request: PermissionRequest = {
    requestId,
    subagentId: subagent.id,
    agentType: plan.config.agentType,
    toolId: call.callId,
    toolName: call.name,
    args: call.args,
    reason,
    ...(rule === undefined ? {} : { rule }),
    ...(msLeft === undefined ? {} : { expiresAt: clock.now() + msLeft }),
  };
  const { toolId, toolName, args, expiresAt } = request;
  subagent.publish({
    type: 'permission_request',
    requestId,
    toolId,
    toolName,
    args,
    ...(rule === undefined ? {} : { rule }),
    preview: reason,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  if (confirm) void askConfirm(subagent, confirm, request, call);
}

/** Never rejects: a `confirm` that throws counts as a no. */
async function askConfirm(
  subagent: LiveSubagent,
  confirm: Confirm,
  request: PermissionRequest,
  call: PlannedCall,
): Promise<void> {
  await null; // nothing of the caller's runs inside a transition
  const answer = await answerByConfirm(confirm, request, (error) => subagent.environment.onError(error));
  const { requestId } = request;
  if (answer === 'deny') {
    await subagent.signal({ type: 'DENY', requestId, by: 'confirm' });
    return;
  }
  if (answer === 'always') {
    const open = subagent.openCalls.get(call.callId);
    if (open) subagent.plan.permissions.allowAlways(open);
  }
  await subagent.signal({ type: 'APPROVE', requestId, by: 'confirm' });
}
