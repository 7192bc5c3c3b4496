/** The activity `decide`: whether a call may run, by the rules; the one gate before every call. */

import type { CallInput } from '../../machines/index.js';
import type { Decision } from '../domain/permission.js';
import type { LiveSubagent } from './live-subagent.js';

export async function decide(subagent: LiveSubagent, { call, interrupted }: CallInput): Promise<Decision> {
  await null; // nothing of a tool runs inside a transition
  const open = subagent.openCalls.get(call.callId);
  if (!open) return { kind: 'deny', reason: subagent.whyLost(call.callId) };
  const decision = await subagent.plan.permissions.decide({ ...open, interrupted });
  // A reason may name a path or a command, and the chart keeps it.
  return 'reason' in decision ? { ...decision, reason: subagent.environment.redact(decision.reason) } : decision;
}
