/** Where subagents are kept: those of a session under one lease, with a journal for each. */

import type { Clock } from '../../domain/clock.js';
import { TroupeError } from '../../domain/errors.js';
import type { JsonValue } from '../../domain/json.js';
import type { Redact } from '../../domain/redact.js';
import { redactValue } from '../../domain/redact-value.js';
import type { OnPersistError } from '../../domain/stored.js';
import type { EventHub } from '../../events/index.js';
import {
  Gate,
  type Journal,
  type Lease,
  type PersistFault,
  RecordLog,
  type RecordWriter,
  type SessionStore,
  type StorePath,
} from '../../store/index.js';
import { type LogRecord, parseLog, SubagentLog, saidInFull } from '../../subagent/index.js';

export interface HomeOptions {
  readonly store: SessionStore;
  /** Such as `['sessions', 'default']`. */
  readonly path: StorePath;
  readonly clock: Clock;
  readonly redact: Redact;
  readonly onPersistError: OnPersistError;
  readonly hub: Pick<EventHub, 'publish' | 'lastSeqOf'>;
}

/** What a journal held when it was opened. */
export interface StoredLog {
  readonly id: string;
  readonly records: readonly LogRecord[];
  readonly tornBytes: number;
}

/** A session's, or a workflow's. */
export interface Home {
  /** Whether there is something to look at besides what is on record. */
  readonly hasDocuments: boolean;
  /** Whether conversations are read back from here while their subagents live. */
  readonly readsBack: boolean;

  /** True ids of all that are kept here. */
  ids(): string[] | Promise<string[]>;

  /** What is on record of one, before it is written again. @throws TroupeError `store_corrupt`, `store_version`, `store_io`. */
  load(id: string): Promise<StoredLog | undefined>;

  /** The log of one that is spawned or taken up again. @param onHold Called when it waits for the store to work again. */
  logOf(id: string, onHold: () => void): SubagentLog;

  /**
   * Resolves when its last record is on disk, or will not be: then nothing of it stays in memory. Never rejects.
   * @returns whether all of it is on disk.
   */
  closeLog(id: string): Promise<boolean>;

  /** What there is to look at; a short cut, so a write that fails is told by nothing but the journal's own. */
  saveDocument(id: string, document: JsonValue): void;

  /** Undefined where there is none to be had. @throws TroupeError `store_version` for one that a newer library has written. */
  readDocument(id: string): Promise<JsonValue | undefined>;

  /** Removes all that is kept of one that has ended. */
  forget(id: string): Promise<void>;

  /** Writes what is left and lets the lease go. Never rejects. */
  close(): Promise<void>;
}

/** Below the path of a session. */
export const SUBAGENTS = 'subagents';

/** Journals that are read back at once: each is in memory whole until its conversation is made of it. */
const MAX_READS = 16;

export class SessionHome implements Home {
  readonly hasDocuments = true;
  readonly readsBack = true;
  readonly #options: HomeOptions;
  readonly #lease: Lease;
  readonly #logs = new Map<string, { readonly log: RecordLog; readonly writer: RecordWriter }>();
  /** Of those that were read before they are written. */
  readonly #journals = new Map<string, Journal>();
  /** Logs whose last records are being written, by id. */
  readonly #ending = new Map<string, Promise<boolean>>();
  readonly #documents = new Set<Promise<void>>();
  readonly #reads = new Gate(MAX_READS);
  #isClosing = false;

  private constructor(options: HomeOptions, lease: Lease) {
    this.#options = options;
    this.#lease = lease;
  }

  /** Synchronous where the store is. @throws TroupeError `workflow_busy`, `store_io`, `store_corrupt`, `store_version`. */
  static open(options: HomeOptions): SessionHome | Promise<SessionHome> {
    const lease = options.store.acquire(options.path);
    return lease instanceof Promise
      ? lease.then((held) => new SessionHome(options, held))
      : new SessionHome(options, lease);
  }

