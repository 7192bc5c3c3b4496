/** What users read off a subagent's snapshot. Derived each time: there is no second state variable. */

import type { SnapshotFrom } from 'xstate';
import type { Activity } from '../src/domain/activity.js';
import type { LifecycleState, Pauser } from '../src/domain/lifecycle.js';
import type { subagentMachine } from './subagent.js';
import { callsIn, isHeld, requestIdOf } from './subagent-calls.js';

export type SubagentSnapshot = SnapshotFrom<typeof subagentMachine>;

export function stateOf(snapshot: SubagentSnapshot): LifecycleState {
  const [tag] = snapshot.tags;
  return tag as LifecycleState; // each state of the chart has exactly one tag, and a lifecycle word it is
}

type ActivityNode = 'idle' | 'requesting_llm' | 'backing_off' | 'calling_tool' | 'waiting_for_control';

function activityNode({ value }: SubagentSnapshot): ActivityNode | undefined {
  return typeof value === 'object' && 'active' in value ? value.active.activity : undefined;
}

/** @param messageCount Messages of the request that is in flight; the transcript lies beside the machine. */
export function activityOf(snapshot: SubagentSnapshot, messageCount: number): Activity {
  const state = stateOf(snapshot);
  const node = activityNode(snapshot);
  switch (node) {
    case 'requesting_llm':
      return { activityType: 'requesting_llm', messageCount };
    case 'backing_off':
      return state === 'paused' || isQueued(snapshot)
        ? waiting(snapshot)
        : { activityType: 'requesting_llm', messageCount };
    case 'calling_tool': {
      const calls = callsIn(snapshot.context, 'running').map(({ callId, name, args }) => ({
        toolId: callId,
        toolName: name,
        args,
      }));
      const [oldest] = calls;
      if (!oldest) return { activityType: 'idle' };
      return { activityType: 'calling_tool', toolName: oldest.toolName, args: oldest.args, calls };
    }
    case 'waiting_for_control':
      return waiting(snapshot);
    case 'idle':
      return { activityType: 'idle' };
    case undefined:
      return state === 'paused' || isQueued(snapshot) ? waiting(snapshot) : { activityType: 'idle' };
  }
}

const PAUSERS: Record<Pauser, string> = { user: 'the user', parent: 'its parent', shutdown: 'the end of the session' };

function waiting(snapshot: SubagentSnapshot): Activity {
  const { context } = snapshot;
  const asking = callsIn(context, 'asking');
  const reasons = [
    ...(context.pausedBy ? [`paused by ${PAUSERS[context.pausedBy]}`] : []),
    ...(activityNode(snapshot) === 'backing_off' ? ['a request waits to be tried again'] : []),
    ...asking.map((call) => `approval of ${call.name} (${requestIdOf(call)}): ${call.reason ?? ''}`),
    ...(isQueued(snapshot) ? ['queued for a slot'] : []),
  ];
  if (reasons.length === 0) return { activityType: 'idle' }; // between two activities: its calls are being decided
  const reason = reasons.join('; ');
  if (asking.length === 0) return { activityType: 'waiting_for_control', reason };
  return { activityType: 'waiting_for_control', reason, requests: asking.map(requestIdOf) };
}

export function isQueued(snapshot: SubagentSnapshot): boolean {
  return snapshot.context.isQueued || snapshot.matches({ pending: 'queued' });
}

/**
 * Nothing of its own is in flight, and nothing of it will be before somebody resumes it, answers it, or what its calls wait for is
 * over: paused and come to rest, held while pending, waiting for its slot after a restore, for approvals only, or for children.
 * @param exempt Calls that only wait for others.
 */
export function isWaiting(snapshot: SubagentSnapshot, exempt: ReadonlySet<string>): boolean {
  const mayNotGoOn = isHeld(snapshot.context);
  switch (activityNode(snapshot)) {
    case 'waiting_for_control':
    case 'calling_tool':
      return snapshot.context.calls.every(({ status, callId }) => {
        if (status === 'deciding' || (status === 'undecided' && !mayNotGoOn)) return false;
        return status !== 'running' || exempt.has(callId);
      });
    case 'backing_off':
    case undefined:
      return mayNotGoOn;
    default:
      return false;
  }
}

/** Paused, and nothing of its own is in flight. @param exempt Calls that only wait for others. */
export function isAtRest(snapshot: SubagentSnapshot, exempt: ReadonlySet<string>): boolean {
  if (stateOf(snapshot) !== 'paused' || activityNode(snapshot) === 'requesting_llm') return false;
  return callsIn(snapshot.context, 'running').every(({ callId }) => exempt.has(callId));
}
