/** How lowdb reads and writes a journal: it reads the texts of all records, and appends those that it is given, durably. */

import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TroupeError } from '../domain/errors.js';
import type { FileLease } from './file-lease.js';
import { asStoreIo } from './fs-fault.js';
import { chain, formatLine, readLines } from './hash-chain.js';
import type { Adapter } from './low.js';
import { type JournalHistory, readHistory } from './read-journal.js';
import { openRecord, type Seal, segmentName } from './segment.js';
import type { JournalPosition, StorePath } from './session-store.js';
import type { StoreFolder } from './store-folder.js';
import { showPath } from './store-path.js';
import { syncFolder } from './sync-folder.js';
import { FILE_MODE, NO_FOLLOW } from './whole-file.js';

/** This epoch's segment, as far as it is durable. */
interface Own {
  readonly inode: number;
  readonly bytes: number;
  /** Of its last line. */
  readonly hash: string;
}

/**
 * Between two writes no file stays open. Each write checks before that the lease is held, so as not to write in vain, and after, which
 * is what counts: what is durable while it was still held, a successor will read.
 */
export class JournalAdapter implements Adapter<readonly string[]> {
  readonly #place: StoreFolder;
  readonly #path: StorePath;
  readonly #lease: FileLease;
  /** Names the segment: the lease's epoch, unless the lease files were lost and an earlier life of the journal had come further. */
  #epoch: number;
  #history: JournalHistory = { records: [], tornBytes: 0, latest: undefined };
  #position: JournalPosition = { count: 0, hash: '' };
  /** What the first line of this epoch's segment seals. */
  #former: Seal | null = null;
  #own: Own | undefined;
  /** Whether the file may hold something else than is known, because a write failed. */
  #isDoubtful = false;

  constructor(place: StoreFolder, path: StorePath, lease: FileLease) {
    this.#place = place;
    this.#path = path;
    this.#lease = lease;
    this.#epoch = lease.epoch;
  }

  get #file(): string {
    return join(this.#place.folderOf(this.#path), segmentName(this.#epoch));
  }

  get position(): JournalPosition {
    return this.#position;
  }

  /** What was read; forgotten with this call. */
  takeHistory(): JournalHistory {
    const history = this.#history;
    this.#history = { records: [], tornBytes: 0, latest: undefined };
    return history;
  }

  /** @throws TroupeError `lease_lost`, `config_invalid`, and whatever reading gives. */
  async read(): Promise<readonly string[]> {
    this.#lease.assertHeld();
    this.#history = (await readHistory(this.#place, this.#path)) ?? this.#history;
    const { records, latest } = this.#history;
    this.#position = { count: records.length, hash: records.at(-1)?.hash ?? '' };
    if (latest !== undefined) this.#continue(latest);
    return records.map(({ json }) => json);
  }

  /** Appends all of them or, when it rejects, none. @throws TroupeError `lease_lost`, `store_io`, `store_corrupt`. */
  write(texts: readonly string[]): Promise<void> {
    return this.#place.files.run(() => this.#write(texts));
  }

  async #write(texts: readonly string[]): Promise<void> {
    this.#lease.assertHeld();
    const isNew = this.#own === undefined;
    const head = isNew ? [openRecord(this.#path, this.#epoch, this.#lease.path.length, this.#former)] : [];
    const lines = chain(this.#own?.hash ?? '', [...head, ...texts]);
    const bytes = Buffer.from(lines.map(formatLine).join(''));
    const start = this.#own?.bytes ?? 0;
    let inode: number;
    try {
      if (isNew) await this.#prepareFolder();
      inode = await this.#append(bytes, start, isNew);
    } catch (cause) {
      throw asStoreIo(`append to ${this.#place.show(this.#file)}`, cause);
    }
    this.#isDoubtful = true; // until the lease says that nobody else took the journal over
    this.#lease.assertHeld();
    this.#isDoubtful = false;
    const hash = lines.at(-1)?.hash ?? '';
    this.#own = { inode, bytes: start + bytes.length, hash };
    if (texts.length > 0) this.#position = { count: this.#position.count + texts.length, hash };
  }

  #continue({ open: { epoch, leaseDepth }, seal }: NonNullable<JournalHistory['latest']>): void {
    const where = `${showPath(this.#path)} in ${this.#place.name}`;
    if (leaseDepth !== this.#lease.path.length) {
      const former = showPath(this.#path.slice(0, leaseDepth));
      throw new TroupeError(
        'config_invalid',
        `${where} is written under leases of ${former}; acquire one of that path`,
      );
    }
    if (epoch === this.#lease.epoch) {
      this.#own = { inode: Number.NaN, bytes: seal.bytes, hash: seal.hash }; // opened again within the epoch
      return;
    }
    this.#former = seal;
    this.#epoch = Math.max(this.#lease.epoch, epoch + 1);
  }

  /** What had records and vanished is not made anew. */
  async #prepareFolder(): Promise<void> {
    if (this.#former === null) {
      this.#place.ensure(this.#path);
      return;
    }
    const file = join(this.#place.folderOf(this.#path), segmentName(this.#former.epoch));
    const { size } = await stat(file);
    if (size < this.#former.bytes) throw cutShort(this.#place.show(file));
  }

  /** @returns the inode. */
  async #append(bytes: Buffer, start: number, isNew: boolean): Promise<number> {
    const creation = isNew ? constants.O_CREAT : 0;
    const handle = await open(this.#file, constants.O_RDWR | creation | NO_FOLLOW, FILE_MODE);
    try {
      const inode = await this.#checkEnd(handle, start);
      try {
        if (isNew) await handle.chmod(FILE_MODE); // whatever the umask takes away
        await writeAll(handle, bytes, start);
        await handle.datasync();
        if (isNew) await this.#syncFolders();
      } catch (cause) {
        this.#isDoubtful = true;
        await this.#cutBack(handle, start).catch(() => {}); // else the next append does it
        throw cause;
      }
      return inode;
    } finally {
      await handle.close();
    }
  }

  /** Makes sure that the file ends where this journal does. Reads it where there is doubt. @returns the inode. */
  async #checkEnd(handle: FileHandle, end: number): Promise<number> {
    const { size, ino } = await handle.stat();
    const isKnown = !this.#isDoubtful && (this.#own === undefined || this.#own.inode === ino);
    if (isKnown && size === end) return ino;
    const expected = this.#own?.hash;
    if (expected !== undefined) {
      const { lines, goodBytes } = readLines(await readStart(handle, end));
      if (goodBytes !== end || lines.at(-1)?.hash !== expected) throw cutShort(this.#place.show(this.#file));
    }
    if (size > end) {
      await handle.truncate(end); // a torn end, or what a failed write left
      await handle.datasync();
    }
    this.#isDoubtful = false;
    return ino;
  }

  /** A journal that another holder goes on with is no longer ours to cut. */
  async #cutBack(handle: FileHandle, end: number): Promise<void> {
    if (this.#lease.isHeld()) await handle.truncate(end);
  }

  /** Makes the name of a new segment durable, and where there was none before, the names of its folders. */
  async #syncFolders(): Promise<void> {
    const folder = this.#place.folderOf(this.#path);
    await syncFolder(folder);
    if (this.#former === null) await this.#place.syncAbove(folder);
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, start: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, start + written);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    written += bytesWritten;
  }
}

async function readStart(handle: FileHandle, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

function cutShort(file: string): TroupeError {
  const problem = 'no longer holds what was written to it; something else changed it';
  return new TroupeError('store_corrupt', `${file} ${problem}; nothing was changed; restore it from a copy`);
}
