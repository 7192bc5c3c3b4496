/** How files and folders are opened so that they are surely in the workspace: opened first, then judged by what was opened. */

import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { outside, placeBelow, type Workspace } from './workspace.js';

/** Something open. Who gets it closes it; `useFile` and `useFolder` do. */
export interface Opened {
  readonly handle: FileHandle;
  /** Its real place in the workspace. */
  readonly place: string;
  /** A path that leads to it, and to its children, whatever is renamed meanwhile (Linux); elsewhere its real path. */
  readonly base: string;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  /** Changes when the file does or is replaced. */
  readonly version: string;
}

type Kind = 'file' | 'folder';
const TRIES = 3;
// Without O_NONBLOCK, opening a FIFO would wait for its other end.
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** As `useFile`, for a file that was found by its place: quicker, and no link in its place of the file is followed. */
export async function useFoundFile<T>(
  workspace: Workspace,
  place: string,
  use: (file: Opened) => Promise<T>,
): Promise<T | undefined> {
  const opened = await openChecked(workspace, join(workspace.root, place), place, ['file'], constants.O_NOFOLLOW ?? 0);
  return opened && using(opened, use);
}

export async function useFile<T>(workspace: Workspace, place: string, use: (file: Opened) => Promise<T>): Promise<T> {
  return using(await openInside(workspace, place, ['file']), use);
}

export async function useFolder<T>(
  workspace: Workspace,
  place: string,
  use: (folder: Opened) => Promise<T>,
): Promise<T> {
  return using(await openInside(workspace, place, ['folder']), use);
}

/** The real place of a file or folder, and which of the two it is. */
export async function findInside(workspace: Workspace, place: string): Promise<{ place: string; kind: Kind }> {
  return using(await openInside(workspace, place, ['file', 'folder']), async (entry) => ({
    place: entry.place,
    kind: (entry.mode & constants.S_IFMT) === constants.S_IFDIR ? 'folder' : 'file',
  }));
}

async function using<T>(opened: Opened, use: (opened: Opened) => Promise<T>): Promise<T> {
  try {
    return await use(opened);
  } catch (cause) {
    throw explained(cause, opened.place);
  } finally {
    await opened.handle.close();
  }
}

/** Follows links as long as they stay inside. Rejects with a text for the model. */
export async function openInside(workspace: Workspace, place: string, kinds: readonly Kind[]): Promise<Opened> {
  try {
    // A first look, so that devices are not opened and FIFOs not touched in the ordinary case; what counts is the second.
    const path = await realpath(join(workspace.root, place));
    if (placeBelow(workspace.root, path) === undefined) throw outside(place);
    kindOf((await stat(path)).mode, place, kinds);
    for (let tries = 1; ; tries++) {
      const opened = await openChecked(workspace, path, place, kinds, constants.O_NOFOLLOW ?? 0);
      if (opened !== undefined) return opened;
      if (tries === TRIES) throw new Error(`${place} keeps changing while it is opened. Try again.`);
    }
  } catch (cause) {
    throw explained(cause, place);
  }
}

/** Opens `path` and judges it. Undefined: it was replaced in this very moment. The caller explains what is thrown. */
export async function openChecked(
  workspace: Workspace,
  path: string,
  place: string,
  kinds: readonly Kind[],
  flags = 0,
): Promise<Opened | undefined> {
  const handle = await open(path, READ | flags);
  try {
    const real = (await pathByDescriptor(handle)) ?? { path: await pathByIdentity(handle, path), byDescriptor: false };
    const realPlace = placeBelow(workspace.root, real.path);
    if (realPlace === undefined) throw outside(place);
    const stats = await handle.stat({ bigint: true });
    kindOf(Number(stats.mode), place, kinds);
    if (stats.nlink === 0n) {
      await handle.close();
      return undefined;
    }
    return {
      handle,
      place: realPlace,
      base: real.byDescriptor ? descriptorPath(handle) : real.path,
      mode: Number(stats.mode),
      size: Number(stats.size),
      version: versionOf(stats),
    };
  } catch (cause) {
    await handle.close().catch(() => {}); // the first failure is the one to tell
    throw cause;
  }
}

