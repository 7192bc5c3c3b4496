/** How small files appear: whole or not at all, readable by the owner only. Synchronous. */

import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isErrno } from './fs-fault.js';

export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;
/** Absent on Windows. */
export const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

const TEMPORARY = /^\.t(\d+)\./;
/** Epoch of temporary files that belong to no lease yet. */
export const NO_EPOCH = 0;

/** Its text; `undefined` when there is no such file. Not through a symbolic link. */
export function readWhole(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | NO_FOLLOW);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw cause;
  }
  try {
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** A name that no other writer uses; from the epoch a later holder knows it for a left-over. */
export function temporaryName(epoch: number): string {
  return `.t${epoch}.${randomUUID()}`;
}

/** Writes a temporary file. @returns its path. */
export function writeTemporary(folder: string, text: string, isDurable: boolean): string {
  const file = join(folder, temporaryName(NO_EPOCH));
  const descriptor = openSync(file, 'wx', FILE_MODE);
  try {
    fchmodSync(descriptor, FILE_MODE); // whatever the umask takes away
    writeAll(descriptor, Buffer.from(text));
    if (isDurable) fsyncSync(descriptor);
  } catch (cause) {
    rmSync(file, { force: true });
    throw cause;
  } finally {
    closeSync(descriptor);
  }
  return file;
}

/** Gives a file its name unless something bears it. @returns whether it did. */
export function linkIfFree(file: string, target: string): boolean {
  try {
    linkSync(file, target);
    return true;
  } catch (cause) {
    if (isErrno(cause, 'EEXIST')) return false;
    throw cause;
  }
}

/** Makes a durable file unless there is one. */
export function createWhole(folder: string, name: string, text: string): void {
  const temporary = writeTemporary(folder, text, true);
  try {
    linkIfFree(temporary, join(folder, name));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes what writers of other epochs left behind when they died. */
export function sweepTemporary(folder: string, epoch: number): void {
  for (const name of readdirSync(folder)) {
    const found = TEMPORARY.exec(name);
    if (found !== null && Number(found[1]) !== epoch) rmSync(join(folder, name), { force: true });
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}
