/** How records wait for the disk: what is appended while a write runs goes into the next one, all together. */

import { TroupeError } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';
import type { JournalAdapter } from './journal-adapter.js';
import type { Low } from './low.js';
import type { Journal, JournalPosition, StorePath } from './session-store.js';
import { showPath, toJson } from './store-path.js';

interface Waiting {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

export class FileJournal implements Journal {
  readonly #path: StorePath;
  readonly #adapter: JournalAdapter;
  /** Its data is what it writes next. */
  readonly #db: Low<readonly string[]>;
  readonly #onClose: () => void;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: StorePath, adapter: JournalAdapter, db: Low<readonly string[]>, onClose: () => void) {
    this.#path = path;
    this.#adapter = adapter;
    this.#db = db;
    this.#onClose = onClose;
  }

  get position(): JournalPosition {
    return this.#adapter.position;
  }

  async append(record: JsonValue): Promise<void> {
    if (this.#closing !== undefined) {
      throw new TroupeError('closed', `the journal ${showPath(this.#path)} is closed; open it again`);
    }
    const text = toJson(record, this.#path);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await this.#writing;
    this.#onClose();
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // what is appended in this tick goes together
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        this.#db.data = batch.map(({ text }) => text);
        await this.#db.write();
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        const all = [...batch, ...this.#waiting]; // nothing is written after a hole
        this.#waiting = [];
        for (const { reject } of all) reject(cause);
      }
    }
    this.#db.data = [];
    this.#writing = undefined;
  }
}
