/** How agent definitions are read from a folder: `.yaml`, `.yml`, `.json`, or `.md` with front matter. */

import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { z } from 'zod';
import type { AgentDefinition } from '../domain/agent.js';
import { TroupeError } from '../domain/errors.js';
import type { ConfigNode } from './config-node.js';
import { block, parseNode } from './config-schema.js';
import { readFrontMatter } from './front-matter.js';
import { PermissionRulesConfig, readOnlyPermissions } from './permission-rules.js';
import { readJson } from './read-json.js';
import { readText, reasonOf } from './read-text.js';
import { readYaml } from './read-yaml.js';

/** Turns of a definition that does not say how many. */
const DEFAULT_MAX_STEPS = 50;

const name = z.string().regex(/^\w[\w.-]*$/, 'expected a name of letters, digits, _, - and .');

export const AgentDefinitionConfig = block({
  name,
  description: z.string().default(''),
  aliases: z.array(name).readonly().default([]),
  /** Turns. */
  maxSteps: z.int().positive().default(DEFAULT_MAX_STEPS),
  /** Names of the tools it may use; left out: all. */
  tools: z.array(z.string().min(1)).readonly().optional(),
  /** Left out: reading is allowed, the rest is asked. Given: exactly what it says. */
  permissions: PermissionRulesConfig.optional(),
  model: z.string().min(1).optional(),
  canSpawnSubagents: z.boolean().default(false),
  /** The system prompt; in a Markdown file the body stands for it. */
  prompt: z.string().optional(),
  /** Needed to take the name of a built-in definition. */
  override: z.boolean().default(false),
});
export type AgentDefinitionConfig = z.input<typeof AgentDefinitionConfig>;

/** A definition and where it came from. */
export interface LoadedDefinition {
  readonly definition: AgentDefinition;
  readonly override: boolean;
  readonly file: string;
}

/**
 * Every definition of a folder, by file name. Files of other kinds, hidden files and subfolders are left alone. Reads synchronously.
 * @throws TroupeError `config_invalid` for a folder that cannot be read and for a bad file, with path and reason.
 */
export function readDefinitions(folder: string): readonly LoadedDefinition[] {
  return filesOf(folder)
    .filter((file) => READERS.has(extname(file).toLowerCase()))
    .map((file) => readDefinition(join(folder, file)));
}

type Reader = (text: string, file: string) => { readonly head: ConfigNode; readonly body?: string };
const yaml: Reader = (text, file) => ({ head: readYaml(text, file) });
const READERS: ReadonlyMap<string, Reader> = new Map([
  ['.yaml', yaml],
  ['.yml', yaml],
  ['.json', (text, file) => ({ head: readJson(text, file) })],
  ['.md', readFrontMatter],
]);

/** @throws TroupeError `config_invalid` with path and reason. */
function readDefinition(file: string): LoadedDefinition {
  const read = READERS.get(extname(file).toLowerCase()) ?? yaml;
  const { head, body = '' } = read(readText(file), file);
  const {
    override,
    prompt: written,
    permissions,
    tools,
    model,
    ...rest
  } = parseNode(AgentDefinitionConfig, head, file);
  if (written !== undefined && body !== '') {
    throw new TroupeError('config_invalid', `${file}: prompt: given twice, as a key and as the body; keep one`);
  }
  const prompt = (written ?? body).trim();
  if (prompt === '') throw new TroupeError('config_invalid', `${file}: prompt: expected a text that is not empty`);
  const definition: AgentDefinition = {
    ...rest,
    prompt,
    permissions: permissions ?? readOnlyPermissions('ask'),
    ...(tools === undefined ? {} : { tools }),
    ...(model === undefined ? {} : { model }),
  };
  return { definition, override, file };
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort();
  } catch (cause) {
    throw new TroupeError('config_invalid', `agentDirs: ${folder}: ${folderReason(cause)}`, { cause });
  }
}

/** As `reasonOf`, of a folder. */
export function folderReason(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'no such folder';
  return code === 'ENOTDIR' ? 'it is no folder' : reasonOf(cause);
}