  ids(): string[] | Promise<string[]> {
    return this.#options.store.list([...this.#options.path, SUBAGENTS]);
  }

  /** Keeps its journal open for what comes. */
  async load(id: string): Promise<StoredLog | undefined> {
    const { store } = this.#options;
    const { journal, contents } = await store.openJournal(this.#pathOf(id), this.#lease);
    if (contents.records.length === 0) {
      await journal.close(); // a crash came before its first record
      return undefined;
    }
    this.#journals.set(id, journal);
    const records = saidInFull(parseLog(contents.records, this.#where(id)));
    return { id, records, tornBytes: contents.tornBytes };
  }

  logOf(id: string, onHold: () => void): SubagentLog {
    const { store, clock, redact, onPersistError, hub } = this.#options;
    const log = new RecordLog({
      open: async () => {
        const loaded = this.#journals.get(id);
        if (loaded) return loaded;
        return (await store.openJournal(this.#pathOf(id), this.#lease)).journal;
      },
      clock,
      onPersistError,
    });
    const onFault = (fault: PersistFault) => hub.publish(id, { type: 'persist_failed', ...fault });
    const writer = log.writer({ onFault, onHold });
    this.#logs.set(id, { log, writer });
    const reading = { records: () => this.#reads.run(() => this.#readBack(id)), onPersistError };
    return new SubagentLog({ writer, clock, redact, lastSeq: () => hub.lastSeqOf(id), reading });
  }

  async #readBack(id: string): Promise<LogRecord[]> {
    const contents = await this.#options.store.readJournal(this.#pathOf(id));
    return parseLog(contents?.records ?? [], this.#where(id));
  }

  closeLog(id: string): Promise<boolean> {
    const known = this.#ending.get(id);
    if (known) return known;
    const closed = this.#closeLog(id).finally(() => this.#ending.delete(id));
    this.#ending.set(id, closed);
    return closed;
  }

  async #closeLog(id: string): Promise<boolean> {
    const { log, writer } = this.#logs.get(id) ?? {};
    await writer?.flush().catch(() => {}); // held until the store works again, or all is closed
    const isWritten = writer?.isWritten ?? true;
    if (!isWritten && this.#options.onPersistError === 'continue' && !this.#isClosing) return false; // tried again at the close
    await (log ?? this.#journals.get(id))?.close();
    this.#logs.delete(id);
    this.#journals.delete(id);
    return isWritten;
  }

  saveDocument(id: string, document: JsonValue): void {
    const { store, redact } = this.#options;
    const write = store.writeDocument(this.#pathOf(id), redactValue(document, redact), this.#lease).catch(() => {});
    this.#documents.add(write);
    void write.then(() => this.#documents.delete(write));
  }

  async readDocument(id: string): Promise<JsonValue | undefined> {
    try {
      return await this.#options.store.readDocument(this.#pathOf(id));
    } catch (error) {
      if (error instanceof TroupeError && error.code !== 'store_version') return undefined; // the journal says it all
      throw error;
    }
  }

  async forget(id: string): Promise<void> {
    await this.closeLog(id);
    const unwritten = this.#logs.get(id);
    this.#logs.delete(id);
    await unwritten?.log.close();
    await this.#options.store.remove(this.#pathOf(id), this.#lease);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const id of new Set([...this.#logs.keys(), ...this.#journals.keys()])) void this.closeLog(id);
    for (const { log } of this.#logs.values()) void log.close(); // no longer held
    await Promise.all(this.#ending.values()); // those of subagents that have just ended too
    await Promise.all(this.#documents);
    try {
      await this.#lease.release();
    } catch {
      // It was lost, or the disk is gone: in both cases there is nothing left to hold.
    }
  }

  /** For messages. */
  #where(id: string): string {
    return `${this.#options.store.name}: ${this.#pathOf(id).join('/')}`;
  }

  #pathOf(id: string): StorePath {
    return [...this.#options.path, SUBAGENTS, id];
  }
}
