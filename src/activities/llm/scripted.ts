/** A model that plays a script: for tests and examples that must end the same way each time. */

import { delay } from '../../domain/clock.js';
import { TroupeError } from '../../domain/errors.js';
import type { FinishReason, ModelChunk, ModelProvider, ModelRequest, ModelStreamOptions } from '../../domain/model.js';
import type { ModelPrice, TokenUsage } from '../../domain/usage.js';

export interface ScriptedToolCall {
  readonly name: string;
  /** An object, or the raw text that the model wrote in place of JSON. */
  readonly args: object | string;
  /** The provider's id of the call; none by default. */
  readonly id?: string;
}

/** One answer. Streamed in this order: reasoning, text, tool calls, then usage and finish, or the error or the silence. */
export interface ScriptedTurn {
  /** A list is streamed as one delta each. */
  readonly text?: string | readonly string[];
  readonly reasoning?: string | readonly string[];
  readonly toolCalls?: readonly ScriptedToolCall[];
  /** Before the first chunk, on the clock of the run. */
  readonly delayMs?: number;
  /** Between two chunks. */
  readonly betweenMs?: number;
  /** 10 in and 5 out by default; `none`: not reported. With `error` or `finish: 'none'` it is reported only where given. */
  readonly usage?: TokenUsage | 'none';
  /** `tool_calls` where there are some, else `stop`; `none` ends the stream without one. */
  readonly finish?: FinishReason | 'none';
  /** Thrown after what the turn streams. */
  readonly error?: TroupeError;
  /** Silent for ever after what the turn streams. */
  readonly hang?: boolean;
}

export type ScriptedAnswer = ScriptedTurn | ((request: ModelRequest) => ScriptedTurn | Promise<ScriptedTurn>);
/** `index` counts the requests from 0. */
export type ScriptedFunction = (request: ModelRequest, index: number) => ScriptedTurn | Promise<ScriptedTurn>;

export interface ScriptedOptions {
  /** `scripted` by default. */
  readonly name?: string;
  /** Play the last turn again for requests past the end; else those fail with `bad_response`. */
  readonly repeatLast?: boolean;
  readonly maxRetries?: number;
  readonly price?: ModelPrice;
}

export interface ScriptedModel extends ModelProvider {
  /** Every request so far, in the order they came. */
  readonly requests: readonly ModelRequest[];
}

const DEFAULT_USAGE: TokenUsage = { inputTokens: 10, outputTokens: 5 };

/** Turns are played in order over all requests, whoever makes them; a function answers each request by itself. */
export function scripted(
  turns: readonly ScriptedAnswer[] | ScriptedFunction,
  options: ScriptedOptions = {},
): ScriptedModel {
  const name = options.name ?? 'scripted';
  const requests: ModelRequest[] = [];
  const answerOf = (request: ModelRequest, index: number): ScriptedTurn | Promise<ScriptedTurn> => {
    if (typeof turns === 'function') return turns(request, index);
    const answer = turns[options.repeatLast ? Math.min(index, turns.length - 1) : index];
    if (answer === undefined) throw outOfTurns(name, turns.length, index);
    return typeof answer === 'function' ? answer(request) : answer;
  };
  return {
    name,
    requests,
    ...(options.maxRetries === undefined ? {} : { maxRetries: options.maxRetries }),
    ...(options.price === undefined ? {} : { price: options.price }),
    stream(request, streamOptions) {
      const index = requests.push(request) - 1;
      return play(() => answerOf(request, index), streamOptions);
    },
  };
}

function outOfTurns(name: string, count: number, index: number): TroupeError {
  return new TroupeError(
    'bad_response',
    `${name}: the script has ${count} turns, this was request ${index + 1}; add a turn or set repeatLast`,
  );
}

async function* play(
  answer: () => ScriptedTurn | Promise<ScriptedTurn>,
  { signal, clock }: ModelStreamOptions,
): AsyncGenerator<ModelChunk> {
  signal.throwIfAborted();
  const turn = await answer();
  if (turn.delayMs !== undefined) await delay(clock, turn.delayMs, signal);
  let first = true;
  for (const chunk of chunksOf(turn)) {
    if (!first && turn.betweenMs !== undefined) await delay(clock, turn.betweenMs, signal);
    first = false;
    signal.throwIfAborted();
    yield chunk;
  }
  if (turn.error) throw turn.error;
  if (turn.hang) await untilAborted(signal);
}

function chunksOf(turn: ScriptedTurn): ModelChunk[] {
  const chunks: ModelChunk[] = [];
  for (const text of listOf(turn.reasoning)) chunks.push({ type: 'reasoning_delta', text });
  for (const text of listOf(turn.text)) chunks.push({ type: 'text_delta', text });
  for (const { id, name, args } of turn.toolCalls ?? []) {
    const text = typeof args === 'string' ? args : JSON.stringify(args);
    chunks.push({ type: 'tool_call', ...(id === undefined ? {} : { id }), name, arguments: text });
  }
  const complete = turn.error === undefined && !turn.hang && turn.finish !== 'none';
  const usage = turn.usage ?? (complete ? DEFAULT_USAGE : 'none');
  if (usage !== 'none') chunks.push({ type: 'usage', usage });
  if (complete) chunks.push({ type: 'finish', reason: finishOf(turn) });
  return chunks;
}

function finishOf(turn: ScriptedTurn): FinishReason {
  if (turn.finish !== undefined && turn.finish !== 'none') return turn.finish;
  return turn.toolCalls?.length ? 'tool_calls' : 'stop';
}

function listOf(text: string | readonly string[] | undefined): readonly string[] {
  if (text === undefined) return [];
  return typeof text === 'string' ? [text] : text;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
