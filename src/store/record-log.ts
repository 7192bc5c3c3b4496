/** Writes a journal, for one or for many who share it: in order, in groups, and again when the store fails. */

import { type Clock, delay } from '../domain/clock.js';
import { TroupeError, toErrorInfo } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';
import { FIRST_STORE_RETRY_MS, MAX_STORE_RETRY_MS } from '../domain/limits.js';
import type { OnPersistError } from '../domain/stored.js';
import { RecordWriter, type WriterOptions } from './record-writer.js';
import type { Journal } from './session-store.js';

export interface RecordLogOptions {
  /** Called at the first write, and again after it failed. */
  readonly open: () => Promise<Journal>;
  /** Called before each group of records is written; what it rejects with counts as a failed write. */
  readonly prepare?: () => Promise<void>;
  readonly clock: Clock;
  readonly onPersistError: OnPersistError;
}

interface Waiting {
  readonly writer: RecordWriter;
  readonly record: JsonValue;
}

interface Line {
  readonly writer: RecordWriter;
  readonly value: JsonValue;
  /** Records of the queue. */
  readonly count: number;
}

export class RecordLog {
  readonly #options: RecordLogOptions;
  #journal: Journal | undefined;
  /** Those that are not on disk yet. */
  #queue: Waiting[] = [];
  /** Told when it begins to wait for the store. */
  readonly #writers = new Set<RecordWriter>();
  #draining: Promise<void> | undefined;
  /** Ends the wait for the next try. */
  readonly #closing = new AbortController();
  #isHolding = false;

  constructor(options: RecordLogOptions) {
    this.#options = options;
  }

  /** It waits for the store to work again: nothing goes on before. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** One who writes here, until it leaves. What one has added is written in that order. */
  writer(options: WriterOptions): RecordWriter {
    const writer: RecordWriter = new RecordWriter(options, {
      isHolding: () => this.#isHolding,
      add: (record) => this.#queue.push({ writer, record }),
      drain: () => this.#wake(),
      idle: async () => this.#draining,
      leave: () => this.#writers.delete(writer),
    });
    this.#writers.add(writer);
    return writer;
  }

  /** Writes what is left, trying once more at most. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#draining;
    if (this.#queue.length > 0 && this.#options.onPersistError === 'continue') await this.#drain();
    await this.#journal?.close();
    const closed = new TroupeError('closed', 'the orchestrator was closed');
    for (const writer of new Set([...this.#writers, ...this.#waitingWriters()])) writer.fail(closed);
  }

  #wake(): void {
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    await null; // whoever adds now goes along
    for (let retryInMs = FIRST_STORE_RETRY_MS; this.#queue.length > 0; ) {
      const isLast = this.#closing.signal.aborted;
      const fault = await this.#appendAll();
      this.#isHolding = false;
      if (fault === undefined) {
        retryInMs = FIRST_STORE_RETRY_MS;
        continue;
      }
      if (!this.#mayTryAgain(fault, retryInMs) || isLast) break;
      this.#isHolding = true;
      for (const writer of this.#writers) writer.hold();
      await delay(this.#options.clock, retryInMs, this.#closing.signal).catch(() => {});
      retryInMs = Math.min(MAX_STORE_RETRY_MS, retryInMs * 2);
    }
    this.#draining = undefined;
  }

  async #appendAll(): Promise<TroupeError | undefined> {
    const lines = this.#takeLines();
    let fault: unknown;
    try {
      this.#journal ??= await this.#options.open();
      await this.#options.prepare?.();
      const journal = this.#journal;
      const results = await Promise.allSettled(lines.map(({ value }) => journal.append(value)));
      const failed = results.findIndex(({ status }) => status === 'rejected');
      this.#landed(failed < 0 ? lines : lines.slice(0, failed));
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

  /** Of all that waits; what is to stand in one line is moved up to the first of it. */
  #takeLines(): Line[] {
    const lines = new Map<unknown, Waiting[]>();
    for (const waiting of this.#queue) {
      const key = waiting.writer.lineOf ? waiting.writer : waiting;
      const line = lines.get(key);
      if (line) line.push(waiting);
      else lines.set(key, [waiting]);
    }
    this.#queue = [...lines.values()].flat();
    return [...lines.values()].flatMap((line) => {
      const [first] = line;
      if (!first) return []; // cannot be
      const { writer, record } = first;
      const value = writer.lineOf ? writer.lineOf(line.map(({ record }) => record)) : record;
      return [{ writer, value, count: line.length }];
    });
  }

  #landed(lines: readonly Line[]): void {
    this.#queue.splice(
      0,
      lines.reduce((sum, { count }) => sum + count, 0),
    );
    for (const { writer, count } of lines) writer.landed(count);
  }

  /** Tells of the fault, and decides what becomes of those who wait. */
  #mayTryAgain(fault: TroupeError, retryInMs: number): boolean {
    const { onPersistError } = this.#options;
    const mayPass = fault.code === 'store_io';
    const holds = mayPass && onPersistError === 'hold';
    const concerned = this.#waitingWriters();
    const told = new Set([...concerned].map(({ onFault }) => onFault)); // one may speak for several
    for (const onFault of told) onFault({ code: fault.code, ...(holds ? { retryInMs } : {}) });
    if (holds) return true;
    if (mayPass && onPersistError === 'continue') {
      for (const writer of concerned) writer.passOver();
      return false; // what is queued goes along with the next record
    }
    this.#queue = [];
    for (const writer of concerned) writer.fail(fault);
    return false;
  }

  #waitingWriters(): Set<RecordWriter> {
    return new Set(this.#queue.map(({ writer }) => writer));
  }
}
