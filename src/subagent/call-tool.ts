/** The activity `callTool`: runs one call and puts its result where the model will see it. */

import type { CallInput, ToolSettled } from '../../machines/index.js';
import { noteCall, runTool } from '../activities/tools/index.js';
import { redactValue } from '../domain/redact-value.js';
import type { ToolContext } from '../domain/tool.js';
import type { LiveSubagent } from './live-subagent.js';
import { type Pieces, redactPieces } from './redact-pieces.js';
import { refuseCall } from './request-llm.js';

const HELD: ToolSettled = { kind: 'held' };
const isPaused = ({ state }: LiveSubagent) => state === 'paused';

/** Settles for every failure of the tool; rejects only when the signal aborts, and then tells nothing more. */
export async function callTool(subagent: LiveSubagent, { call }: CallInput, signal: AbortSignal): Promise<ToolSettled> {
  const { clock, redact } = subagent.environment;
  const { callId: toolId, name: toolName } = call;
  subagent.reportChanges();
  await null; // nothing of a tool runs inside a transition
  signal.throwIfAborted();
  if (isPaused(subagent)) return HELD; // since the chart let it go: it has not begun

  const open = subagent.openCalls.get(toolId);
  if (!open) {
    refuseCall(subagent, toolId, toolName, subagent.whyLost(toolId));
    return { kind: 'settled' };
  }
  const output = redactPieces(redact, (text) => subagent.publish({ type: 'tool_output_delta', toolId, text }));
  const context = contextOf(subagent, { toolId, toolName }, signal, output);
  if (subagent.log) {
    const note = await noteCall(open.tool, open.input, context);
    await subagent.log.write({ type: 'calling', callId: toolId, ...(note === undefined ? {} : { note }) }, signal);
    if (isPaused(subagent)) return HELD; // while it was written
  }
  subagent.publish({ type: 'tool_start', toolName, toolId, args: call.args });
  const startedAt = clock.now();
  const reply = await runTool(open.tool, open.input, context);
  signal.throwIfAborted();
  output.end();
  const toolOutput = redact(reply.output);
  subagent.recordFilesSeen();
  subagent.settleCall(toolId, toolOutput, reply.isError);
  subagent.publish({
    type: 'tool_end',
    toolName,
    toolId,
    toolOutput,
    ...(reply.exitCode === undefined ? {} : { exitCode: reply.exitCode }),
    durationMs: clock.now() - startedAt,
    isError: reply.isError,
  });
  return { kind: 'settled' };
}

/** What a tool may know and do while it works on one call. */
export function contextOf(
  subagent: LiveSubagent,
  { toolId, toolName }: { readonly toolId: string; readonly toolName: string },
  signal: AbortSignal,
  output: Pieces,
): ToolContext {
  const { environment, plan } = subagent;
  return {
    subagentId: subagent.id,
    toolId,
    signal,
    workspace: plan.workspace,
    clock: environment.clock,
    filesSeen: subagent.filesSeen,
    mayWriteProtected: (place) => plan.permissions.opens(toolName, place),
    emit: (text) => {
      if (!signal.aborted) output.push(text);
    },
    progress: (progress) => {
      if (!signal.aborted)
        subagent.publish({ ...redactValue(progress, environment.redact), type: 'subagent_progress' });
    },
    awaitChildren: (work) => environment.awaitChildren(subagent.id, toolId, work),
    setTasks: (tasks) => {
      if (!signal.aborted) subagent.setTasks(tasks);
    },
  };
}
