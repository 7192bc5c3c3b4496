/** Which definition an agent type names: a built-in one, or one from the folders of the agent or of a single spawn. */

import { resolve } from 'node:path';
import { knownNames, type LoadedDefinition, readDefinitions } from '../config/index.js';
import type { AgentDefinition } from '../domain/agent.js';
import { TroupeError } from '../domain/errors.js';
import { BUILTIN_DEFINITIONS } from './builtin-definitions.js';
import { folderCache } from './folder-cache.js';

export interface DefinitionCatalogue {
  /**
   * @param folders Folders beside the agent's own, relative to the working directory; each is read once.
   * @throws TroupeError `unknown_agent`, naming the known ones; `config_invalid` for a bad file, or for a name that is taken.
   */
  definitionOf(agentType: string, folders?: readonly string[]): AgentDefinition;
}

/** Who holds a name. Without `file` it is a built-in's, which `override: true` may take. */
interface Holder {
  readonly definition: AgentDefinition;
  readonly file?: string;
}
type Index = ReadonlyMap<string, Holder>;

/**
 * Reads the agent's folders at once.
 * @throws TroupeError `config_invalid` for a bad file, or for a name that is taken.
 */
export function createCatalogue(agentFolders: readonly string[]): DefinitionCatalogue {
  const read = folderCache(readDefinitions);
  const own = new Set(agentFolders.map((folder) => resolve(folder)));
  const base = withDefinitions(builtinIndex(), [...own].flatMap(read));
  return {
    definitionOf(agentType, folders = []) {
      const further = new Set(folders.map((folder) => resolve(folder)).filter((folder) => !own.has(folder)));
      const index = further.size === 0 ? base : withDefinitions(base, [...further].flatMap(read));
      const holder = index.get(agentType);
      if (holder) return holder.definition;
      const name = JSON.stringify(agentType);
      throw new TroupeError('unknown_agent', `no agent definition ${name}; ${knownNames(agentType, index.keys())}`);
    },
  };
}

function builtinIndex(): Index {
  return new Map(
    BUILTIN_DEFINITIONS.flatMap((definition) =>
      [definition.name, ...definition.aliases].map((name) => [name, { definition }] as const),
    ),
  );
}

function withDefinitions(base: Index, loaded: readonly LoadedDefinition[]): Index {
  const index = new Map(base);
  for (const one of loaded) add(index, one);
  return index;
}

function add(index: Map<string, Holder>, { definition, override, file }: LoadedDefinition): void {
  for (const name of new Set([definition.name, ...definition.aliases])) {
    const holder = index.get(name);
    if (holder?.file !== undefined) {
      throw new TroupeError(
        'config_invalid',
        `${file}: the name ${name} is taken by ${holder.file}; rename one of them`,
      );
    }
    if (holder !== undefined && !override) {
      const remedy = 'choose another name, or set override: true to replace it';
      throw new TroupeError('config_invalid', `${file}: the name ${name} is that of a built-in definition; ${remedy}`);
    }
    if (name === holder?.definition.name) passOnNames(index, holder.definition, definition);
    index.set(name, { definition, file });
  }
}

/** Who replaces a built-in gets its aliases too: one of them must not lead to what was replaced. Others may still take them. */
function passOnNames(index: Map<string, Holder>, replaced: AgentDefinition, definition: AgentDefinition): void {
  for (const [name, holder] of index) if (holder.definition === replaced) index.set(name, { definition });
}
