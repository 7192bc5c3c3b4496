/** The journal of one subagent as it is written, with the time and without secrets, and as its conversation is read back. */

import type { Clock } from '../domain/clock.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';
import { FIRST_STORE_RETRY_MS, MAX_STORE_RETRY_MS } from '../domain/limits.js';
import type { Message } from '../domain/message.js';
import type { Redact } from '../domain/redact.js';
import { redactValue } from '../domain/redact-value.js';
import type { OnPersistError } from '../domain/stored.js';
import type { RecordWriter } from '../store/index.js';
import { conversationIn } from './fold-log.js';
import type { LogEntry, LogRecord } from './log-record.js';
import { isFirstWord, SaidOnce, saidInFull } from './said-once.js';
import type { TranscriptEntry } from './transcript.js';

export interface SubagentLogOptions {
  /** Into a journal of its own, or into one that it shares. */
  readonly writer: RecordWriter;
  readonly clock: Clock;
  readonly redact: Redact;
  /** `seq` of the last event that was published. */
  readonly lastSeq: () => number;
  /** Absent where what is on disk is not to be read while it is written. */
  readonly reading?: { readonly records: () => Promise<readonly LogRecord[]>; readonly onPersistError: OnPersistError };
}

export type ReadBack =
  | { readonly entries: readonly TranscriptEntry[] }
  /** The store fails; it is to be tried again then. */
  | { readonly retryInMs: number };

export class SubagentLog {
  readonly #options: SubagentLogOptions;
  readonly #once = new SaidOnce();
  #isCut = false;
  /** A secret was said, which is not on disk. */
  #hasSecrets = false;
  #reading: Promise<ReadBack> | undefined;
  /** After the next try that fails. */
  #retryInMs = FIRST_STORE_RETRY_MS;

  constructor(options: SubagentLogOptions) {
    this.#options = options;
  }

  /** It waits for the store to work again: nothing goes on before. */
  get isHolding(): boolean {
    return this.#options.writer.isHolding;
  }

  /** The conversation could be read back from it now, word by word. */
  get holdsConversation(): boolean {
    const { reading, writer } = this.#options;
    return reading !== undefined && !this.#hasSecrets && writer.isWritten;
  }

  /** Written soon, and before everything that is added later. After the end of its subagent nothing is: late work of it is dropped. */
  add(entry: LogEntry): void {
    if (this.#isCut) return;
    const { writer, clock, redact, lastSeq } = this.#options;
    const short = this.#once.shortened(withHidden(entry, redact), redact);
    const record = redactValue({ ...short, t: clock.now(), seq: lastSeq() }, redact);
    if (!isSaidAlike(entry, record)) this.#hasSecrets = true;
    writer.add(record as unknown as JsonValue); // texts, numbers, and what came as JSON
    if (entry.type === 'ended') this.#isCut = true;
  }

  /** From now on nothing is added, as if its process had been killed: what is on record can be taken up again. */
  cut(): void {
    this.#isCut = true;
  }

  /** As `RecordWriter.write`: resolves when it and all before are on disk. */
  async write(entry: LogEntry, signal?: AbortSignal): Promise<void> {
    this.add(entry);
    await this.#options.writer.flush(signal);
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.#options.writer.flush(signal);
  }

  /** Resolves when what was added so far is on disk, or cannot be for now. Never rejects. */
  rest(): Promise<void> {
    return this.#options.writer.rest();
  }

  /** Resolves when nothing is being written. Never rejects. */
  idle(): Promise<void> {
    return this.#options.writer.idle();
  }

  /**
   * The conversation as it is on disk. Where the store fails, that is told, and it is to be tried again.
   * @throws TroupeError `store_corrupt`, `store_version`; `store_io` where `onPersistError` is `fail`.
   */
  readBack(): Promise<ReadBack> {
    this.#reading ??= this.#readBack().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readBack(): Promise<ReadBack> {
    const { writer, reading } = this.#options;
    try {
      const entries = conversationIn(saidInFull((await reading?.records()) ?? []));
      this.#retryInMs = FIRST_STORE_RETRY_MS;
      return { entries };
    } catch (cause) {
      const fault = cause instanceof TroupeError ? cause : new TroupeError('store_io', messageOf(cause), { cause });
      if (fault.code !== 'store_io' || reading?.onPersistError === 'fail') throw fault;
      const retryInMs = this.#retryInMs;
      this.#retryInMs = Math.min(MAX_STORE_RETRY_MS, retryInMs * 2);
      writer.onFault({ code: fault.code, retryInMs });
      return { retryInMs };
    }
  }
}

/** What is written of the conversation says all that was said. */
function isSaidAlike(entry: LogEntry, written: LogEntry): boolean {
  // The first word stands there, where it is the prompt.
  if (entry.type === 'spawned') return written.type === 'spawned' && written.config.prompt === entry.config.prompt;
  if (entry.type === 'settled') return written.type === 'settled' && written.content === entry.content;
  if (entry.type !== 'said' || (isFirstWord(written) && written.message.content === '')) return true;
  return written.type === 'said' && isSame(entry.message, written.message);
}

/** Redaction copies the calls only where it takes something out of them. */
function isSame(message: Message, written: Message): boolean {
  if (message.content !== written.content) return false;
  return message.role !== 'assistant' || written.role !== 'assistant' || message.toolCalls === written.toolCalls;
}

/** Says which calls of an answer lose a secret on the way to the disk. */
function withHidden(entry: LogEntry, redact: Redact): LogEntry {
  if (entry.type !== 'said' || entry.message.role !== 'assistant') return entry;
  const calls = entry.message.toolCalls ?? [];
  const hidden = calls.filter(({ arguments: args }) => redact(args) !== args).map(({ id }) => id);
  return hidden.length > 0 ? { ...entry, hidden } : entry;
}
