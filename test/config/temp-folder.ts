/** Folders for a test's files; they are gone when the test file is done. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new folder with these files; a path may lead through subfolders. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-config-'));
  made.push(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** What `act` throws; fails where that is no TroupeError, or nothing. */
export function troupeErrorOf(act: () => unknown): TroupeError {
  try {
    act();
  } catch (error) {
    if (error instanceof TroupeError) return error;
    throw error;
  }
  throw new Error('expected a TroupeError, but nothing was thrown');
}

/** The message of a `config_invalid` that `act` throws. */
export function refusalOf(act: () => unknown): string {
  const error = troupeErrorOf(act);
  if (error.code !== 'config_invalid') throw error;
  return error.message;
}
