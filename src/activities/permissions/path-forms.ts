/** Under which names a path is known: as it was given, and as the file system resolves it. */

import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** One way to name a path; slashes go forward on every system. */
export interface PathForm {
  /** Relative to the workspace: `''` for the workspace itself; begins with `../` outside of it. */
  readonly relative: string;
  /** Two where the workspace is itself reached through a link: by that link, and by its real name. */
  readonly absolutes: readonly string[];
  readonly inside: boolean;
}

export interface PathForms {
  readonly given: PathForm;
  /** Absent when it cannot be known: a circle of links, a folder that may not be entered, a name that no file can have. */
  readonly resolved?: PathForm;
}

/** Longest path that is looked at, as Linux has it. */
const MAX_PATH_CHARACTERS = 4_096;
/** Links followed for one path, as Linux has it. */
const MAX_LINKS = 40;

/** Both forms of `path`, which is relative to `workspace` unless absolute. Never rejects. */
export async function pathFormsOf(workspace: string, path: string): Promise<PathForms> {
  const root = resolve(workspace);
  const given = resolve(root, path);
  const realRoot = await realPathOf(root);
  const roots = realRoot === undefined || realRoot === root ? [root] : [root, realRoot];
  const real = realRoot === undefined ? undefined : await realPathOf(given);
  return { given: formOf(roots, given), ...(real === undefined ? {} : { resolved: formOf(roots, real) }) };
}

function formOf(roots: readonly string[], absolute: string): PathForm {
  const [workspace = ''] = roots;
  for (const root of roots) {
    const path = relative(root, absolute);
    if (isInside(path)) {
      return { relative: slashed(path), absolutes: roots.map((each) => slashed(join(each, path))), inside: true };
    }
  }
  return { relative: slashed(relative(workspace, absolute)), absolutes: [slashed(absolute)], inside: false };
}

function isInside(path: string): boolean {
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path); // absolute: another drive
}

function slashed(path: string): string {
  return sep === '/' ? path : path.split(sep).join('/');
}

/**
 * The name under which the system would open `path`. What does not exist yet is resolved through the deepest parent that
 * does; a link to something that does not exist counts as what it points to, since writing would create that.
 */
async function realPathOf(path: string, links = 0): Promise<string | undefined> {
  if (path.length > MAX_PATH_CHARACTERS || links > MAX_LINKS) return undefined;
  try {
    return await realpath(path);
  } catch (cause) {
    if (!isMissing(cause)) return undefined;
  }
  const folder = dirname(path);
  if (folder === path) return undefined; // a root that does not exist: a drive that is gone
  const realFolder = await realPathOf(folder, links);
  if (realFolder === undefined) return undefined;
  const target = await linkTarget(join(realFolder, basename(path)));
  if (target === undefined) return join(realFolder, basename(path));
  return realPathOf(resolve(realFolder, target), links + 1);
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch {
    return undefined; // nothing there
  }
}

function isMissing(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
