/** How work on one file waits for earlier work on it in this process, so that two edits do not undo each other. */

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from './workspace.js';

const queues = new Map<string, Promise<unknown>>();

/** Runs `work` after all earlier work of this key has ended, whether well or not. */
export function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const earlier = queues.get(key) ?? Promise.resolve();
  const mine = earlier.then(work, work);
  const settled = mine.then(
    () => {},
    () => {},
  );
  queues.set(key, settled);
  settled.then(() => {
    if (queues.get(key) === settled) queues.delete(key);
  });
  return mine;
}

/** What names the file, whatever link it is reached by. */
export async function lockOf(workspace: Workspace, place: string): Promise<string> {
  const path = join(workspace.root, place);
  return realpath(path).catch(() => path);
}
