/** The tool `skill`: instructions that the model loads when it needs them. */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { Skill } from '../../domain/agent.js';
import { type Tool, ToolReply } from '../../domain/tool.js';
import { defineTool } from './define-tool.js';

const MAX_BYTES = 1024 * 1024;

/** Gives the body of a `SKILL.md`, without its front matter. The program chose these files: they may lie outside the workspace. */
export function skillTool(skills: readonly Skill[]): Tool {
  const byName = new Map(skills.map((skill) => [skill.name, skill]));
  const names = [...byName.keys()];
  return defineTool({
    name: 'skill',
    description: [
      'Loads the instructions of a skill. Load the one that fits before you begin such a task. Skills:',
      ...(names.length === 0
        ? ['(none)']
        : [...byName.values()].map((skill) => `- ${skill.name}: ${skill.description}`)),
    ].join('\n'),
    input: z.strictObject({ name: z.string().describe('Name of the skill.') }),
    readOnly: true,
    run: async ({ name }) => {
      const skill = byName.get(name);
      if (skill === undefined) {
        return new ToolReply(`There is no skill ${JSON.stringify(name)}; known: ${names.join(', ') || 'none'}.`, {
          isError: true,
        });
      }
      try {
        return bodyOf(await readText(skill.path));
      } catch {
        return new ToolReply(`The instructions of the skill ${name} cannot be read.`, { isError: true });
      }
    },
  });
}

async function readText(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MAX_BYTES) throw new Error('not a regular file of up to 1 MB');
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** What follows the block between two lines of `---` at the top, if there is one. */
function bodyOf(text: string): string {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const end = lines[0]?.trimEnd() === '---' ? lines.findIndex((line, at) => at > 0 && line.trimEnd() === '---') : -1;
  return lines
    .slice(end + 1)
    .join('\n')
    .trim();
}
