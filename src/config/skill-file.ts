/** How skills are found in a folder: one `SKILL.md` with front matter for each. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Skill } from '../domain/agent.js';
import { TroupeError } from '../domain/errors.js';
import { parseNode, strict } from './config-schema.js';
import { folderReason } from './definition-file.js';
import { readFrontMatter } from './front-matter.js';
import { readText } from './read-text.js';

const SKILL_FILE = 'SKILL.md';

const SkillFrontMatter = strict({
  name: z.string().regex(/^\w[\w.-]*$/, 'expected a name of letters, digits, _, - and .'),
  description: z.string().trim().min(1, 'expected what the skill is for'),
  // Keys that skills written for other programs carry; nothing is made of them. `allowed-tools` would only widen permissions.
  license: z.unknown().optional(),
  compatibility: z.unknown().optional(),
  metadata: z.unknown().optional(),
  'allowed-tools': z.unknown().optional(),
});

/**
 * The skills of a folder: its own `SKILL.md`, then those of its subfolders by name. Subfolders without one are left alone.
 * @param folder An absolute path, as the paths of the skills come from it.
 * @throws TroupeError `config_invalid` for a folder that cannot be read and for a bad `SKILL.md`, with path and reason.
 */
export function readSkills(folder: string): readonly Skill[] {
  const places = ['', ...subfoldersOf(folder)].map((subfolder) => join(folder, subfolder, SKILL_FILE));
  return places.filter((path) => existsSync(path)).map(readSkill);
}

function readSkill(path: string): Skill {
  const { head } = readFrontMatter(readText(path), path);
  const { name, description } = parseNode(SkillFrontMatter, head, path);
  return { name, description, path };
}

function subfoldersOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort();
  } catch (cause) {
    throw new TroupeError('config_invalid', `skillDirs: ${folder}: ${folderReason(cause)}`, { cause });
  }
}
