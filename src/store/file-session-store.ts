/** The store on a local disk, with lowdb as its front. */

import { join } from 'node:path';
import { TroupeError } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';
import { AtomicJsonFile, type DocumentText } from './atomic-json-file.js';
import { FileJournal } from './file-journal.js';
import { acquireLease, FileLease } from './file-lease.js';
import { Heartbeat } from './heartbeat.js';
import { JournalAdapter } from './journal-adapter.js';
import { LatestWriter } from './latest-writer.js';
import { Low } from './low.js';
import { readHistory, toContents } from './read-journal.js';
import { parseRecord } from './segment.js';
import type { JournalContents, Lease, OpenedJournal, SessionStore, StorePath } from './session-store.js';
import { DOCUMENT_FILE, StoreFolder } from './store-folder.js';
import { checkCovers, checkNames, checkPath, isAtOrBelow, pathKey, showPath, toJson } from './store-path.js';
import { sweepTemporary } from './whole-file.js';

const NO_DOCUMENT: DocumentText = { json: '' };

interface Draft extends DocumentText {
  readonly lease: FileLease;
}

interface DocumentWriter {
  readonly path: StorePath;
  readonly writer: LatestWriter<Draft>;
}

/**
 * Keeps everything below one folder, for the owner only. Several processes may share it; each lease has one holder. It needs a disk
 * with hard links, so a local one. Nothing is touched before the first use.
 */
export class FileSessionStore implements SessionStore {
  readonly name: string;
  readonly #place: StoreFolder;
  readonly #heartbeat = new Heartbeat();
  readonly #writers = new Map<string, DocumentWriter>();
  readonly #leases = new WeakSet<FileLease>();
  #hasSwept = false;

  /** @param dir Relative to the working folder of this moment. @throws TroupeError `config_invalid`. */
  constructor(dir: string) {
    if (typeof dir !== 'string' || dir === '' || dir.includes('\0')) {
      throw new TroupeError('config_invalid', `FileSessionStore: dir: expected the path of a folder; got ${show(dir)}`);
    }
    this.#place = new StoreFolder(dir);
    this.name = this.#place.name;
  }

  acquire(path: StorePath): Lease {
    checkPath(path);
    const lease = acquireLease(this.#place, path, this.#heartbeat);
    this.#leases.add(lease);
    return lease;
  }

  async openJournal(path: StorePath, lease: Lease): Promise<OpenedJournal> {
    const own = this.#own(lease, path);
    const key = pathKey(path);
    if (own.openJournals.has(key)) {
      const problem = 'is open already; close it first';
      throw new TroupeError('wrong_state', `the journal ${showPath(path)} in ${this.name} ${problem}`);
    }
    own.openJournals.add(key);
    try {
      await this.#sweep(path, own);
      const adapter = new JournalAdapter(this.#place, path, own);
      const db = new Low<readonly string[]>(adapter, []);
      await db.read();
      const contents = toContents(adapter.takeHistory(), this.#place.show(this.#place.folderOf(path)));
      db.data = [];
      return { journal: new FileJournal(path, adapter, db, () => own.openJournals.delete(key)), contents };
    } catch (cause) {
      own.openJournals.delete(key);
      throw cause;
    }
  }

  async readJournal(path: StorePath): Promise<JournalContents | undefined> {
    checkPath(path);
    const history = await readHistory(this.#place, path);
    if (history === undefined) return undefined;
    return toContents(history, this.#place.show(this.#place.folderOf(path)));
  }

  async readDocument(path: StorePath): Promise<JsonValue | undefined> {
    checkPath(path);
    const folder = this.#place.find(path);
    if (folder === undefined) return undefined;
    const file = join(folder, DOCUMENT_FILE);
    const db = new Low<DocumentText>(new AtomicJsonFile(this.#place, path, file), NO_DOCUMENT);
    await db.read();
    return db.data === NO_DOCUMENT ? undefined : parseRecord<JsonValue>(db.data.json, this.#place.show(file));
  }

  async writeDocument(path: StorePath, value: JsonValue, lease: Lease): Promise<void> {
    const draft: Draft = { json: toJson(value, path), lease: this.#own(lease, path) };
    await this.#writerOf(path).write(draft);
  }

  list(path: StorePath): string[] {
    checkNames(path);
    return this.#place.list(path);
  }

  async remove(path: StorePath, lease: Lease): Promise<void> {
    const own = this.#own(lease, path);
    own.assertHeld();
    const below = [...this.#writers.values()].filter((each) => isAtOrBelow(each.path, path));
    for (const { writer } of below) await writer.idle(); // else a late one would make the folder anew
    own.assertHeld();
    await this.#place.remove(path);
    if (path.length === own.path.length) own.giveUp();
  }

  #own(lease: Lease, path: StorePath): FileLease {
    checkCovers(lease, path);
    if (lease instanceof FileLease && this.#leases.has(lease)) return lease;
    throw new TroupeError('config_invalid', `the lease on ${showPath(lease.path)} is not one of ${this.name}`);
  }

  #writerOf(path: StorePath): LatestWriter<Draft> {
    const key = pathKey(path);
    const found = this.#writers.get(key);
    if (found !== undefined) return found.writer;
    const writer = new LatestWriter<Draft>(
      (draft) => this.#writeDraft(path, draft),
      () => this.#writers.delete(key),
    );
    this.#writers.set(key, { path, writer });
    return writer;
  }

  async #writeDraft(path: StorePath, { json, lease }: Draft): Promise<void> {
    lease.assertHeld();
    const folder = this.#place.ensure(path);
    const adapter = new AtomicJsonFile(this.#place, path, join(folder, DOCUMENT_FILE), lease.epoch);
    await new Low<DocumentText>(adapter, { json }).write();
    lease.assertHeld();
  }

  /** What dead writers left behind. */
  async #sweep(path: StorePath, lease: FileLease): Promise<void> {
    lease.assertHeld();
    const folder = this.#place.find(path);
    if (folder !== undefined) this.#place.guard('sweep', folder, () => sweepTemporary(folder, lease.epoch));
    if (this.#hasSwept) return;
    this.#hasSwept = true;
    await this.#place.deleteRemoved();
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value;
}
