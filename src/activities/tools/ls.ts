/** The tool `ls`: what is in a folder. */

import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Tool } from '../../domain/tool.js';
import { useFolder } from './confined-files.js';
import { defineTool } from './define-tool.js';
import { byName } from './walk.js';
import { openWorkspace, placeOf } from './workspace.js';

const MAX_ENTRIES = 1_000;

export function lsTool(): Tool {
  return defineTool({
    name: 'ls',
    description: [
      'Lists a folder: folders end with /, symbolic links with @, files show their size in bytes.',
      `Hidden and ignored entries are shown too; at most ${MAX_ENTRIES}. To find files by name use glob.`,
    ].join(' '),
    input: z.strictObject({
      path: z.string().default('.').describe('The folder, relative to the workspace; the workspace itself by default.'),
    }),
    readOnly: true,
    subject: ({ path }) => ({ kind: 'path', path }),
    run: async ({ path }, { workspace: folder, signal }) => {
      const workspace = await openWorkspace(folder);
      return useFolder(workspace, placeOf(workspace, path), async ({ base }) => {
        const entries = (await readdir(base, { withFileTypes: true })).sort(byName);
        if (entries.length === 0) return '(empty folder)';
        const lines: string[] = [];
        for (const entry of entries.slice(0, MAX_ENTRIES)) {
          signal.throwIfAborted();
          lines.push(await describe(base, entry));
        }
        if (entries.length > MAX_ENTRIES) lines.push(`(and ${entries.length - MAX_ENTRIES} more; use glob to narrow)`);
        return lines.join('\n');
      });
    },
  });
}

async function describe(base: string, entry: Dirent): Promise<string> {
  if (entry.isDirectory()) return `${entry.name}/`;
  if (entry.isSymbolicLink()) return `${entry.name}@`;
  const stats = await lstat(join(base, entry.name)).catch(() => undefined); // it may be gone by now
  if (!entry.isFile() || stats === undefined) return entry.name;
  return `${entry.name} (${stats.size})`;
}
