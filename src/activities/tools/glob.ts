/** The tool `glob`: files by their names. */

import { z } from 'zod';
import { type Tool, ToolReply } from '../../domain/tool.js';
import { findInside } from './confined-files.js';
import { startDeadline } from './deadline.js';
import { defineTool } from './define-tool.js';
import { parseFileGlob } from './file-glob.js';
import { walkFiles } from './walk.js';
import { openWorkspace, placeOf } from './workspace.js';

const MAX_RESULTS = 1_000;

export function globTool(limitMs: number): Tool {
  return defineTool({
    name: 'glob',
    description: [
      'Finds files by name, such as **/*.ts or src/**/*.{js,css}: * and ? stay within a folder, ** goes across folders.',
      'Leaves out what .gitignore names. Gives paths relative to the workspace, in order;',
      `at most ${MAX_RESULTS}.`,
    ].join(' '),
    input: z.strictObject({
      pattern: z.string().describe('The pattern, relative to path.'),
      path: z.string().default('.').describe('Folder to search, relative to the workspace; all of it by default.'),
    }),
    readOnly: true,
    subject: ({ path }) => ({ kind: 'path', path }),
    run: async ({ pattern, path }, context) => {
      if (/^([/\\]|[a-zA-Z]:)/.test(pattern) || pattern.split(/[/\\{},]/).includes('..')) {
        return new ToolReply('The pattern must stay inside: no absolute paths and no "..". Name a folder by path.', {
          isError: true,
        });
      }
      const glob = parseFileGlob(pattern);
      const workspace = await openWorkspace(context.workspace);
      const { place: folder, kind } = await findInside(workspace, placeOf(workspace, path));
      if (kind === 'file') return new ToolReply(`${path} is a file, not a folder.`, { isError: true });
      const deadline = startDeadline(context, limitMs);
      const found: string[] = [];
      try {
        const start = glob.base === '.' ? folder : folder === '.' ? glob.base : `${folder}/${glob.base}`;
        const real = await findInside(workspace, start).catch(() => undefined);
        if (real?.kind !== 'folder' || real.place !== start) return NOTHING; // links are not followed
        for await (const file of walkFiles(workspace, start, deadline.signal)) {
          const name = folder === '.' ? file.path : file.path.slice(folder.length + 1);
          if (!glob.matches(name)) continue;
          if (found.length === MAX_RESULTS) {
            return [...found, `(only the first ${MAX_RESULTS} are shown; narrow the pattern or the path)`].join('\n');
          }
          found.push(file.path);
        }
      } catch (cause) {
        if (!deadline.expired()) throw cause;
        const note = `Stopped after ${limitMs} ms, before everything was searched. Narrow the path.`;
        return new ToolReply([...found, note].join('\n'), { isError: true });
      } finally {
        deadline.end();
      }
      return found.length === 0 ? NOTHING : found.join('\n');
    },
  });
}

const NOTHING = 'No files found.';
