/** The activity `callTool`: runs one call and puts its result where the model will see it. */

import type { CallInput, ToolSettled } from '../../machines/index.js';
import { noteCall, runTool } from '../activities/tools/index.js';
import { redactValue } from '../domain/redact-value.js';
import { type Progress, TASK_STATUSES, type Task, type ToolContext } from '../domain/tool.js';
import type { AgentEventBody } from '../events/index.js';
import { endCall, refuseCall } from './end-call.js';
import type { LiveSubagent } from './live-subagent.js';
import { doneEvent } from './log-record.js';
import { type Pieces, redactPieces } from './redact-pieces.js';

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
  const waits: Promise<unknown>[] = [];
  const context = contextOf(subagent, { toolId, toolName }, { signal, output, waits });
  if (subagent.log) {
    const note = await noteCall(open.tool, open.input, context);
    await subagent.log.write({ type: 'calling', callId: toolId, ...(note === undefined ? {} : { note }) }, signal);
    if (isPaused(subagent)) {
      subagent.log.add(doneEvent(`tool.${toolId}`, HELD)); // while it was written: it has not begun after all
      return HELD;
    }
  }
  subagent.publish({ type: 'tool_start', toolName, toolId, args: call.args });
  const startedAt = clock.now();
  const reply = await runTool(open.tool, open.input, context);
  signal.throwIfAborted();
  // A tool may leave its children behind; the slot that it lent to them comes back before the call is over.
  if (waits.length > 0) await Promise.allSettled(waits);
  signal.throwIfAborted();
  output.end();
  subagent.recordFilesSeen();
  const { output: said, exitCode, isError } = reply;
  endCall(subagent, { toolId, toolName }, { output: said, exitCode, isError, durationMs: clock.now() - startedAt });
  return { kind: 'settled' };
}

export interface CallScope {
  readonly signal: AbortSignal;
  readonly output: Pieces;
  /** Gets what the tool waits for in the name of its children. */
  readonly waits: Promise<unknown>[];
}

/** What a tool may know and do while it works on one call. */
export function contextOf(
  subagent: LiveSubagent,
  { toolId, toolName }: { readonly toolId: string; readonly toolName: string },
  { signal, output, waits }: CallScope,
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
      if (!signal.aborted) subagent.publish(redactValue(progressEvent(progress), environment.redact));
    },
    awaitChildren: (work) => {
      const waiting = environment.awaitChildren(subagent.id, toolId, work);
      waits.push(waiting);
      return waiting;
    },
    setTasks: (tasks) => {
      if (!signal.aborted) subagent.setTasks(checkedTasks(tasks));
    },
  };
}

// A tool may be written without types: what it tells is checked here, and what is wrong with it is told to the tool.

function progressEvent({
  step,
  totalSteps,
  message,
}: Progress): Extract<AgentEventBody, { type: 'subagent_progress' }> {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isCount(step) || typeof message !== 'string' || (totalSteps !== undefined && !isCount(totalSteps))) {
    throw new TypeError('progress: expected { step, totalSteps?, message }: counts and a text');
  }
  return { type: 'subagent_progress', step, ...(totalSteps === undefined ? {} : { totalSteps }), message };
}

const STATUSES: readonly unknown[] = TASK_STATUSES;

function checkedTasks(tasks: readonly Task[]): readonly Task[] {
  const isTask = (task: Task | null) => typeof task?.content === 'string' && STATUSES.includes(task.status);
  if (!Array.isArray(tasks) || !tasks.every(isTask)) {
    throw new TypeError('setTasks: expected a list of { content, status }');
  }
  return tasks.map(({ content, status }) => ({ content, status }));
}
