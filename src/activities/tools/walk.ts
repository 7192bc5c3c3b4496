/** Which files lie under a folder: in order, without what `.gitignore` and `.git` hold, without following links. */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setImmediate as nextTick } from 'node:timers/promises';
import { readBytes, useFile, useFolder } from './confined-files.js';
import { IgnoreRules } from './ignore-rules.js';
import type { Workspace } from './workspace.js';

const MAX_IGNORE_BYTES = 100_000;
const PAUSE_AFTER = 500; // entries looked at in one go, so that other work gets its turn

export interface FoundFile {
  /** Relative to the workspace. */
  readonly path: string;
  /** A symbolic link, to whatever. */
  readonly isLink: boolean;
}

/** Depth first, names in order of their letters. Folders that cannot be read are left out. Throws the signal's reason. */
export async function* walkFiles(
  workspace: Workspace,
  start: string,
  signal: AbortSignal,
): AsyncGenerator<FoundFile, void, undefined> {
  const first = await list(workspace, start);
  const open = [
    { folder: first.place, entries: first.entries, rules: await rulesFor(workspace, first.place), next: 0 },
  ];
  let seen = 0;
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const entry = level.entries[level.next++];
    if (entry === undefined) {
      open.pop();
      continue;
    }
    if (++seen % PAUSE_AFTER === 0) await nextTick();
    signal.throwIfAborted();
    const path = level.folder === '.' ? entry.name : `${level.folder}/${entry.name}`;
    if (entry.name === '.git' || level.rules.ignores(path, entry.isDirectory())) continue;
    if (entry.isFile() || entry.isSymbolicLink()) yield { path, isLink: entry.isSymbolicLink() };
    if (!entry.isDirectory()) continue;
    const below = await list(workspace, path).catch(() => undefined);
    if (below === undefined || below.place !== path) continue; // not readable, or a link by now
    open.push({ folder: path, entries: below.entries, rules: await withOwn(workspace, level.rules, path), next: 0 });
  }
}

/**
 * The rules that hold in a folder: of the root and of each folder down to it. If these rules leave out the folder itself, it was
 * asked for by name, and only its own rules hold.
 */
export async function rulesFor(workspace: Workspace, folder: string): Promise<IgnoreRules> {
  let rules = await withOwn(workspace, IgnoreRules.none, '.');
  if (folder === '.') return rules;
  let path = '';
  for (const part of folder.split('/')) {
    path = path === '' ? part : `${path}/${part}`;
    if (rules.ignores(path, true)) rules = IgnoreRules.none;
    rules = await withOwn(workspace, rules, path);
  }
  return rules;
}

/** Adds the folder's own `.gitignore`, if there is one. */
export async function withOwn(workspace: Workspace, rules: IgnoreRules, folder: string): Promise<IgnoreRules> {
  const path = folder === '.' ? '.gitignore' : `${folder}/.gitignore`;
  const bytes = await useFile(workspace, path, (file) => readBytes(file, MAX_IGNORE_BYTES)).catch(() => undefined);
  return bytes === undefined ? rules : rules.with(folder, bytes.toString());
}

/** Listed through the open folder, so that what is listed is what was judged. */
function list(workspace: Workspace, folder: string): Promise<{ place: string; entries: Dirent[] }> {
  return useFolder(workspace, folder, async (opened) => ({
    place: opened.place,
    entries: (await readdir(opened.base, { withFileTypes: true })).sort(byName),
  }));
}

export const byName = (a: { readonly name: string }, b: { readonly name: string }) =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
