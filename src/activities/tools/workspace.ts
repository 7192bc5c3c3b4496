/** Where a path lies that a model wrote: in the workspace or not, as it is given and as the file system resolves it. */

import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** The folder that file tools are confined to. */
export interface Workspace {
  /** Absolute, as it was named. */
  readonly given: string;
  /** Absolute, without symbolic links. */
  readonly root: string;
}

export interface ResolvedPath {
  /** Relative to the workspace, normalised, with `/`; begins with `..` when outside. */
  readonly given: string;
  /** The same of the real path. What does not exist yet is resolved through its deepest parent that does. */
  readonly resolved: string;
  /** Whether both lie in the workspace. */
  readonly inside: boolean;
}

/** Rejects with a text for the model if the folder is missing. */
export async function openWorkspace(folder: string): Promise<Workspace> {
  const given = resolve(folder);
  try {
    return { given, root: await realpath(given) };
  } catch {
    throw new Error(`The workspace folder ${folder} does not exist or cannot be opened.`);
  }
}

/**
 * What permission rules look at. Never rejects: a path that cannot be resolved is not `inside`. The file system may change after
 * the answer, so the tools decide again, on what they have opened.
 */
export async function resolveInWorkspace(workspace: string, path: string): Promise<ResolvedPath> {
  const named = resolve(workspace);
  try {
    const { given, root } = await openWorkspace(workspace);
    if (path.includes('\0')) return { given: path, resolved: path, inside: false };
    const absolute = resolve(given, path);
    const place = placeBelow(given, absolute) ?? placeBelow(root, absolute);
    const real = await resolveDeepest(place === undefined ? absolute : join(root, place));
    return {
      given: place ?? slashed(relative(given, absolute)),
      resolved: placeBelow(root, real) ?? slashed(relative(root, real)),
      inside: place !== undefined && placeBelow(root, real) !== undefined,
    };
  } catch {
    const given = slashed(relative(named, resolve(named, path))) || '.';
    return { given, resolved: given, inside: false };
  }
}

/** Where `path` lies in the workspace, by its letters alone: normalised, with `/`. Throws a text for the model if outside. */
export function placeOf(workspace: Workspace, path: string): string {
  if (path === '') throw new Error('The path is empty. Use "." for the workspace itself.');
  if (path.includes('\0')) throw new Error('The path holds a NUL character.');
  const absolute = resolve(workspace.given, path);
  const place = placeBelow(workspace.given, absolute) ?? placeBelow(workspace.root, absolute);
  if (place === undefined) throw outside(path);
  return place;
}

/** Compared part by part, so that `/srv/app-2` is not in `/srv/app`. `.` is the root itself. */
export function placeBelow(root: string, absolute: string): string | undefined {
  const path = relative(root, absolute);
  if (path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) return undefined;
  return slashed(path) || '.';
}

export function outside(path: string): Error {
  return new Error(`${path} is outside the workspace. Only files inside the workspace can be used.`);
}

const slashed = (path: string) => (sep === '/' ? path : path.split(sep).join('/'));

const MAX_LINKS = 40;

/** The real path of what exists, and of what does not, through its deepest parent and through links that lead nowhere yet. */
async function resolveDeepest(path: string): Promise<string> {
  const rest: string[] = [];
  let current = path;
  let links = 0;
  for (;;) {
    try {
      return join(await realpath(current), ...rest);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code; // the file system's functions reject with these
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause;
    }
    const target = await readlink(current).catch(() => undefined);
    if (target !== undefined) {
      if (++links > MAX_LINKS) throw new Error('too many symbolic links');
      current = resolve(await realpath(dirname(current)), target);
    } else {
      rest.unshift(basename(current));
      current = dirname(current);
    }
  }
}
