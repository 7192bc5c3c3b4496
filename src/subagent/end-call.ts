/** How a call ends: the model is told its result, and readers see its end. */

import type { LiveSubagent } from './live-subagent.js';

interface CallId {
  readonly toolId: string;
  readonly toolName: string;
}

interface CallResult {
  readonly output: string;
  readonly exitCode?: number | undefined;
  readonly durationMs: number;
  readonly isError: boolean;
}

export function endCall(subagent: LiveSubagent, { toolId, toolName }: CallId, result: CallResult): void {
  const { exitCode, durationMs, isError } = result;
  const toolOutput = subagent.environment.redact(result.output);
  subagent.settleCall(toolId, toolOutput, isError);
  subagent.publish({
    type: 'tool_end',
    toolName,
    toolId,
    toolOutput,
    ...(exitCode === undefined ? {} : { exitCode }),
    durationMs,
    isError,
  });
}

/** Answers a call that is not run: the model is told why, and readers see its end without a start. */
export function refuseCall(subagent: LiveSubagent, toolId: string, name: string, problem: string): void {
  const toolName = subagent.environment.redact(name); // the model's own, and need not be that of a tool
  endCall(subagent, { toolId, toolName }, { output: problem, durationMs: 0, isError: true });
}
