/** Which skills a subagent may load: those of the agent's folders and those of its own. */

import { resolve } from 'node:path';
import { readSkills } from '../config/index.js';
import type { Skill } from '../domain/agent.js';
import { TroupeError } from '../domain/errors.js';
import { folderCache } from './folder-cache.js';

/** Skills of the agent's folders, then of the given ones; folders are relative to the working directory. */
export type SkillsOf = (folders?: readonly string[]) => readonly Skill[];

/**
 * Reads the agent's folders at once, others when they are first named.
 * @throws TroupeError `config_invalid` for a bad `SKILL.md`, or for two skills of one name.
 */
export function createSkills(agentFolders: readonly string[]): SkillsOf {
  const read = folderCache(readSkills);
  const skillsOf: SkillsOf = (folders = []) => {
    const all = new Set([...agentFolders, ...folders].map((folder) => resolve(folder)));
    const skills = new Map<string, Skill>();
    for (const skill of [...all].flatMap(read)) {
      const first = skills.get(skill.name);
      if (first && first.path !== skill.path) {
        throw new TroupeError(
          'config_invalid',
          `${skill.path}: the name ${skill.name} is taken by ${first.path}; rename one`,
        );
      }
      skills.set(skill.name, skill);
    }
    return [...skills.values()];
  };
  skillsOf();
  return skillsOf;
}
