/** The tool `write`: makes a file, or gives one a new content. */

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Tool } from '../../domain/tool.js';
import { defineTool } from './define-tool.js';
import { inTurn } from './in-turn.js';
import { hashOf, replaceFile } from './replace-file.js';
import { openWorkspace, placeOf, type Workspace } from './workspace.js';

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
    idempotent: true,
    subject: ({ file_path }) => ({ kind: 'path', path: file_path }),
    run: async ({ file_path, content }, { workspace: folder, filesSeen, signal, mayWriteProtected }) => {
      const workspace = await openWorkspace(folder);
      const place = placeOf(workspace, file_path);
      const bytes = Buffer.from(content);
      return inTurn(await lockOf(workspace, place), async () => {
        signal.throwIfAborted();
        const replaced = await replaceFile(workspace, place, { content: bytes, mayWriteProtected });
        filesSeen.set(replaced.place, hashOf(bytes));
        return `${replaced.created ? 'Created' : 'Replaced'} ${replaced.place} (${bytes.length} bytes).`;
      });
    },
  });
}

/** What names the file, whatever link it is reached by. */
export async function lockOf(workspace: Workspace, place: string): Promise<string> {
  const path = join(workspace.root, place);
  return realpath(path).catch(() => path);
}
