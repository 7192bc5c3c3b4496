/** Writes a journal: in order, in groups, and again when the store fails. */

import { type Clock, delay } from '../domain/clock.js';
import { TroupeError, type TroupeErrorCode, toErrorInfo } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';
import type { OnPersistError } from '../domain/stored.js';
import type { Journal } from './session-store.js';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

export interface PersistFault {
  readonly code: TroupeErrorCode;
  /** Absent where it is not tried again by itself. */
  readonly retryInMs?: number;
}

export interface RecordLogOptions {
  /** Called at the first write, and again after it failed. */
  readonly open: () => Promise<Journal>;
  readonly clock: Clock;
  readonly onPersistError: OnPersistError;
  readonly onFault: (fault: PersistFault) => void;
  /** It waits for the store to work again. */
  readonly onHold: () => void;
}

interface Waiter {
  /** How many records must be on disk. */
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: TroupeError) => void;
}

export class RecordLog {
  readonly #options: RecordLogOptions;
  #journal: Journal | undefined;
  /** Those that are not on disk yet. */
  readonly #queue: JsonValue[] = [];
  /** Records that are on disk. */
  #written = 0;
  readonly #waiters: Waiter[] = [];
  /** Told when it begins to wait for the store. */
  readonly #resting = new Set<() => void>();
  #draining: Promise<void> | undefined;
  /** Ends the wait for the next try. */
  readonly #closing = new AbortController();
  /** It waits for the store to work again: nothing goes on before. */
  isHolding = false;
  /** Nothing is written any more. */
  #failure: TroupeError | undefined;

  constructor(options: RecordLogOptions) {
    this.#options = options;
  }

  /** All that was added is on disk. */
  get isWritten(): boolean {
    return this.#queue.length === 0 && this.#failure === undefined;
  }

  /** Written soon, and before everything that is added later. */
  add(record: JsonValue): void {
    if (this.#failure) return;
    this.#queue.push(record);
    this.#draining ??= this.#drain();
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
    if (this.#queue.length === 0) return Promise.resolve();
    this.#draining ??= this.#drain(); // what is left where it goes on without the store
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal?.reason);
      const settle = (act: () => void) => {
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push({
        upTo: this.#written + this.#queue.length,
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      });
    });
  }

  /** Resolves when nothing is being written. It makes no try of its own. Never rejects. */
  async idle(): Promise<void> {
    await this.#draining;
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

  /** Writes what is left, trying once more at most. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#draining;
    if (this.#queue.length > 0 && this.#options.onPersistError === 'continue') await this.#drain();
    await this.#journal?.close();
    this.#failure ??= new TroupeError('closed', 'the orchestrator was closed');
    for (const { reject } of this.#waiters.splice(0)) reject(this.#failure);
  }

  async #drain(): Promise<void> {
    await null; // whoever adds now goes along
    for (let retryInMs = FIRST_RETRY_MS; this.#queue.length > 0; ) {
      const isLast = this.#closing.signal.aborted;
      const fault = await this.#appendAll();
      this.isHolding = false;
      if (fault === undefined) {
        retryInMs = FIRST_RETRY_MS;
        continue;
      }
      if (!this.#mayTryAgain(fault, retryInMs) || isLast) break;
      this.isHolding = true;
      this.#options.onHold();
      for (const resolve of this.#resting) resolve();
      this.#resting.clear();
      await delay(this.#options.clock, retryInMs, this.#closing.signal).catch(() => {});
      retryInMs = Math.min(MAX_RETRY_MS, retryInMs * 2);
    }
    this.#draining = undefined;
  }

  async #appendAll(): Promise<TroupeError | undefined> {
    const batch = [...this.#queue];
    let fault: unknown;
    try {
      this.#journal ??= await this.#options.open();
      const journal = this.#journal;
      const results = await Promise.allSettled(batch.map((record) => journal.append(record)));
      const failed = results.findIndex(({ status }) => status === 'rejected');
      this.#landed(failed < 0 ? batch.length : failed);
      const rejection = results[failed];
      if (rejection?.status !== 'rejected') return undefined;
      fault = rejection.reason;
    } catch (thrown) {
      fault = thrown;
    }
    return fault instanceof TroupeError
      ? fault
      : new TroupeError('store_io', toErrorInfo(fault).message, { cause: fault });
  }

  #landed(count: number): void {
    this.#queue.splice(0, count);
    this.#written += count;
    while (this.#waiters[0] && this.#waiters[0].upTo <= this.#written) this.#waiters.shift()?.resolve();
  }

  /** Tells of the fault, and decides what becomes of those who wait. */
  #mayTryAgain(fault: TroupeError, retryInMs: number): boolean {
    const { onPersistError, onFault } = this.#options;
    const mayPass = fault.code === 'store_io';
    const holds = mayPass && onPersistError === 'hold';
    onFault({ code: fault.code, ...(holds ? { retryInMs } : {}) });
    if (holds) return true;
    const waiters = this.#waiters.splice(0);
    if (mayPass && onPersistError === 'continue') {
      for (const { resolve } of waiters) resolve();
      return false; // what is queued goes along with the next record
    }
    this.#failure = fault;
    this.#queue.length = 0;
    for (const { reject } of waiters) reject(fault);
    return false;
  }
}
