/** Which paths and values a store takes. */

import { messageOf, TroupeError } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';
import type { Lease, StorePath } from './session-store.js';

/** @throws TroupeError `config_invalid` for an empty path or name. */
export function checkPath(path: StorePath): void {
  if (path.length === 0) throw new TroupeError('config_invalid', 'store path: expected at least one name; got none');
  checkNames(path);
}

/** The root is allowed too. @throws TroupeError `config_invalid` for an empty name. */
export function checkNames(path: StorePath): void {
  const wrong = path.findIndex((name) => typeof name !== 'string' || name === '');
  if (wrong < 0) return;
  throw new TroupeError('config_invalid', `store path ${showPath(path)}: name ${wrong + 1} is empty; give it a name`);
}

/** @throws TroupeError `config_invalid` when the lease's path is neither `path` nor above it. */
export function checkCovers(lease: Lease, path: StorePath): void {
  checkPath(path);
  if (isAtOrBelow(path, lease.path)) return;
  const places = `${showPath(path)} with a lease on ${showPath(lease.path)}`;
  throw new TroupeError('config_invalid', `cannot write at ${places}; acquire one at that path or above it`);
}

export function isAtOrBelow(path: StorePath, above: StorePath): boolean {
  return above.length <= path.length && above.every((name, index) => name === path[index]);
}

/** The same for equal paths and only for them. */
export function pathKey(path: StorePath): string {
  return JSON.stringify(path);
}

/** For messages. */
export function showPath(path: StorePath): string {
  return path.length === 0 ? '(root)' : path.join('/');
}

/** @throws TroupeError `config_invalid` for what JSON cannot say. */
export function toJson(value: JsonValue, path: StorePath): string {
  try {
    const json: string | undefined = JSON.stringify(value);
    if (json !== undefined) return json;
  } catch (cause) {
    const problem = messageOf(cause);
    throw new TroupeError('config_invalid', `value for ${showPath(path)} is not JSON: ${problem}`, { cause });
  }
  throw new TroupeError('config_invalid', `value for ${showPath(path)} is not JSON: got ${typeof value}`);
}
