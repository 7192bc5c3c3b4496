/** Which format a store on disk has, said in its root. */

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { TroupeError } from '../domain/errors.js';

export const STORE_FILE = 'store.json';
/** Of the layout: folders, leases and which files there are. Journals and documents carry versions of their own. */
const STORE_VERSION = 1;

const StoreFile = z.strictObject({
  format: z.literal('troupe-store'),
  version: z.literal(STORE_VERSION),
  storeId: z.string().min(1),
  createdAt: z.number(),
});

export type StoreFormat = z.output<typeof StoreFile>;

/** For a store that begins. */
export function newFormat(): string {
  const format: StoreFormat = {
    format: 'troupe-store',
    version: STORE_VERSION,
    storeId: randomUUID(),
    createdAt: Date.now(),
  };
  return JSON.stringify(format);
}

/** @param file As messages name it. @throws TroupeError `store_corrupt`, `store_version`. */
export function checkFormat(text: string, file: string): StoreFormat {
  const value = parse(text, file);
  checkVersion(value, STORE_VERSION, file);
  const parsed = StoreFile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TroupeError('store_corrupt', `${file} is not what a store begins with; nothing was changed; restore it`);
}

const Versioned = z.looseObject({ version: z.int() });

/** Whatever a later version looks like, it says which one it is. @throws TroupeError `store_version`. */
export function checkVersion(value: unknown, known: number, file: string): void {
  const versioned = Versioned.safeParse(value);
  if (!versioned.success || versioned.data.version <= known) return;
  const problem = `is of version ${versioned.data.version}, and this troupe knows versions up to ${known}`;
  throw new TroupeError('store_version', `${file} ${problem}; nothing was changed; update troupe`);
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TroupeError('store_corrupt', `${file} is not JSON; nothing was changed; restore it`, { cause });
  }
}
