/** The tool `edit`: replaces a text in a file by another, both taken as they are written. */

import { z } from 'zod';
import { type Tool, ToolReply } from '../../domain/tool.js';
import { readBytes, useFile } from './confined-files.js';
import { defineTool } from './define-tool.js';
import { inTurn } from './in-turn.js';
import { looksBinary } from './read.js';
import { hashOf, replaceFile } from './replace-file.js';
import { openWorkspace, placeOf } from './workspace.js';
import { lockOf } from './write.js';

const MAX_FILE_BYTES = 10 * 1024 * 1024;

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
    run: async ({ file_path, old_string, new_string, replace_all }, context) => {
      const { filesSeen, signal, mayWriteProtected } = context;
      if (old_string === '') return refused('old_string is empty. To make a file or to replace all of it use write.');
      if (old_string === new_string)
        return refused('old_string and new_string are the same: there is nothing to change.');
      const workspace = await openWorkspace(context.workspace);
      const place = placeOf(workspace, file_path);
      return inTurn(await lockOf(workspace, place), async () => {
        signal.throwIfAborted();
        const file = await useFile(workspace, place, async (opened) => ({
          place: opened.place,
          version: opened.version,
          bytes: await readBytes(opened, MAX_FILE_BYTES),
        }));
        if (file.bytes === undefined)
          return refused(`${place} is larger than the ${MAX_FILE_BYTES} bytes that edit takes.`);
        const seen = filesSeen.get(file.place);
        if (seen !== undefined && seen !== hashOf(file.bytes)) {
          return refused(`${place} changed since you last read it. Read it again, then edit.`);
        }
        const text = decode(file.bytes);
        if (text === undefined) return refused(`${place} is not UTF-8 text; edit cannot change it.`);
        const edited = replaceIn(text, old_string, new_string, replace_all);
        if (!edited.ok) return refused(`${edited.problem} (${place})`);
        const content = Buffer.from(edited.text);
        const replaced = await replaceFile(workspace, file.place, {
          content,
          version: file.version,
          mayWriteProtected,
        });
        filesSeen.set(replaced.place, hashOf(content));
        const times = edited.count === 1 ? 'once' : `${edited.count} times`;
        return `Replaced ${times} in ${replaced.place} (first at line ${edited.line}).`;
      });
    },
  });
}

const refused = (problem: string) => new ToolReply(problem, { isError: true });

/** Undefined for what would not come out again as it went in. A byte order mark stays a character of the text. */
function decode(bytes: Buffer): string | undefined {
  if (looksBinary(bytes)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

type Edited =
  | { readonly ok: true; readonly text: string; readonly count: number; readonly line: number }
  | { readonly ok: false; readonly problem: string };

/** `line` is that of the first occurrence. In a text whose lines all end in CRLF, those of both strings are taken as CRLF too. */
function replaceIn(text: string, oldString: string, newString: string, all: boolean): Edited {
  const usesCrlf = text.includes('\r\n') && !/(^|[^\r])\n/.test(text);
  const wanted = usesCrlf ? toCrlf(oldString) : oldString;
  const instead = usesCrlf ? toCrlf(newString) : newString;
  const pieces = text.split(wanted);
  const count = pieces.length - 1;
  if (count === 0) return { ok: false, problem: `old_string was not found. ${hintFor(text, oldString)}`.trim() };
  if (count > 1 && !all) {
    const remedy = 'Include more of the lines around the one you mean, or set replace_all.';
    return { ok: false, problem: `old_string was found ${count} times. ${remedy}` };
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
