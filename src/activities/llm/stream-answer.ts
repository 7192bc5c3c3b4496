/** How one request becomes a stream of chunks: deadlines, the size limit, and an end that leaves nothing open. */

import type { Clock } from '../../domain/clock.js';
import type { TroupeError } from '../../domain/errors.js';
import type { ModelChunk, ModelStreamOptions } from '../../domain/model.js';
import type { Answer } from './answer.js';
import { AnswerDecoder } from './answer-decoder.js';
import { Deadlines, type TimeLimits } from './deadlines.js';
import { ProviderFault } from './faults.js';

interface StreamLimits extends TimeLimits {
  /** Of the body as it is read, that is after decompression. */
  readonly maxResponseBytes: number;
}

/** Resolves with a response whose status is a success. */
type Send = (signal: AbortSignal) => Promise<Response>;

/** How long, and for how many bytes, the end of a complete answer's body is awaited so that its connection can be used again. */
const DRAIN_MS = 1_000;
const DRAIN_BYTES = 64 * 1024;

interface StreamJob {
  readonly send: Send;
  readonly answer: Answer;
  readonly limits: StreamLimits;
  /** Makes an error for callers of what `send` throws, a `ProviderFault`, or the raw error of a broken connection. */
  readonly toError: (thrown: unknown, nowMs: number) => TroupeError;
}

/** Throws the signal's reason on abort, else what `toError` makes of the fault. */
export function streamAnswer(job: StreamJob, options: ModelStreamOptions): AsyncIterableIterator<ModelChunk> {
  return new OneByOne(readBatches(job, options));
}

/** All chunks of one read of the network at once: an async step for each network read, not for each chunk. */
async function* readBatches(
  { send, answer, limits, toError }: StreamJob,
  { signal, clock }: ModelStreamOptions,
): AsyncGenerator<ModelChunk[], void> {
  signal.throwIfAborted();
  const controller = new AbortController(); // one for each request: a listener left on a long-lived signal would leak
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
  // Once the headers are there, the fetch of Node 20 holds the way from signal to body weakly: after a collection an abort
  // no longer reaches it. So the body is cancelled here as well, which ends a read that waits and closes the connection.
  const abort = () => {
    controller.abort();
    body?.cancel().catch(() => {});
  };
  signal.addEventListener('abort', abort, { once: true });
  const deadlines = new Deadlines(limits, clock, abort);
  let isComplete = false;
  try {
    const response = await send(controller.signal);
    body = response.body?.getReader();
    if (controller.signal.aborted) abort();
    const decoder = new AnswerDecoder(answer, response.headers.get('content-type'));
    let byteCount = 0;
    while (!decoder.isDone) {
      const bytes = await nextBytes(body, deadlines);
      if (bytes === undefined) break;
      byteCount += bytes.byteLength;
      if (byteCount > limits.maxResponseBytes) {
        throw new ProviderFault(
          'output_limit',
          `the answer is larger than maxResponseBytes ${limits.maxResponseBytes}`,
        );
      }
      const batch: ModelChunk[] = [];
      let fault: { readonly thrown: unknown } | undefined;
      try {
        if (decoder.push(bytes, batch)) deadlines.touch();
      } catch (thrown) {
        fault = { thrown };
      }
      if (answer.state === 'finished') deadlines.awaitUsage();
      if (batch.length > 0) yield batch;
      if (fault) throw fault.thrown;
    }
    const last: ModelChunk[] = [];
    decoder.end(last);
    isComplete = true;
    yield last;
  } catch (thrown) {
    throw signal.aborted ? signal.reason : toError(deadlines.fault ?? thrown, clock.now());
  } finally {
    deadlines.stop();
    signal.removeEventListener('abort', abort);
    if (isComplete && body && !signal.aborted) void drain(body, clock, abort);
    else abort();
  }
}

/** Absent at the end of the body, or where nothing but usage was awaited and its time is up. */
async function nextBytes(
  body: ReadableStreamDefaultReader<Uint8Array> | undefined,
  deadlines: Deadlines,
): Promise<Uint8Array | undefined> {
  try {
    return (await body?.read())?.value;
  } catch (thrown) {
    if (deadlines.isGraceOver) return undefined;
    throw thrown;
  }
}

/** A connection whose body was read to its end is kept for the next request; one that goes on is cut. */
async function drain(body: ReadableStreamDefaultReader<Uint8Array>, clock: Clock, abort: () => void): Promise<void> {
  const timer = clock.setTimeout(abort, DRAIN_MS);
  try {
    for (let left = DRAIN_BYTES; left >= 0; ) {
      const { done, value } = await body.read();
      if (done) return;
      left -= value.byteLength;
    }
    abort();
  } catch {
    // The answer is complete: what happens to its connection changes nothing.
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Hands out batches one by one. A promise that is resolved at once costs a third of a step of an async generator. */
class OneByOne implements AsyncIterableIterator<ModelChunk> {
  readonly #batches: AsyncGenerator<ModelChunk[], void>;
  #batch: readonly ModelChunk[] = [];
  #index = 0;

  constructor(batches: AsyncGenerator<ModelChunk[], void>) {
    this.#batches = batches;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ModelChunk>> {
    const value = this.#batch[this.#index];
    if (value === undefined) return this.#nextOfNewBatch();
    this.#index += 1;
    return Promise.resolve({ done: false, value });
  }

  async return(): Promise<IteratorResult<ModelChunk>> {
    this.#batch = [];
    await this.#batches.return();
    return { done: true, value: undefined };
  }

  async #nextOfNewBatch(): Promise<IteratorResult<ModelChunk>> {
    for (;;) {
      const next = await this.#batches.next();
      if (next.done) return { done: true, value: undefined };
      const [first] = next.value;
      if (first === undefined) continue;
      this.#batch = next.value;
      this.#index = 1;
      return { done: false, value: first };
    }
  }
}
