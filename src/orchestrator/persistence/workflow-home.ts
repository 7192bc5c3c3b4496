/** Where a workflow is kept: one lease and one journal, for its steps that are done and for all of its subagents. */

import {
  type Journal,
  type JournalContents,
  type Lease,
  RecordLog,
  type RecordWriter,
  type WriterOptions,
} from '../../store/index.js';
import { parseLog, SubagentLog, saidInFull } from '../../subagent/index.js';
import type { Home, HomeOptions, StoredLog } from './home.js';
import { IdReserve } from './id-reserve.js';
import { sortLines, subagentLine } from './workflow-line.js';

/** What the journal says of the workflow itself. */
export interface OwnRecords {
  readonly writer: RecordWriter;
  /** What it said when it was opened. */
  readonly records: readonly unknown[];
  /** Of the journal. */
  readonly tornBytes: number;
  /** For messages. */
  readonly where: string;
}

interface Opened {
  readonly lease: Lease;
  readonly journal: Journal;
  readonly contents: JournalContents;
  /** By id, as they were written. */
  readonly stored: Map<string, unknown[]>;
  readonly own: readonly unknown[];
  readonly reserve: IdReserve;
}

/** Subagents are taken up from here once, when the workflow is opened; nothing of one is removed before all of it is. */
export class WorkflowHome implements Home {
  readonly hasDocuments = false;
  readonly readsBack = false;
  readonly #options: HomeOptions;
  readonly #opened: Opened;
  readonly #log: RecordLog;
  readonly #ids: readonly string[];
  /** Of those with records that are not on disk, at least. */
  readonly #writers = new Map<string, RecordWriter>();
  #closing: Promise<void> | undefined;
  #onOwnFault: WriterOptions['onFault'] = () => {};

  private constructor(options: HomeOptions, opened: Opened) {
    const { clock, onPersistError } = options;
    const { journal, reserve } = opened;
    this.#options = options;
    this.#opened = opened;
    this.#ids = [...opened.stored.keys()];
    this.#log = new RecordLog({ open: async () => journal, prepare: () => reserve.cover(), clock, onPersistError });
  }

  /** @throws TroupeError `workflow_busy`, `store_io`, `store_corrupt`, `store_version`. */
  static async open(options: HomeOptions): Promise<WorkflowHome> {
    const { store, path } = options;
    const lease = await store.acquire(path);
    try {
      const { journal, contents } = await store.openJournal(path, lease);
      const { stored, own } = sortLines(contents.records);
      const reserve = await IdReserve.open(store, path, lease, [...stored.keys()]);
      return new WorkflowHome(options, { lease, journal, contents, stored, own, reserve });
    } catch (error) {
      await letGo(lease);
      throw error;
    }
  }

  /** Of all that are on record. */
  ids(): string[] {
    return [...this.#ids];
  }

  own(callbacks: Pick<WriterOptions, 'onFault' | 'onHold'>): OwnRecords {
    const { own, contents } = this.#opened;
    this.#onOwnFault = callbacks.onFault;
    return {
      writer: this.#log.writer(callbacks),
      records: own,
      tornBytes: contents.tornBytes,
      where: this.#where,
    };
  }

  /** What was read of it; forgotten with this call. @throws TroupeError `store_corrupt`, `store_version`. */
  async load(id: string): Promise<StoredLog | undefined> {
    const { stored } = this.#opened;
    const written = stored.get(id);
    if (!written) return undefined;
    stored.delete(id);
    return { id, records: saidInFull(parseLog(written, `${this.#where}, ${id}`)), tornBytes: 0 };
  }

  logOf(id: string, onHold: () => void): SubagentLog {
    const { clock, redact, hub } = this.#options;
    this.#opened.reserve.give(id);
    const writer = this.#log.writer({
      onFault: (fault) => hub.publish(id, { type: 'persist_failed', ...fault }),
      onHold,
      lineOf: (records) => subagentLine(id, records),
    });
    this.#writers.set(id, writer);
    return new SubagentLog({ writer, clock, redact, lastSeq: () => hub.lastSeqOf(id) });
  }

  /** Who has ended is told nothing any more: what is left to write of it is the workflow's. */
  async closeLog(id: string): Promise<boolean> {
    const writer = this.#writers.get(id);
    writer?.leave(this.#onOwnFault);
    await writer?.flush().catch(() => {}); // held until the store works again, or all is closed
    const isWritten = writer?.isWritten ?? true;
    if (isWritten) this.#writers.delete(id);
    return isWritten;
  }

  /** What is left is tried once more, and waited for no longer: then nothing is written here any more. */
  giveUp(): void {
    void this.#log.close();
  }

  /** Resolves when all that was recorded of it is on disk. Throws as `RecordWriter.write`. */
  async saved(id: string): Promise<void> {
    await this.#writers.get(id)?.flush();
  }

  saveDocument(): void {
    // there is nothing to look at: each step is small files less
  }

  async readDocument(): Promise<undefined> {
    return undefined;
  }

  async forget(): Promise<void> {
    // what a step came to stays, until the workflow is forgotten
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { journal, lease, reserve } = this.#opened;
    await this.#log.close();
    await journal.close();
    try {
      await reserve.settle();
    } catch {
      // some ids are never given then
    }
    await letGo(lease);
  }

  get #where(): string {
    const { store, path } = this.#options;
    return `${store.name}: ${path.join('/')}`;
  }
}

/** It may be lost, or the disk gone: in both cases there is nothing left to hold. */
async function letGo(lease: Lease): Promise<void> {
  try {
    await lease.release();
  } catch {
    // as said above
  }
}
