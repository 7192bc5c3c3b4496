/** How the text of a config file is read: a regular file of bounded size, in UTF-8, with or without a byte order mark. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { messageOf, TroupeError } from '../domain/errors.js';
import { MAX_CONFIG_BYTES } from './source-text.js';

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file: a part of its path is no folder'],
  ['EACCES', 'it may not be read; check its permissions'],
  ['EPERM', 'it may not be read; check its permissions'],
  ['EISDIR', 'it is a folder, expected a file'],
]);

/** @throws TroupeError `config_invalid`, naming the file and why it cannot be read. */
export function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(file);
  } catch (cause) {
    if (cause instanceof TroupeError) throw cause;
    throw new TroupeError('config_invalid', `${file}: ${reasonOf(cause)}`, { cause });
  }
  if (bytes.length > MAX_CONFIG_BYTES) throw tooLarge(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // takes the byte order mark off
  } catch (cause) {
    throw new TroupeError('config_invalid', `${file}: it is not valid UTF-8 text`, { cause });
  }
}

/** Why a file or folder could not be opened, in words. */
export function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return REASONS.get(code) ?? `it cannot be read (${code || messageOf(cause)})`;
}

function readRegularFile(file: string): Buffer {
  const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // a pipe without a writer would block; not on every system
  try {
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) throw new TroupeError('config_invalid', `${file}: it is a folder, expected a file`);
    if (!stat.isFile()) throw new TroupeError('config_invalid', `${file}: it is no regular file`);
    if (stat.size > MAX_CONFIG_BYTES) throw tooLarge(file);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function tooLarge(file: string): TroupeError {
  return new TroupeError('config_invalid', `${file}: it is larger than ${MAX_CONFIG_BYTES} bytes; split it`);
}
