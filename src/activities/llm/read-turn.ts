/** How a provider's stream becomes one whole turn, or one fault. */

import type { Clock } from '../../domain/clock.js';
import { isErrorCode, messageOf, TroupeError } from '../../domain/errors.js';
import { DEFAULT_MAX_RESPONSE_BYTES, USAGE_GRACE_MS } from '../../domain/limits.js';
import type { FinishReason, ModelChunk, ModelProvider, ModelRequest } from '../../domain/model.js';
import type { TokenUsage } from '../../domain/usage.js';
import { checkChunk } from './check-chunk.js';
import { cleanText } from './fault-text.js';
import { isConnectionLike, storyOf } from './faults.js';
import { MacrotaskTurns } from './macrotask-turns.js';
import { ModelFault, retryAfterOf } from './model-fault.js';
import { tokenUsageOf } from './usage.js';

/** What a call counts for at least: one without a name or arguments takes memory too. */
const MIN_CALL_CHARACTERS = 64;

/** A call as it came: the caller gives it an id of its own. */
export interface RequestedCall {
  readonly providerId?: string;
  readonly name: string;
  /** JSON text as the model wrote it, not yet parsed. */
  readonly arguments: string;
}

export interface ModelTurn {
  readonly text: string;
  /** In the order of the stream; empty when truncated. */
  readonly toolCalls: readonly RequestedCall[];
  /** `tool_calls` exactly when there are calls to run, whatever the label said. */
  readonly finishReason: FinishReason;
  /** The answer was cut at its length limit; calls in it are not to be run. */
  readonly truncated: boolean;
  /** Absent: the provider did not report it, or nothing believable. */
  readonly usage?: TokenUsage;
}

export interface ReadTurnOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly onText: (text: string) => void;
  readonly onReasoning: (text: string) => void;
}

/**
 * Asks once and reads the answer to its end. The turn is complete at its finish reason; usage is awaited for 2 s at most. On abort
 * it rejects with the signal's reason at once, whatever the provider does, and nothing is handed on any more.
 *
 * Rejects with a {@link ModelFault}: `model_unavailable` where the stream ends without a finish reason, `model_refused` for a refusal
 * or content filter, `bad_response` for an announced call that never came and a chunk that is none, `output_limit` for more than can be
 * held, else the code that the provider threw.
 */
export function readTurn(provider: ModelProvider, request: ModelRequest, options: ReadTurnOptions): Promise<ModelTurn> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const reading = new TurnReading(provider, options);
    // One listener and one race for the whole turn: a race for each chunk would cost more than the chunk.
    const onAbort = () => {
      reading.close();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const leave = () => signal.removeEventListener('abort', onAbort);
    reading.run(request).then(
      (turn) => {
        leave();
        resolve(turn);
      },
      (error) => {
        leave();
        reject(signal.aborted ? signal.reason : error);
      },
    );
  });
}

class TurnReading {
  readonly #provider: ModelProvider;
  readonly #options: ReadTurnOptions;
  #iterator: AsyncIterator<ModelChunk> | undefined;
  #text = '';
  #streamed = false;
  readonly #calls: RequestedCall[] = [];
  #usage: TokenUsage | undefined;
  #finish: FinishReason | undefined;
  #graceTimer: unknown;
  /** Of text, reasoning and calls. */
  #characterCount = 0;
  readonly #turns = new MacrotaskTurns();

  constructor(provider: ModelProvider, options: ReadTurnOptions) {
    this.#provider = provider;
    this.#options = options;
  }

  async run(request: ModelRequest): Promise<ModelTurn> {
    try {
      await this.#read(request);
      return this.#turn();
    } catch (thrown) {
      this.close();
      throw this.#faultOf(thrown);
    }
  }

  /** Tells the provider that nobody reads on; does not wait for it. */
  close(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    this.#options.clock.clearTimeout(this.#graceTimer);
    try {
      void iterator?.return?.()?.then(undefined, ignore); // a provider may fail while it is let go; nobody is left to tell
    } catch {
      // as above, for one that throws at once
    }
  }

  async #read(request: ModelRequest): Promise<void> {
    const { signal, clock } = this.#options;
    const chunks: Partial<AsyncIterable<ModelChunk>> | undefined = this.#provider.stream(request, { signal, clock });
    const iterator = chunks?.[Symbol.asyncIterator]?.();
    if (!iterator) {
      throw new TroupeError('bad_response', `${this.#provider.name}: stream() has to give an AsyncIterable of chunks`);
    }
    this.#iterator = iterator;
    while (this.#finish === undefined) {
      const next = await iterator.next();
      if (signal.aborted) throw signal.reason;
      if (next.done) {
        this.#iterator = undefined;
        return;
      }
      this.#take(next.value);
      if (this.#turns.isDue()) {
        await this.#turns.next();
        if (signal.aborted) throw signal.reason;
      }
    }
    if (this.#usage === undefined) await this.#readUsage(iterator);
    this.close();
  }