/** Where an open folder is by now, since it can be moved while it is open; undefined: outside. */
export async function placeByNow(workspace: Workspace, folder: Opened): Promise<string | undefined> {
  const real = await pathByDescriptor(folder.handle);
  return placeBelow(workspace.root, real?.path ?? (await realpath(folder.base)));
}

interface FileVersion {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

export function versionOf(stats: FileVersion): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

const descriptorPath = (handle: FileHandle) => `/proc/self/fd/${handle.fd}`;

/** Linux tells the real path of what a descriptor has open; nothing can come between. Undefined where it cannot be had. */
async function pathByDescriptor(handle: FileHandle): Promise<{ path: string; byDescriptor: true } | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    return { path: await readlink(descriptorPath(handle)), byDescriptor: true };
  } catch {
    return undefined; // no /proc here
  }
}

/** The weaker way of other systems: the real path of the name, if it is the very file that was opened. */
export async function pathByIdentity(handle: FileHandle, path: string): Promise<string> {
  const real = await realpath(path);
  const [named, opened] = await Promise.all([stat(real, { bigint: true }), handle.stat({ bigint: true })]);
  if (named.dev !== opened.dev || named.ino !== opened.ino)
    throw new Error('The file was replaced while it was opened.');
  return real;
}

function kindOf(mode: number, place: string, kinds: readonly Kind[]): void {
  const format = mode & constants.S_IFMT;
  if (format === constants.S_IFREG && kinds.includes('file')) return;
  if (format === constants.S_IFDIR && kinds.includes('folder')) return;
  if (format === constants.S_IFDIR) throw new Error(`${place} is a folder, not a file. Use ls to see what is in it.`);
  if (format === constants.S_IFREG) throw new Error(`${place} is a file, not a folder.`);
  throw new Error(`${place} is not a regular file (a device, pipe or socket).`);
}

/** All bytes, or undefined if there are more than `maxBytes`. */
export async function readBytes(file: Opened, maxBytes: number): Promise<Buffer | undefined> {
  if (file.size > maxBytes) return undefined;
  let bytes = Buffer.allocUnsafe(file.size + 1); // one more, so that a file that has not grown is read at one go
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.handle.read(bytes, length, bytes.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === file.size) return bytes.subarray(0, length);
    if (length > maxBytes) return undefined; // it grew since it was opened
    if (length === bytes.length) bytes = Buffer.concat([bytes], 2 * bytes.length);
  }
}

const CHUNK_BYTES = 256 * 1024;

/** Each chunk is a buffer of its own. */
export async function* chunksOf(file: Opened): AsyncGenerator<Buffer, void, undefined> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const REASONS: Readonly<Record<string, (place: string) => string>> = {
  ENOENT: (place) => `${place} does not exist.`,
  ENOTDIR: (place) => `${place} does not exist: a part of its path is a file, not a folder.`,
  EISDIR: (place) => `${place} is a folder, not a file.`,
  EACCES: (place) => `${place}: permission denied.`,
  EPERM: (place) => `${place}: permission denied.`,
  ELOOP: (place) => `${place}: too many symbolic links.`,
  ENXIO: (place) => `${place} is not a regular file (a device, pipe or socket).`,
  ENAMETOOLONG: (place) => `${place}: the name is too long.`,
  ENOSPC: (place) => `${place}: no space left on the device.`,
  EROFS: (place) => `${place}: the file system is read-only.`,
};

/** The file system's errors name paths of this process's own; the model is told the place it asked for. */
export function explained(cause: unknown, place: string): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code !== 'string' || !('syscall' in (cause as object))) return cause; // an Error, by the line above
  return new Error(REASONS[code]?.(place) ?? `${place}: the file system refused (${code}).`, { cause });
}
