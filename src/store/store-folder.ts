/** Where things lie on the disk: a folder for each name, made for the owner only; no symbolic link inside is followed. */

import { randomUUID } from 'node:crypto';
import { chmodSync, type Dirent, lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { TroupeError } from '../domain/errors.js';
import { MAX_STORE_FILES } from '../domain/limits.js';
import { folderNameOf, isFolderName, isHashed } from './folder-name.js';
import { asStoreIo, isErrno, storeIo } from './fs-fault.js';
import { Gate } from './gate.js';
import type { StorePath } from './session-store.js';
import { checkFormat, newFormat, STORE_FILE } from './store-format.js';
import { syncFolder } from './sync-folder.js';
import { createWhole, FOLDER_MODE, readWhole } from './whole-file.js';

export const DOCUMENT_FILE = 'document.json';
const NAME_FILE = 'name.json';
/** What was removed waits here for its deletion; no name of a store begins with a dot. */
const REMOVED_FOLDER = '.removed';
const HOLDS_DATA = /^(journal\.\d+\.ndjson|document\.json)$/;

const NameFile = z.strictObject({ name: z.string().min(1) });

export class StoreFolder {
  /** For messages. */
  readonly name: string;
  /** Through it goes whatever opens files and waits for the disk. */
  readonly files = new Gate(MAX_STORE_FILES);
  readonly #root: string;
  /** Folders with others in them, whose names are on the disk for sure. */
  readonly #durable = new Set<string>();

  constructor(dir: string) {
    this.name = `file ${dir}`;
    this.#root = resolve(dir); // at once: the working folder may change
  }

  /** The folder of a path, whether it exists or not. */
  folderOf(path: StorePath): string {
    return join(this.#root, ...path.map(folderNameOf));
  }

  /** A file as messages name it: relative to the store. */
  show(file: string): string {
    return `${relative(this.#root, file).replaceAll('\\', '/') || '.'} of ${this.name}`;
  }

  /** Runs what touches a file, with the faults of the file system told in our words. */
  guard<Result>(verb: string, file: string, act: () => Result): Result {
    try {
      return act();
    } catch (cause) {
      throw asStoreIo(`${verb} ${this.show(file)}`, cause);
    }
  }

  /** Makes what is missing. @returns the folder. @throws TroupeError `store_io`, `store_corrupt`, `store_version`. */
  ensure(path: StorePath): string {
    let folder = this.#root;
    this.guard('make the folder', folder, () => {
      mkdirSync(dirname(folder), { recursive: true, mode: FOLDER_MODE });
      this.#makeFolder(folder);
      if (this.#readFormat() === undefined) createWhole(folder, STORE_FILE, newFormat());
    });
    this.#readFormat();
    for (const name of path) {
      folder = join(folder, folderNameOf(name));
      this.guard('make the folder', folder, () => this.#makeFolder(folder));
      this.#checkFolder(folder);
      if (isHashed(folderNameOf(name)) && this.#trueName(folder) === undefined) {
        this.guard('name the folder', folder, () => createWhole(folder, NAME_FILE, JSON.stringify({ name })));
      }
      this.#checkName(folder, name);
    }
    return folder;
  }

  /** The folder of a path if it exists. @throws TroupeError `store_io`, `store_corrupt`, `store_version`. */
  find(path: StorePath): string | undefined {
    if (this.#readFormat() === undefined && !this.#checkFolder(this.#root, true)) return undefined;
    let folder = this.#root;
    for (const name of path) {
      folder = join(folder, folderNameOf(name));
      if (!this.#checkFolder(folder)) return undefined;
      this.#checkName(folder, name);
    }
    return folder;
  }

  list(path: StorePath): string[] {
    const folder = this.find(path);
    if (folder === undefined) return [];
    const children = this.#children(folder).filter((entry) => this.#isOurs(entry));
    return children
      .filter(({ name }) => this.#holdsData(join(folder, name)))
      .map(({ name }) => (isHashed(name) ? this.#checkedName(join(folder, name)) : name))
      .sort();
  }

  /** Moves it out of the way in one step, then deletes it. */
  async remove(path: StorePath): Promise<void> {
    const folder = this.find(path);
    if (folder === undefined) return;
    const removed = join(this.#root, REMOVED_FOLDER);
    this.guard('remove', folder, () => {
      this.#makeFolder(removed);
      this.#checkFolder(removed);
      renameSync(folder, join(removed, randomUUID()));
    });
    this.#durable.clear();
    await syncFolder(dirname(folder)).catch((cause) => {
      throw asStoreIo(`remove ${this.show(folder)}`, cause);
    });
    await this.deleteRemoved();
  }

  /** Also of removals that a crash broke off. */
  async deleteRemoved(): Promise<void> {
    const removed = join(this.#root, REMOVED_FOLDER);
    if (!this.#checkFolder(removed)) return;
    try {
      await rm(removed, { recursive: true, force: true });
    } catch (cause) {
      if (!isErrno(cause, 'ENOTEMPTY')) throw asStoreIo(`delete ${this.show(removed)}`, cause); // another removal came in between
    }
  }

  /** Makes the names of a folder and of those above it durable. */
  async syncAbove(folder: string): Promise<void> {
    for (let at = folder; at !== this.#root && !this.#durable.has(at); at = dirname(at)) {
      await syncFolder(dirname(at));
      if (at !== folder) this.#durable.add(at); // few: the ones that others lie in
    }
  }

  #readFormat() {
    const file = join(this.#root, STORE_FILE);
    const text = this.guard('read', file, () => readWhole(file));
    return text === undefined ? undefined : checkFormat(text, this.show(file));
  }

  #makeFolder(folder: string): void {
    try {
      mkdirSync(folder, FOLDER_MODE);
    } catch (cause) {
      if (isErrno(cause, 'EEXIST')) return;
      throw cause;
    }
    chmodSync(folder, FOLDER_MODE); // whatever the umask takes away
  }

  /** Whether it exists. The root may be a link. @throws TroupeError `store_io` when it is no folder. */
  #checkFolder(folder: string, mayBeLink = false): boolean {
    const stat = this.guard('open', folder, () => lstatSync(folder, { throwIfNoEntry: false }));
    if (stat === undefined) return false;
    if (stat.isDirectory() || (mayBeLink && stat.isSymbolicLink())) return true;
    throw storeIo(`open ${this.show(folder)}`, stat.isSymbolicLink() ? 'ELOOP' : 'ENOTDIR');
  }

  /** What a folder of a hashed name says that it is called. */
  #trueName(folder: string): string | undefined {
    const file = join(folder, NAME_FILE);
    const text = this.guard('read', file, () => readWhole(file));
    if (text === undefined) return undefined;
    const parsed = NameFile.safeParse(parseOrNone(text));
    if (parsed.success && join(dirname(folder), folderNameOf(parsed.data.name)) === folder) return parsed.data.name;
    throw new TroupeError(
      'store_corrupt',
      `${this.show(file)} does not hold the name of its folder; nothing was changed; restore it or move the folder away`,
    );
  }

  #checkName(folder: string, name: string): void {
    if (!isHashed(folderNameOf(name))) return;
    const found = this.#trueName(folder);
    if (found === undefined || found === name) return; // a crash may have come before the file was made
    const problem = `belongs to another name of the same hash; choose another name`;
    throw new TroupeError('store_corrupt', `${this.show(folder)} ${problem}`);
  }

  #checkedName(folder: string): string {
    const name = this.#trueName(folder);
    if (name !== undefined) return name;
    const problem = `holds data but no ${NAME_FILE}, so its name is unknown; restore it or move the folder away`;
    throw new TroupeError('store_corrupt', `${this.show(folder)} ${problem}`);
  }

  #children(folder: string): Dirent[] {
    return this.guard('list', folder, () => {
      try {
        return readdirSync(folder, { withFileTypes: true });
      } catch (cause) {
        if (isErrno(cause, 'ENOENT')) return []; // removed meanwhile
        throw cause;
      }
    });
  }

  #holdsData(folder: string): boolean {
    const entries = this.#children(folder);
    if (entries.some((entry) => entry.isFile() && HOLDS_DATA.test(entry.name))) return true;
    return entries.some((entry) => this.#isOurs(entry) && this.#holdsData(join(folder, entry.name)));
  }

  #isOurs(entry: Dirent): boolean {
    return entry.isDirectory() && isFolderName(entry.name);
  }
}

function parseOrNone(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
