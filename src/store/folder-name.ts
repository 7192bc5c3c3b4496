/** Which folder stands for a name, on every file system: case-blind ones and Windows too. */

import { createHash } from 'node:crypto';

const SAFE = /^[a-z0-9_-]{1,64}$/;
/** Names that Windows keeps for devices. */
const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;
const HASHED = /^~[0-9a-f]{32}$/;
/** Hexadecimal digits of the name's hash, 4 bits each. */
const HASH_LENGTH = 32;

/** The name itself where it is safe, else a mark that no safe name has, and its hash. */
export function folderNameOf(name: string): string {
  if (SAFE.test(name) && !DEVICE.test(name)) return name;
  const bytes = Buffer.from(name, 'utf16le'); // as utf8, all lone surrogates would be one
  return `~${createHash('sha256').update(bytes).digest('hex').slice(0, HASH_LENGTH)}`;
}

/** Such a folder says its true name in a file within. */
export function isHashed(folderName: string): boolean {
  return HASHED.test(folderName);
}

/** Whether a store could have made a folder of that name. */
export function isFolderName(folderName: string): boolean {
  return isHashed(folderName) || folderNameOf(folderName) === folderName;
}
