/** What a caller gives an agent beside its config: live objects, such as models and tools. */

import { z } from 'zod';
import type { ModelProvider } from '../domain/model.js';
import { isTool, type Tool } from '../domain/tool.js';
import { named, parseValue, strict } from './config-schema.js';
import { clockOption, confirmOption, onErrorOption } from './orchestrator-config.js';

function isModelProvider(value: unknown): value is ModelProvider {
  if (typeof value !== 'object' || value === null) return false;
  return 'name' in value && typeof value.name === 'string' && 'stream' in value && typeof value.stream === 'function';
}

const modelOption = z.custom<ModelProvider>(isModelProvider, 'expected a ModelProvider: name and stream');
export const toolsOption = z.array(z.custom<Tool>(isTool, 'expected an object made by defineTool')).readonly();
const folders = z.array(z.string().min(1, 'expected the path of a folder')).readonly().default([]);

export const AgentOptions = strict({
  /** Models by name, beside those of the config. */
  models: named(z.string().min(1), modelOption).default({}),
  /** A model, or the name of one; before the config's. */
  defaultModel: z.union([z.string().min(1), modelOption], 'expected the name of a model or a ModelProvider').optional(),
  /** Own tools, beside the built-in ones. */
  tools: toolsOption.default([]),
  /** Beside those of the config; relative to the working directory. */
  agentDirs: folders,
  /** Beside those of the config; relative to the working directory. */
  skillDirs: folders,
  confirm: confirmOption.optional(),
  inspect: z.unknown().optional(),
  clock: clockOption.optional(),
  onError: onErrorOption.optional(),
});
export type AgentOptions = z.input<typeof AgentOptions>;
/** With the defaults filled in. */
export type ResolvedAgentOptions = z.output<typeof AgentOptions>;

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseAgentOptions(value: unknown): ResolvedAgentOptions {
  return parseValue(AgentOptions, value, 'AgentOptions');
}
