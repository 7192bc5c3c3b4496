/** The activity `requestLlm`: one attempt at one model request, and what its answer means for the chart. */

import type { ModelTurnResult, PlannedCall, RequestLlmInput, RequestLlmOutput } from '../../machines/index.js';
import type { ModelTurn } from '../activities/llm/index.js';
import { parseArguments, validateInput } from '../activities/tools/index.js';
import { MAX_CALLS_PER_TURN } from '../domain/limits.js';
import type { ModelToolCall } from '../domain/message.js';
import type { ModelRequest } from '../domain/model.js';
import { redactValue } from '../domain/redact-value.js';
import { attemptRequest, requestKey } from './attempt-request.js';
import type { LiveSubagent } from './live-subagent.js';
import { redactPieces } from './redact-pieces.js';

/**
 * @returns the turn, or when to try again. Retries are decided here and waited for by the chart, so that none starts while
 * the subagent is paused. Rejects with a `TroupeError` when the run cannot go on.
 */
export async function requestLlm(
  subagent: LiveSubagent,
  { turn, attempt }: RequestLlmInput,
  signal: AbortSignal,
): Promise<RequestLlmOutput> {
  subagent.reportChanges();
  await null; // nothing of a provider runs inside a transition
  signal.throwIfAborted();
  // Paused since the chart let it go: it has not left, so it waits.
  if (subagent.state === 'paused') return { kind: 'retry_later', delayMs: 0, countsAsAttempt: false };

  let streamed = false;
  const told = (type: 'text_delta' | 'reasoning_delta') =>
    redactPieces(subagent.environment.redact, (text) => {
      streamed = true;
      subagent.publish({ type, text });
    });
  const [reasoning, text] = [told('reasoning_delta'), told('text_delta')];
  const result = await attemptRequest(subagent, {
    key: requestKey(subagent),
    attempt,
    signal,
    onSend: () => {
      if (subagent.turnBegun < turn) {
        subagent.turnBegun = turn;
        subagent.publish({ type: 'turn_start', turn });
      }
      return requestOf(subagent);
    },
    onText: text.push,
    onReasoning: reasoning.push,
  });
  switch (result.kind) {
    case 'answered':
      reasoning.end();
      text.end();
      return acceptAnswer(subagent, result.turn);
    case 'held_back':
      return { kind: 'retry_later', delayMs: result.delayMs, countsAsAttempt: false };
    case 'failed': {
      const { delayMs, reason } = result;
      if (streamed) subagent.publish({ type: 'turn_retry', turn });
      subagent.publish({ type: 'retry', attempt, delayMs, reason });
      return { kind: 'retry_later', delayMs, countsAsAttempt: true };
    }
  }
}

function requestOf(subagent: LiveSubagent): ModelRequest {
  return {
    system: subagent.plan.system,
    messages: [...subagent.transcript.messages],
    tools: subagent.plan.toolSpecs,
  };
}

/** Writes the answer into the transcript and sorts its calls: those that may run, and those that are answered at once. */
async function acceptAnswer(subagent: LiveSubagent, answer: ModelTurn): Promise<ModelTurnResult> {
  const { permissions } = subagent.plan;
  const { redact } = subagent.environment;
  const calls: PlannedCall[] = [];
  const refused: { readonly call: ModelToolCall; readonly problem: string }[] = [];
  const kept: ModelToolCall[] = [];
  let malformedCount = 0;
  let malformedReset = false;
  for (const [index, asked] of answer.toolCalls.entries()) {
    const id = subagent.nextCallId();
    const parsed = parseArguments(asked.arguments);
    // Broken JSON is not sent back: servers refuse a history that holds it.
    const call: ModelToolCall = { id, ...asked, arguments: parsed.ok ? asked.arguments || '{}' : '{}' };
    kept.push(call);
    if (index >= MAX_CALLS_PER_TURN) {
      refused.push({ call, problem: `not run: at most ${MAX_CALLS_PER_TURN} calls in one turn are run` });
    } else if (!parsed.ok) {
      malformedCount += 1;
      refused.push({ call, problem: parsed.problem });
    } else {
      malformedCount = 0;
      malformedReset = true;
      const tool = subagent.plan.tools.get(asked.name);
      const validated = tool && (await validateInput(tool, parsed.args));
      if (!validated) {
        refused.push({ call, problem: unknownTool(asked.name, subagent) });
      } else if (!validated.ok) {
        refused.push({ call, problem: validated.problem });
      } else {
        const { args } = parsed;
        const { input } = validated;
        subagent.openCalls.set(id, { tool, args, input });
        const isAllowed = permissions.allowsAtOnce({ tool, input });
        calls.push({ callId: id, name: tool.name, args: redactValue(args, redact), alone: !tool.readOnly, isAllowed });
      }
    }
  }
  subagent.transcript.addAnswer(answer.text, kept);
  for (const { call, problem } of refused) refuseCall(subagent, call.id, call.name, problem);

  return {
    kind: 'turn',
    text: redact(answer.text),
    // Calls of an answer that was cut at its length limit are not run: what it said is the answer, and says it is truncated.
    answered: kept.length === 0,
    truncated: answer.truncated,
    calls,
    malformedCount,
    malformedReset,
  };
}

function unknownTool(name: string, { plan }: LiveSubagent): string {
  return `there is no tool ${JSON.stringify(name)}; the tools are: ${[...plan.tools.keys()].join(', ') || '(none)'}`;
}

/** Answers a call that is not run: the model is told why, and readers see its end without a start. */
export function refuseCall(subagent: LiveSubagent, toolId: string, toolName: string, problem: string): void {
  const { redact } = subagent.environment;
  const toolOutput = redact(problem);
  subagent.settleCall(toolId, toolOutput, true);
  // The name is the model's own, and need not be that of a tool.
  subagent.publish({ type: 'tool_end', toolName: redact(toolName), toolId, toolOutput, durationMs: 0, isError: true });
}
