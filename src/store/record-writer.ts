/** One of those who write into a log: what it has added, and who waits for that to be on disk. */

import type { TroupeError, TroupeErrorCode } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';

export interface PersistFault {
  readonly code: TroupeErrorCode;
  /** Absent where it is not tried again by itself. */
  readonly retryInMs?: number;
}

export interface WriterOptions {
  /** Called for each failed write that had a record of this writer, or kept one from being written. */
  readonly onFault: (fault: PersistFault) => void;
  /** The log waits for the store to work again. */
  readonly onHold: () => void;
  /** What one line of the journal says: records of this writer that are written together. Without it each record is a line. */
  readonly lineOf?: (records: readonly JsonValue[]) => JsonValue;
}

/** What a writer needs of its log. */
interface LogOfWriter {
  readonly isHolding: () => boolean;
  readonly add: (record: JsonValue) => void;
  readonly drain: () => void;
  /** Resolves when nothing is being written. */
  readonly idle: () => Promise<void>;
  readonly leave: () => void;
}

interface Waiter {
  /** How many records of this writer must be on disk. */
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: TroupeError) => void;
}

export class RecordWriter {
  #onFault: WriterOptions['onFault'];
  readonly lineOf: WriterOptions['lineOf'];
  readonly #onHold: () => void;
  readonly #log: LogOfWriter;
  #addedCount = 0;
  #writtenCount = 0;
  readonly #waiters: Waiter[] = [];
  /** Told when the log begins to wait for the store. */
  readonly #resting = new Set<() => void>();
  /** Nothing of it is written any more: there would be a hole before it. */
  #failure: TroupeError | undefined;

  constructor({ onFault, onHold, lineOf }: WriterOptions, log: LogOfWriter) {
    this.#onFault = onFault;
    this.lineOf = lineOf;
    this.#onHold = onHold;
    this.#log = log;
  }

  /** The log waits for the store to work again: nothing goes on before. */
  get isHolding(): boolean {
    return this.#log.isHolding();
  }

  /** All that it has added is on disk. */
  get isWritten(): boolean {
    return this.#writtenCount === this.#addedCount && this.#failure === undefined;
  }

  /** Written soon, and before everything that is added later. */
  add(record: JsonValue): void {
    if (this.#failure) return;
    this.#addedCount += 1;
    this.#log.add(record);
    this.#log.drain();
  }

  /**
   * Resolves when it and all before are on disk, or, where `onPersistError` is `continue`, were tried.
   * @throws TroupeError `store_io` where that is `fail`; `lease_lost`, `store_corrupt`.
   */
  async write(record: JsonValue, signal?: AbortSignal): Promise<void> {
    this.add(record);
    await this.flush(signal);
  }

  /** As `write`, for what was added so far. */
  flush(signal?: AbortSignal): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#writtenCount === this.#addedCount) return Promise.resolve();
    this.#log.drain(); // what is left where it goes on without the store
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal?.reason);
      const settle = (act: () => void) => {
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push({
        upTo: this.#addedCount,
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      });
    });
  }

  /** Resolves when nothing is being written, of no writer. It makes no try of its own. Never rejects. */
  idle(): Promise<void> {
    return this.#log.idle();
  }

  /** Resolves when what was added so far is on disk, or cannot be for now. Never rejects. */
  async rest(): Promise<void> {
    if (this.isHolding) return;
    let tellHold = () => {};
    const holds = new Promise<void>((resolve) => {
      tellHold = resolve;
      this.#resting.add(tellHold);
    });
    await Promise.race([this.flush().catch(() => {}), holds]);
    this.#resting.delete(tellHold);
  }

  get onFault(): WriterOptions['onFault'] {
    return this.#onFault;
  }

  /** It has added its last record, which is written all the same. @param onFault Who is told of faults from now on. */
  leave(onFault: WriterOptions['onFault']): void {
    this.#onFault = onFault;
    this.#log.leave();
  }

  /** So many more of its records are on disk. */
  landed(count: number): void {
    this.#writtenCount += count;
    while (this.#waiters[0] && this.#waiters[0].upTo <= this.#writtenCount) this.#waiters.shift()?.resolve();
  }

  hold(): void {
    this.#onHold();
    for (const resolve of this.#resting) resolve();
    this.#resting.clear();
  }

  /** Those who wait go on without the store. */
  passOver(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  /** What it had waiting is dropped. */
  fail(error: TroupeError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiters.splice(0)) reject(this.#failure);
  }
}