  /** What comes behind the finish reason, until usage is known, the stream ends, or the time is up. */
  async #readUsage(iterator: AsyncIterator<ModelChunk>): Promise<void> {
    const { signal, clock } = this.#options;
    const rest = async () => {
      while (this.#usage === undefined && this.#iterator === iterator) {
        const next = await iterator.next();
        if (this.#iterator !== iterator || signal.aborted || next.done) return;
        this.#take(next.value);
        if (this.#turns.isDue()) await this.#turns.next();
      }
    };
    await new Promise<void>((resolve) => {
      this.#graceTimer = clock.setTimeout(resolve, USAGE_GRACE_MS);
      rest().then(resolve, () => resolve()); // the turn is complete: a fault behind its finish costs the usage, not the answer
    });
  }

  #take(chunk: ModelChunk): void {
    checkChunk(chunk);
    switch (chunk.type) {
      case 'text_delta':
        if (chunk.text === '') return;
        this.#count(chunk.text.length);
        this.#text += chunk.text;
        this.#streamed = true;
        handOn(this.#options.onText, chunk.text);
        return;
      case 'reasoning_delta':
        if (chunk.text === '') return;
        this.#count(chunk.text.length);
        this.#streamed = true;
        handOn(this.#options.onReasoning, chunk.text);
        return;
      case 'tool_call': {
        const { id, name, arguments: args } = chunk;
        this.#count(Math.max(MIN_CALL_CHARACTERS, (id?.length ?? 0) + name.length + args.length));
        this.#calls.push({ ...(id === undefined ? {} : { providerId: id }), name, arguments: args });
        return;
      }
      case 'usage': {
        const { inputTokens, outputTokens, cachedTokens } = chunk.usage;
        this.#usage = tokenUsageOf(inputTokens, outputTokens, cachedTokens) ?? this.#usage;
        return;
      }
      case 'finish':
        this.#finish ??= chunk.reason;
        return;
      default:
        chunk satisfies never;
    }
  }

  #count(characters: number): void {
    const most = this.#provider.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
    this.#characterCount += characters;
    if (this.#characterCount > most) {
      throw new TroupeError('output_limit', `the answer has more than ${most} characters (maxResponseBytes)`);
    }
  }

  #turn(): ModelTurn {
    const finish = this.#finish;
    if (finish === undefined) {
      throw new TroupeError('model_unavailable', 'the answer ended without a finish reason');
    }
    if (finish === 'content_filter' || finish === 'refusal') {
      throw new TroupeError('model_refused', `the model did not answer (${finish})`);
    }
    if (finish === 'tool_calls' && this.#calls.length === 0 && this.#text === '') {
      throw new TroupeError('bad_response', 'a tool call was announced, but neither a call nor a text came');
    }
    const truncated = finish === 'length';
    const toolCalls = truncated ? [] : this.#calls;
    return {
      text: this.#text,
      toolCalls,
      finishReason: truncated ? finish : toolCalls.length > 0 ? 'tool_calls' : 'stop',
      truncated,
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
    };
  }

  #faultOf(thrown: unknown): ModelFault {
    const { name } = this.#provider;
    const details = {
      text: this.#text,
      streamedText: this.#streamed,
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
    };
    try {
      return faultOf(thrown, name, details);
    } catch {
      return new ModelFault('bad_response', `${name}: threw what cannot be read`, details);
    }
  }
}

/** @throws whatever a careless provider's error throws when it is read. */
function faultOf(thrown: unknown, name: string, details: ConstructorParameters<typeof ModelFault>[2]): ModelFault {
  if (thrown instanceof TroupeError) {
    const retryAfterMs = retryAfterOf(thrown);
    const told = messageOf(thrown);
    return new ModelFault(
      isErrorCode(thrown.code) ? thrown.code : 'bad_response',
      told.startsWith(name) ? told : `${name}: ${told}`,
      {
        ...details,
        ...(Number.isFinite(retryAfterMs) ? { retryAfterMs: retryAfterMs as number } : {}), // isFinite is true of numbers only
        cause: thrown,
      },
    );
  }
  const code = isConnectionLike(thrown) ? 'model_unavailable' : 'bad_response';
  return new ModelFault(code, `${name}: ${cleanText(storyOf(thrown))}`, details);
}

function handOn(listener: (text: string) => void, text: string): void {
  try {
    listener(text);
  } catch (cause) {
    throw new TroupeError('bug', 'a listener of the streamed text threw', { cause });
  }
}

function ignore(): void {}
