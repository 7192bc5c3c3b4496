/** How a final answer in a form is taken: when it fits it is the outcome, else the model is asked to mend it. */

import type { ModelTurnResult, RetryLater } from '../../machines/index.js';
import {
  ModelFault,
  type OutputForm,
  type RequestedCall,
  readStructured,
  repairMessage,
  requestInForm,
} from '../activities/llm/index.js';
import { parseArguments } from '../activities/tools/index.js';
import type { ModelRequest } from '../domain/model.js';
import { redactValue } from '../domain/redact-value.js';
import { answerToolOf, checkInTime, type FinalAnswer, type StructuredAnswer } from './answer-form.js';
import type { LiveSubagent } from './live-subagent.js';

/** The request with what its form needs; as it is where none was asked for. */
export function inForm(subagent: LiveSubagent, request: ModelRequest): ModelRequest {
  const { form, model } = subagent.plan;
  if (!form) return request;
  return requestInForm(request, { form, provider: model, isDue: subagent.repair?.isForced ?? false });
}

export interface TakeOptions {
  /** Of the request that was answered, as the chart counts. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/**
 * Writes it into the transcript. An answer that was cut at its length limit never fits.
 * @returns the turn, or that the same turn is to be asked for again, at once. Rejects with `structured_output` when no repair is
 * left, and with the signal's reason.
 */
export async function takeFinalAnswer(
  subagent: LiveSubagent,
  final: FinalAnswer,
  { attempt, signal }: TakeOptions,
): Promise<ModelTurnResult | RetryLater> {
  const read = await readFinal(subagent, final, signal);
  if ('json' in read) return keep(subagent, final, read);
  if (subagent.usage.repairs >= subagent.plan.config.repairs) throw unfit(subagent, final, read.problems);
  const hasCall = say(subagent, final, repairMessage(read.problems), true);
  const isForced = !hasCall && answerToolOf(subagent.plan) !== undefined;
  subagent.repair = { isForced, attemptsBefore: attempt - 1, isSent: false };
  return { kind: 'retry_later', delayMs: 0, countsAsAttempt: false };
}

const CUT_OFF = 'the answer was cut off at the length limit; make it shorter';

async function readFinal(
  { environment: { clock, redact } }: LiveSubagent,
  { form, turn, written }: FinalAnswer,
  signal: AbortSignal,
): Promise<StructuredAnswer | { readonly problems: string }> {
  if (turn.truncated) return { problems: CUT_OFF };
  let json: unknown;
  const validate: OutputForm['validate'] = (value) => {
    json = value;
    return checkInTime(form, value, { clock, signal });
  };
  const read = await readStructured({ ...form, validate }, written);
  if (!read.ok) return read;
  const harmless = redactValue(json, redact);
  if (harmless === json) return { json, value: read.value };
  const again = await checkInTime(form, harmless, { clock, signal });
  if (again.ok) return { json: harmless, value: again.value };
  return { problems: `the answer holds a secret; without it:\n${again.problems}` };
}

function keep(subagent: LiveSubagent, { form, ...final }: FinalAnswer, answer: StructuredAnswer): ModelTurnResult {
  say(subagent, final, 'The answer is taken.', false);
  subagent.structured = answer;
  // The log holds only what came as JSON: `json` did.
  subagent.log?.add({ type: 'structured', value: answer.json });
  subagent.repair = undefined;
  return {
    kind: 'turn',
    text: JSON.stringify(form.bare(answer.json)),
    answered: true,
    truncated: false,
    calls: [],
    malformedCount: 0,
    malformedReset: true,
  };
}

/** What the model wrote goes into the transcript, and `reply` behind it. @returns whether the reply is the result of a call. */
function say(subagent: LiveSubagent, { turn }: Pick<FinalAnswer, 'turn'>, reply: string, isError: boolean): boolean {
  const { transcript } = subagent;
  const calls = turn.toolCalls.map((asked) => answerCall(subagent, asked));
  // Servers refuse a message that says nothing.
  if (turn.text !== '' || calls.length > 0) transcript.addAnswer(turn.text, calls);
  for (const [index, { id }] of calls.entries()) {
    if (index === 0) transcript.settle(id, reply, isError);
    else transcript.settle(id, 'Not taken: only the first answer of a turn counts.', true);
  }
  if (calls.length === 0 && isError) transcript.addUser(reply);
  return calls.length > 0;
}

/** Broken JSON is not sent back: servers refuse a history that holds it. */
export function answerCall(subagent: LiveSubagent, asked: RequestedCall) {
  const isWhole = parseArguments(asked.arguments).ok;
  return { id: subagent.nextCallId(), ...asked, arguments: isWhole ? asked.arguments || '{}' : '{}' };
}

function unfit({ environment, usage }: LiveSubagent, { written }: FinalAnswer, problems: string): ModelFault {
  const { redact } = environment;
  const tries = usage.repairs === 1 ? '1 repair' : `${usage.repairs} repairs`;
  const message = `the answer does not have the form of outputSchema, after ${tries}: ${problems}\nRaise repairs, or ask for a simpler form`;
  return new ModelFault('structured_output', redact(message), {
    text: redact('text' in written ? written.text : written.arguments),
  });
}
