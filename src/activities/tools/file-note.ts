/** What is kept of a file before a call changes it, and what the file tells after a crash: whether the change is there. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JsonValue } from '../../domain/json.js';
import { isProtected } from '../../domain/protected-places.js';
import { type ToolContext, type ToolRecovery, ToolReply } from '../../domain/tool.js';
import { chunksOf, type Opened, useFile, useFolder } from './confined-files.js';
import { inTurn, lockOf } from './in-turn.js';
import { clearTemporaries } from './temporary-file.js';
import { openWorkspace, placeOf, resolveInWorkspace, type Workspace } from './workspace.js';

/** A larger file is not read for its hash alone. */
const MAX_HASHED_BYTES = 100 * 1024 * 1024;

/** A stored format: hashes only, no content. */
export const FileNote = z.object({
  /** As it resolves, relative to the workspace. */
  path: z.string(),
  /** Hash of the content before; null: there was no file; absent: not known. */
  before: z.string().nullable().optional(),
  /** Hash of what is written; absent: the call is refused if the file stays as it is. */
  after: z.string().optional(),
});
export type FileNote = z.output<typeof FileNote>;

export interface FileNow {
  readonly path: string;
  /** Null: there is no file; undefined: not known. */
  readonly hash: string | null | undefined;
}

/** Whether the change of `note` is there. Writing a content that was there already counts as done. */
export function compareFile(note: FileNote, now: FileNow): 'done' | 'not_begun' | 'unknown' {
  if (note.path !== now.path || now.hash === undefined) return 'unknown';
  if (note.after === now.hash) return 'done';
  return note.before === now.hash ? 'not_begun' : 'unknown';
}

/** The file at a place, confined as every file. Rejects where it cannot be told what is there. */
export async function fileNow(workspace: Workspace, place: string, signal: AbortSignal): Promise<FileNow> {
  try {
    return await useFile(workspace, place, async (file) => ({ path: file.place, hash: await hashFile(file, signal) }));
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    const { resolved, inside } = await resolveInWorkspace(workspace.root, place);
    if (!inside) throw cause;
    return { path: resolved, hash: null };
  }
}

async function hashFile(file: Opened, signal: AbortSignal): Promise<string | undefined> {
  if (file.size > MAX_HASHED_BYTES) return undefined;
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunksOf(file)) {
    signal.throwIfAborted();
    bytes += chunk.length;
    if (bytes > MAX_HASHED_BYTES) return undefined; // it grew since it was opened
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** The file system's own error is the cause of the text for the model. */
function isMissing(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

export interface CutOff<Note extends FileNote> {
  /** Of the call's arguments. */
  readonly filePath: string;
  readonly schema: z.ZodType<Note>;
  /** From disk. */
  readonly note: JsonValue | undefined;
  /** What the call would have said. */
  readonly replyOf: (note: Note) => string;
}

/** Settles a call that a crash cut off by what the file holds now, and clears away what the killed process left beside it. */
export async function recoverFile<Note extends FileNote>(
  { filePath, schema, note: stored, replyOf }: CutOff<Note>,
  context: ToolContext,
): Promise<ToolRecovery> {
  const parsed = schema.safeParse(stored);
  if (!parsed.success) return 'unknown';
  const note = parsed.data;
  const workspace = await openWorkspace(context.workspace);
  const place = placeOf(workspace, filePath);
  return inTurn(await lockOf(workspace, place), async () => {
    const now = await fileNow(workspace, place, context.signal);
    await clearBeside(workspace, now.path, context);
    const found = compareFile(note, now);
    if (found !== 'done') return found;
    if (note.after !== undefined) context.filesSeen.set(now.path, note.after);
    return new ToolReply(replyOf(note));
  });
}

async function clearBeside(workspace: Workspace, place: string, { mayWriteProtected }: ToolContext): Promise<void> {
  if (isProtected(place) && !(await mayWriteProtected?.(place))) return;
  const folder = place.includes('/') ? place.slice(0, place.lastIndexOf('/')) : '.';
  await useFolder(workspace, folder, clearTemporaries).catch(() => {}); // no folder, nothing to clear
}
