/** The tool `edit`: replaces a text in a file by another, both taken as they are written. */

import { z } from 'zod';
import { type Tool, ToolReply } from '../../domain/tool.js';
import { readBytes, useFile } from './confined-files.js';
import { defineTool } from './define-tool.js';
import { FileNote, recoverFile } from './file-note.js';
import { inTurn, lockOf } from './in-turn.js';
import { looksBinary } from './read.js';
import { hashOf, replaceFile } from './replace-file.js';
import { openWorkspace, placeOf, type Workspace } from './workspace.js';

const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** `count` and `line` are told of what is there no more. */
const EditNote = FileNote.extend({ count: z.int().optional(), line: z.int().optional() });

export function editTool(): Tool {
  return defineTool({
    name: 'edit',
    description: [
      'Replaces old_string by new_string in a file. Both are literal: no patterns, exact white space.',
      'old_string must occur exactly once, so include enough of the lines around it; or set replace_all to replace every occurrence.',
      'Refused when the file changed since you last read it: read it again then.',
    ].join(' '),
    input: z.strictObject({
      file_path: z.string().describe('Path of the file, relative to the workspace.'),
      old_string: z.string().describe('The text to replace, without the line numbers that read shows.'),
      new_string: z.string().describe('The text to put in its place.'),
      replace_all: z.boolean().default(false).describe('Replace every occurrence.'),
    }),
    subject: ({ file_path }) => ({ kind: 'path', path: file_path }),
    run: async (input, { workspace: folder, filesSeen, signal, mayWriteProtected }) => {
      const problem = problemOf(input);
      if (problem !== undefined) return new ToolReply(problem, { isError: true });
      const workspace = await openWorkspace(folder);
      const place = placeOf(workspace, input.file_path);
      return inTurn(await lockOf(workspace, place), async () => {
        signal.throwIfAborted();
        const file = await readWhole(workspace, place);
        const edited = editIn(file, input, filesSeen);
        if (!edited.ok) return new ToolReply(edited.problem, { isError: true });
        const { place: realPlace, version } = file;
        const { content } = edited;
        const replaced = await replaceFile(workspace, realPlace, { content, version, mayWriteProtected });
        filesSeen.set(replaced.place, hashOf(content));
        return replyOf(edited, replaced.place);
      });
    },
    note: async (input, { workspace: folder, filesSeen }) => {
      const workspace = await openWorkspace(folder);
      const file = await readWhole(workspace, placeOf(workspace, input.file_path));
      const edited = editIn(file, input, filesSeen);
      return {
        path: file.place,
        before: file.bytes && hashOf(file.bytes),
        ...(edited.ok ? { after: hashOf(edited.content), count: edited.count, line: edited.line } : {}),
      };
    },
    recover: async (input, note, context) => {
      if (problemOf(input) !== undefined) return 'not_begun'; // such a call never changes anything
      const told = ({ path, count = 1, line = 1 }: z.output<typeof EditNote>) => replyOf({ count, line }, path);
      return recoverFile({ filePath: input.file_path, schema: EditNote, note, replyOf: told }, context);
    },
  });
}

const replyOf = ({ count, line }: { readonly count: number; readonly line: number }, place: string) =>
  `Replaced ${count === 1 ? 'once' : `${count} times`} in ${place} (first at line ${line}).`;

interface WholeFile {
  /** As it was asked for. */
  readonly asked: string;
  readonly place: string;
  readonly version: string;
  /** Absent: more than are taken. */
  readonly bytes: Buffer | undefined;
}

function readWhole(workspace: Workspace, asked: string): Promise<WholeFile> {
  return useFile(workspace, asked, async (file) => ({
    asked,
    place: file.place,
    version: file.version,
    bytes: await readBytes(file, MAX_FILE_BYTES),
  }));
}

interface EditInput {
  readonly old_string: string;
  readonly new_string: string;
  readonly replace_all: boolean;
}

/** Why such a call is refused, whatever the file holds. */
function problemOf({ old_string, new_string }: EditInput): string | undefined {
  if (old_string === '') return 'old_string is empty. To make a file or to replace all of it use write.';
  if (old_string === new_string) return 'old_string and new_string are the same: there is nothing to change.';
  return undefined;
}

type Refused = { readonly ok: false; readonly problem: string };
type Edited = { readonly ok: true; readonly content: Buffer; readonly count: number; readonly line: number };

function editIn(
  { asked, place, bytes }: WholeFile,
  { old_string, new_string, replace_all }: EditInput,
  filesSeen: ReadonlyMap<string, string>,
): Edited | Refused {
  if (bytes === undefined) return refused(`${asked} is larger than the ${MAX_FILE_BYTES} bytes that edit takes.`);
  const seen = filesSeen.get(place);
  if (seen !== undefined && seen !== hashOf(bytes)) {
    return refused(`${asked} changed since you last read it. Read it again, then edit.`);
  }
  const text = decode(bytes);
  if (text === undefined) return refused(`${asked} is not UTF-8 text; edit cannot change it.`);
  const replaced = replaceIn(text, old_string, new_string, replace_all);
  return replaced.ok
    ? { ok: true, content: Buffer.from(replaced.text), count: replaced.count, line: replaced.line }
    : refused(`${replaced.problem} (${asked})`);
}

const refused = (problem: string): Refused => ({ ok: false, problem });

/** Undefined for what would not come out again as it went in. A byte order mark stays a character of the text. */
function decode(bytes: Buffer): string | undefined {
  if (looksBinary(bytes)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

type Replaced = { readonly ok: true; readonly text: string; readonly count: number; readonly line: number };

/** `line` is that of the first occurrence. In a text whose lines all end in CRLF, those of both strings are taken as CRLF too. */
function replaceIn(text: string, oldString: string, newString: string, all: boolean): Replaced | Refused {
  const usesCrlf = text.includes('\r\n') && !/(^|[^\r])\n/.test(text);
  const wanted = usesCrlf ? toCrlf(oldString) : oldString;
  const instead = usesCrlf ? toCrlf(newString) : newString;
  const pieces = text.split(wanted);
  const count = pieces.length - 1;
  if (count === 0) return refused(`old_string was not found. ${hintFor(text, oldString)}`.trim());
  if (count > 1 && !all) {
    const remedy = 'Include more of the lines around the one you mean, or set replace_all.';
    return refused(`old_string was found ${count} times. ${remedy}`);
  }
  const line = (pieces[0] ?? '').split('\n').length;
  return { ok: true, text: pieces.join(instead), count, line };
}

const toCrlf = (text: string) => text.replace(/\r?\n/g, '\r\n');

function hintFor(text: string, oldString: string): string {
  if (/^ *\d+\t/.test(oldString)) return 'Leave out the line numbers that read shows.';
  const trimmed = oldString.trim();
  if (trimmed !== '' && text.includes(trimmed)) return 'The same text with other white space around it is there.';
  return 'Read the file and copy the text exactly.';
}
