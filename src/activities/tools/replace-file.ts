/** How a file gets a new content: all of it or nothing, in the workspace for sure, with the mode it had. */

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, mkdir, open, realpath, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isProtected } from '../../domain/protected-places.js';
import type { ToolContext } from '../../domain/tool.js';
import { explained, type Opened, openChecked, openInside, placeByNow, versionOf } from './confined-files.js';
import { claimTemporary, clearTemporaries, releaseTemporary } from './temporary-file.js';
import { outside, placeBelow, type Workspace } from './workspace.js';

export interface Replacement {
  readonly content: Buffer;
  /** The context's: has to be handed on. */
  readonly mayWriteProtected: ToolContext['mayWriteProtected'];
  /** Refuse unless the file is still of this version. */
  readonly version?: string;
}

export interface Replaced {
  /** The real place of the file. */
  readonly place: string;
  readonly created: boolean;
}

const MAX_LINKS = 3;

/**
 * Writes to a new file beside the target and renames it over the target. Makes missing parent folders. A link is followed if it
 * leads to a file inside. Rejects with a text for the model.
 */
export async function replaceFile(
  workspace: Workspace,
  place: string,
  replacement: Replacement,
  links = 0,
): Promise<Replaced> {
  if (place === '.') throw new Error('. is the workspace folder, not a file.');
  const folder = await openParent(workspace, place, replacement);
  const name = lastNameOf(place);
  let linked: string;
  try {
    const target = placeIn(folder.place, name);
    const existing = await lstatOrNone(join(folder.base, name));
    if (existing?.isSymbolicLink()) {
      linked = await followLink(workspace, target);
    } else {
      if (existing?.isDirectory()) throw new Error(`${place} is a folder, not a file.`);
      if (existing !== undefined && !existing.isFile()) throw new Error(`${place} is not a regular file.`);
      if (existing !== undefined) await access(join(folder.base, name), constants.W_OK);
      await swapIn(workspace, folder, name, replacement, existing === undefined ? undefined : Number(existing.mode));
      await clearTemporaries(folder);
      return { place: target, created: existing === undefined };
    }
  } catch (cause) {
    throw explained(cause, place);
  } finally {
    await folder.handle.close();
  }
  if (links === MAX_LINKS) throw new Error(`${place}: too many symbolic links.`);
  return replaceFile(workspace, linked, replacement, links + 1);
}

/** Names a content: equal hashes, equal contents. */
export function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function refuseProtected(place: string, { mayWriteProtected }: Replacement): Promise<void> {
  if (!isProtected(place) || (await mayWriteProtected?.(place))) return;
  throw new Error(`${place} cannot be changed: .git and .troupe are read-only, unless a rule opens this very place.`);
}

/**
 * The folder of a place, gone down to folder by folder, each opened through the one before it and judged, so that none is made
 * outside. Whether the file may be written is asked each time for where it would be by then, so that none is made there either.
 */
async function openParent(workspace: Workspace, place: string, replacement: Replacement): Promise<Opened> {
  const names = place.split('/');
  await refuseProtected(place, replacement);
  let folder = await openInside(workspace, '.', ['folder']);
  for (const depth of names.keys()) {
    if (depth === names.length - 1) break; // the file itself
    const parent = folder;
    const soFar = names.slice(0, depth + 1).join('/');
    try {
      folder = await openOrMake(workspace, join(parent.base, names[depth] ?? ''), soFar);
      await refuseProtected(placeIn(folder.place, names.slice(depth + 1).join('/')), replacement);
    } catch (cause) {
      if (folder !== parent) await folder.handle.close();
      throw explained(cause, soFar);
    } finally {
      await parent.handle.close();
    }
  }
  return folder;
}

const placeIn = (folder: string, name: string) => (folder === '.' ? name : `${folder}/${name}`);
const lastNameOf = (place: string) => place.slice(place.lastIndexOf('/') + 1);

async function openOrMake(workspace: Workspace, path: string, place: string): Promise<Opened> {
  const openIt = async () => {
    const opened = await openChecked(workspace, path, place, ['folder'], constants.O_DIRECTORY ?? 0);
    if (opened === undefined) throw new Error(`${place} was removed while it was opened. Try again.`);
    return opened;
  };
  try {
    return await openIt();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause; // only its code is looked at
  }
  await mkdir(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause; // made by someone else meanwhile, or a link that leads nowhere
  });
  return openIt();
}

async function lstatOrNone(path: string) {
  try {
    return await lstat(path, { bigint: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // only its code is looked at
    throw cause;
  }
}

async function followLink(workspace: Workspace, place: string): Promise<string> {
  const real = await realpath(join(workspace.root, place)).catch(() => undefined);
  if (real === undefined) throw new Error(`${place} is a symbolic link that leads to no file.`);
  const target = placeBelow(workspace.root, real);
  if (target === undefined) throw outside(place);
  return target;
}

async function swapIn(
  workspace: Workspace,
  folder: Opened,
  name: string,
  replacement: Replacement,
  mode: number | undefined,
): Promise<void> {
  const { content, version } = replacement;
  const temporaryName = claimTemporary();
  const temporary = join(folder.base, temporaryName);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  try {
    const handle = await open(temporary, flags, mode === undefined ? 0o666 : 0o600); // made by us or not at all
    try {
      await handle.writeFile(content);
      if (mode !== undefined) await handle.chmod(mode & 0o777);
      await handle.sync(); // else a power failure could leave the new name with an empty content
    } finally {
      await handle.close();
    }
    if (version !== undefined) {
      const now = await lstatOrNone(join(folder.base, name));
      if (now === undefined || versionOf(now) !== version) throw new Error(`${name} changed just now. Read it again.`);
    }
    const place = await placeByNow(workspace, folder);
    if (place === undefined) throw outside(name);
    await refuseProtected(placeIn(place, name), replacement);
    await rename(temporary, join(folder.base, name));
  } catch (cause) {
    await unlink(temporary).catch(() => {}); // the first failure is the one to tell
    throw cause;
  } finally {
    releaseTemporary(temporaryName);
  }
}
