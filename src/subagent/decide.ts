/** The activity `decide`: whether a call may run, by the rules; the one gate before every call. */

import type { CallInput, Decided } from '../../machines/index.js';
import { settleInterrupted } from '../activities/tools/index.js';
import type { JsonValue } from '../domain/json.js';
import type { ToolRecovery } from '../domain/tool.js';
import { contextOf } from './call-tool.js';
import { endCall } from './end-call.js';
import type { LiveSubagent } from './live-subagent.js';
import type { OpenCall } from './open-call.js';

export async function decide(
  subagent: LiveSubagent,
  { call, interrupted }: CallInput,
  signal: AbortSignal,
): Promise<Decided> {
  await null; // nothing of a tool runs inside a transition
  const { callId: toolId, name: toolName } = call;
  const { redact } = subagent.environment;
  const open = subagent.openCalls.get(toolId);
  if (!open) return { kind: 'deny', reason: subagent.whyLost(toolId) };
  const found = interrupted ? await settle(subagent, { toolId, toolName }, open, signal) : 'not_begun';
  if (typeof found === 'object') {
    subagent.recordFilesSeen();
    endCall(subagent, { toolId, toolName }, { output: found.output, isError: found.isError, durationMs: 0 });
    return { kind: 'done' };
  }
  const decision = await subagent.plan.permissions.decide({ ...open, interrupted: found === 'unknown' });
  // A reason may name a path or a command, and the chart keeps it.
  return 'reason' in decision ? { ...decision, reason: redact(decision.reason) } : decision;
}

/** What the tool itself finds out about a call that a crash cut off. */
function settle(
  subagent: LiveSubagent,
  id: { readonly toolId: string; readonly toolName: string },
  { tool, input }: OpenCall,
  signal: AbortSignal,
): Promise<ToolRecovery> {
  const note = subagent.restored?.begunCalls.get(id.toolId) as JsonValue | undefined; // a record is JSON
  const silent = { push: () => {}, end: () => {} };
  return settleInterrupted(tool, input, note, contextOf(subagent, id, { signal, output: silent, waits: [] }));
}
