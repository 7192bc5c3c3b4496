/** The activity `requestLlm`: one attempt at one model request, and what its answer means for the chart. */

import type { ModelTurnResult, PlannedCall, RequestLlmInput, RequestLlmOutput } from '../../machines/index.js';
import type { ModelTurn, RequestedCall } from '../activities/llm/index.js';
import { parseArguments, validateInput } from '../activities/tools/index.js';
import { frozenCopy } from '../domain/frozen-copy.js';
import { MAX_CALLS_PER_TURN } from '../domain/limits.js';
import type { ModelToolCall } from '../domain/message.js';
import type { ModelRequest } from '../domain/model.js';
import { redactValue } from '../domain/redact-value.js';
import { answerToolOf, finalAnswerIn } from './answer-form.js';
import { attemptRequest, requestKey } from './attempt-request.js';
import { refuseCall } from './end-call.js';
import type { LiveSubagent } from './live-subagent.js';
import type { OpenCall } from './open-call.js';
import { recall } from './passivation.js';
import { redactPieces } from './redact-pieces.js';
import { answerCall, inForm, type TakeOptions, takeFinalAnswer } from './structured-answer.js';

/**
 * @returns the turn, or when to try again. Retries are decided here and waited for by the chart, so that none starts while
 * the subagent is paused. Rejects with a `TroupeError` when the run cannot go on.
 */
export async function requestLlm(
  subagent: LiveSubagent,
  input: RequestLlmInput,
  signal: AbortSignal,
): Promise<RequestLlmOutput> {
  subagent.reportChanges();
  await null; // nothing of a provider runs inside a transition
  signal.throwIfAborted();
  await subagent.log?.flush(signal); // what it goes on from is on disk, or it does not go on
  if (subagent.transcript.isAway) {
    const delayMs = await recall(subagent, signal);
    if (delayMs !== undefined) return { kind: 'retry_later', delayMs, countsAsAttempt: false };
  }
  // Paused since the chart let it go: it has not left, so it waits.
  if (subagent.state === 'paused') return { kind: 'retry_later', delayMs: 0, countsAsAttempt: false };

  const { turn } = input;
  const attempt = input.attempt - (subagent.repair?.attemptsBefore ?? 0);
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
    turn,
    signal,
    request: requestOf(subagent),
    onSend: () => {
      subagent.structured = undefined; // where there is one, somebody has steered behind it
      if (subagent.turnBegun < turn) {
        subagent.turnBegun = turn;
        subagent.publish({ type: 'turn_start', turn });
      }
    },
    onText: (piece) => text.push(piece),
    onReasoning: (piece) => reasoning.push(piece),
  });
  switch (result.kind) {
    case 'answered':
      reasoning.end();
      text.end();
      return takeTurn(subagent, result.turn, {
        attempt: input.attempt,
        signal,
        onVoid: () => {
          if (streamed) subagent.publish({ type: 'turn_retry', turn });
        },
      });
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
  return inForm(subagent, {
    system: subagent.plan.system,
    messages: subagent.transcript.copies(),
    tools: subagent.plan.toolSpecs,
  });
}

interface TakeTurnOptions extends TakeOptions {
  /** What was streamed does not count: it is to be said anew. */
  readonly onVoid: () => void;
}

async function takeTurn(
  subagent: LiveSubagent,
  answer: ModelTurn,
  { onVoid, ...options }: TakeTurnOptions,
): Promise<RequestLlmOutput> {
  const final = finalAnswerIn(subagent.plan, answer);
  if (!final) return acceptAnswer(subagent, answer, options.signal);
  const result = await takeFinalAnswer(subagent, final, options);
  if (result.kind === 'retry_later') onVoid();
  return result;
}

const NOT_ALONE = 'Not taken: call this tool alone, when all other calls are done.';

/** Writes the answer into the transcript and sorts its calls: those that may run, and those that are answered at once. */
async function acceptAnswer(subagent: LiveSubagent, answer: ModelTurn, signal: AbortSignal): Promise<ModelTurnResult> {
  const { permissions } = subagent.plan;
  const { redact } = subagent.environment;
  const calls: PlannedCall[] = [];
  const refused: { readonly call: ModelToolCall; readonly problem: string }[] = [];
  const answerTool = answerToolOf(subagent.plan);
  const kept: ModelToolCall[] = [];
  const notAlone: ModelToolCall[] = [];
  let malformedCount = 0;
  let malformedReset = false;
  // Side by side: schemas that take their time keep the others waiting only once.
  const checked = await Promise.all(answer.toolCalls.map((asked, index) => checkCall(subagent, asked, index, signal)));
  for (const [index, asked] of answer.toolCalls.entries()) {
    const call = answerCall(subagent, asked);
    kept.push(call);
    const found = checked[index];
    if (asked.name === answerTool || found === undefined) {
      notAlone.push(call);
      continue;
    }
    const form = 'tool' in found ? 'good' : found.form;
    if (form === 'malformed') malformedCount += 1;
    if (form === 'good') {
      malformedCount = 0;
      malformedReset = true;
    }
    if ('problem' in found) {
      refused.push({ call, problem: found.problem });
      continue;
    }
    const { tool, args, input } = found;
    subagent.openCalls.set(call.id, found);
    const isAllowed = permissions.allowsAtOnce({ tool, input });
    const shown = frozenCopy(redactValue(args, redact));
    calls.push({ callId: call.id, name: tool.name, args: shown, alone: !tool.readOnly, isAllowed });
  }
  subagent.repair = undefined;
  subagent.transcript.addAnswer(answer.text, kept);
  for (const { id } of notAlone) subagent.transcript.settle(id, NOT_ALONE, true);
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

/** `form`: of the arguments, whether the tool is known or not. */
type CheckedCall = OpenCall | { readonly problem: string; readonly form: 'good' | 'malformed' | 'not_looked_at' };

async function checkCall(
  subagent: LiveSubagent,
  asked: RequestedCall,
  index: number,
  signal: AbortSignal,
): Promise<CheckedCall> {
  if (index >= MAX_CALLS_PER_TURN) {
    return { problem: `not run: at most ${MAX_CALLS_PER_TURN} calls in one turn are run`, form: 'not_looked_at' };
  }
  const parsed = parseArguments(asked.arguments);
  if (!parsed.ok) return { problem: parsed.problem, form: 'malformed' };
  const tool = subagent.plan.tools.get(asked.name);
  if (!tool) return { problem: unknownTool(asked.name, subagent), form: 'good' };
  const validated = await validateInput(tool, parsed.args, { clock: subagent.environment.clock, signal });
  if (!validated.ok) return { problem: validated.problem, form: 'good' };
  return { tool, args: parsed.args, input: validated.input };
}

function unknownTool(name: string, { plan }: LiveSubagent): string {
  return `there is no tool ${JSON.stringify(name)}; the tools are: ${[...plan.tools.keys()].join(', ') || '(none)'}`;
}
