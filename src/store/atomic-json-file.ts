/** How lowdb reads and writes a document: in an envelope with its path and a hash, through a temporary file that no other writer uses. */

import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { TroupeError } from '../domain/errors.js';
import { asStoreIo, isErrno } from './fs-fault.js';
import { chainHash } from './hash-chain.js';
import type { Adapter } from './low.js';
import type { StorePath } from './session-store.js';
import type { StoreFolder } from './store-folder.js';
import { checkVersion } from './store-format.js';
import { FILE_MODE, NO_EPOCH, NO_FOLLOW, temporaryName } from './whole-file.js';

const DOCUMENT_VERSION = 1;

const Envelope = z.strictObject({
  format: z.literal('troupe-document'),
  version: z.literal(DOCUMENT_VERSION),
  path: z.array(z.string()),
  value: z.unknown(),
});
/** The hash covers everything but itself, whatever the version. */
const Hashed = z.looseObject({ hash: z.string() });

/** What lowdb holds: the document as text, so that it is copied once. */
export interface DocumentText {
  readonly json: string;
}

/** One write at a time. Not flushed to the disk: a loss of power may leave the former document, or a damaged one, which is noticed. */
export class AtomicJsonFile implements Adapter<DocumentText> {
  readonly #place: StoreFolder;
  readonly #path: StorePath;
  readonly #file: string;
  readonly #epoch: number;

  /** @param epoch Of the lease it is written under, if it is. */
  constructor(place: StoreFolder, path: StorePath, file: string, epoch = NO_EPOCH) {
    this.#place = place;
    this.#path = path;
    this.#file = file;
    this.#epoch = epoch;
  }

  /** @returns null when there is none. @throws TroupeError `store_io`, `store_corrupt`, `store_version`. */
  async read(): Promise<DocumentText | null> {
    const text = await this.#place.files.run(() => this.#readText());
    return text === null ? null : { json: JSON.stringify(this.#open(text)) };
  }

  /** @throws TroupeError `store_io`; the former document is still there then. */
  write(document: DocumentText): Promise<void> {
    return this.#place.files.run(() => this.#write(document));
  }

  async #write({ json }: DocumentText): Promise<void> {
    const temporary = join(dirname(this.#file), temporaryName(this.#epoch));
    try {
      const handle = await open(temporary, 'wx', FILE_MODE);
      try {
        await handle.chmod(FILE_MODE); // whatever the umask takes away
        await handle.writeFile(seal(this.#path, json));
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#file);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => {}); // the next holder sweeps it
      throw asStoreIo(`write ${this.#place.show(this.#file)}`, cause);
    }
  }

  async #readText(): Promise<string | null> {
    try {
      const handle = await open(this.#file, constants.O_RDONLY | NO_FOLLOW);
      try {
        return await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    } catch (cause) {
      if (isErrno(cause, 'ENOENT')) return null;
      throw asStoreIo(`read ${this.#place.show(this.#file)}`, cause);
    }
  }

  #open(text: string): unknown {
    const hashed = Hashed.safeParse(parseOrNone(text));
    if (!hashed.success) throw this.#corrupt('is damaged');
    const { hash, ...rest } = hashed.data;
    if (chainHash('', JSON.stringify(rest)) !== hash) throw this.#corrupt('is damaged');
    checkVersion(rest, DOCUMENT_VERSION, this.#place.show(this.#file));
    const parsed = Envelope.safeParse(rest);
    if (!parsed.success) throw this.#corrupt('is not what a store writes');
    const isHere = JSON.stringify(parsed.data.path) === JSON.stringify(this.#path);
    if (!isHere) throw this.#corrupt('belongs to another place; it was moved or renamed');
    return parsed.data.value;
  }

  #corrupt(problem: string): TroupeError {
    const remedy = 'nothing was changed; delete it, and it is made again from the journal';
    return new TroupeError('store_corrupt', `${this.#place.show(this.#file)} ${problem}; ${remedy}`);
  }
}

/** The text of a file around a document's. */
function seal(path: StorePath, json: string): string {
  const head = `"format":"troupe-document","version":${DOCUMENT_VERSION},"path":${JSON.stringify(path)}`;
  const rest = `${head},"value":${json}}`;
  return `{"hash":"${chainHash('', `{${rest}`)}",${rest}`;
}

function parseOrNone(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
