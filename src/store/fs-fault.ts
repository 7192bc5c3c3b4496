/** What is said when the file system refuses. */

import { TroupeError } from '../domain/errors.js';

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'no permission; let this user read and write there',
  EPERM: 'not permitted; let this user read and write there',
  EROFS: 'the disk is read-only; mount it for writing or choose another folder',
  ENOSPC: 'no space left on the disk; free some, then try again',
  EDQUOT: 'the disk quota is used up; free some, then try again',
  EFBIG: 'the file is as large as this process may write; raise the limit',
  ENOENT: 'it is gone; something else deleted it while it was in use',
  ENOTDIR: 'a file stands where a folder should be; move it away',
  EEXIST: 'a file stands where a folder should be; move it away',
  EISDIR: 'a folder stands where a file should be; move it away',
  ELOOP: 'a symbolic link stands there, which a store does not follow; remove it',
  EMFILE: 'too many open files in this process; raise its limit (ulimit -n), then try again',
  ENFILE: 'too many open files on this machine; close some, then try again',
  ENAMETOOLONG: 'the path is too long for this disk; use a folder nearer to its root or fewer levels',
  ENOTSUP: 'this disk cannot do it; choose a local one',
};

/** The code of an error of the file system. */
export function errnoOf(cause: unknown): string | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^(E[A-Z0-9]+|ERR_FS_.+)$/.test(code) ? code : undefined;
}

export function isErrno(cause: unknown, ...codes: string[]): boolean {
  return codes.includes(errnoOf(cause) ?? '');
}

/** @param what Such as `append to sessions/default/journal.1.ndjson of file ./.troupe`; paths relative to the store. */
export function storeIo(what: string, code: string, cause?: unknown): TroupeError {
  const remedy = REMEDIES[code] ?? 'see the cause, then try again';
  return new TroupeError('store_io', `could not ${what}: ${remedy} (${code})`, cause === undefined ? {} : { cause });
}

/** What is no fault of the file system goes through as it is. */
export function asStoreIo(what: string, cause: unknown): unknown {
  const code = errnoOf(cause);
  return code === undefined ? cause : storeIo(what, code, cause);
}
