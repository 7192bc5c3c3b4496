/** The tool `write`: makes a file, or gives one a new content. */

import { z } from 'zod';
import type { Tool } from '../../domain/tool.js';
import { defineTool } from './define-tool.js';
import { FileNote, fileNow, recoverFile } from './file-note.js';
import { inTurn, lockOf } from './in-turn.js';
import { hashOf, replaceFile } from './replace-file.js';
import { openWorkspace, placeOf } from './workspace.js';

const WriteNote = FileNote.extend({ sizeBytes: z.int() });

export function writeTool(): Tool {
  return defineTool({
    name: 'write',
    description: [
      'Writes a file: makes it, and the folders it needs, or replaces its whole content.',
      'To change a part of a file use edit.',
    ].join(' '),
    input: z.strictObject({
      file_path: z.string().describe('Path of the file, relative to the workspace.'),
      content: z.string().describe('The whole new content.'),
    }),
    // Not idempotent: once more, after a crash, would undo what somebody else has written there since.
    subject: ({ file_path }) => ({ kind: 'path', path: file_path }),
    run: async ({ file_path, content }, { workspace: folder, filesSeen, signal, mayWriteProtected }) => {
      if (/[/\\]$/.test(file_path)) throw new Error(`${file_path} names a folder; give the path of a file`);
      const workspace = await openWorkspace(folder);
      const place = placeOf(workspace, file_path);
      const bytes = Buffer.from(content);
      return inTurn(await lockOf(workspace, place), async () => {
        signal.throwIfAborted();
        const replaced = await replaceFile(workspace, place, { content: bytes, mayWriteProtected });
        filesSeen.set(replaced.place, hashOf(bytes));
        return replyOf(replaced.created, replaced.place, bytes.length);
      });
    },
    note: async ({ file_path, content }, { workspace: folder, signal }) => {
      const workspace = await openWorkspace(folder);
      const { path, hash } = await fileNow(workspace, placeOf(workspace, file_path), signal);
      const bytes = Buffer.from(content);
      return { path, before: hash, after: hashOf(bytes), sizeBytes: bytes.length };
    },
    recover: ({ file_path }, note, context) => {
      const told = ({ before, path, sizeBytes }: z.output<typeof WriteNote>) =>
        replyOf(before === null, path, sizeBytes);
      return recoverFile({ filePath: file_path, schema: WriteNote, note, replyOf: told }, context);
    },
  });
}

const replyOf = (created: boolean, place: string, sizeBytes: number) =>
  `${created ? 'Created' : 'Replaced'} ${place} (${sizeBytes} bytes).`;
