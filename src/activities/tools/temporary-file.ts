/** What a new content is called while it waits beside its file, and how those that a killed process left behind are cleared away. */

import { createHash, randomBytes } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Opened } from './confined-files.js';

const NAME = /^\.tmp-troupe-([0-9a-f]{8})-([1-9]\d{0,9})-[0-9a-f]{24}$/;
/** Processes of other machines cannot be looked at: their files are left alone. */
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const inUse = new Set<string>();

/** A name nobody can guess, so that nobody can lay a link there first. Give it back by `releaseTemporary`. */
export function claimTemporary(): string {
  const name = `.tmp-troupe-${host}-${process.pid}-${randomBytes(12).toString('hex')}`;
  inUse.add(name);
  return name;
}

export function releaseTemporary(name: string): void {
  inUse.delete(name);
}

/** Removes temporary files in the folder whose process is gone. Never rejects: they are in nobody's way. */
export async function clearTemporaries(folder: Opened): Promise<void> {
  const names = await readdir(folder.base).catch(() => []);
  for (const name of names.filter(isLeftOver)) await unlink(join(folder.base, name)).catch(() => {});
}

function isLeftOver(name: string): boolean {
  const [, madeOn, pid] = NAME.exec(name) ?? [];
  if (pid === undefined || madeOn !== host) return false;
  // A container that starts again has the same name and the same process id.
  return Number(pid) === process.pid ? !inUse.has(name) : isGone(Number(pid));
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ESRCH'; // only its code is looked at
  }
}
