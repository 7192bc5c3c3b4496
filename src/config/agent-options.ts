/** What a caller gives an agent beside its config: live objects, such as models and tools. */

import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { ModelProvider } from '../domain/model.js';
import { isTool, type Tool } from '../domain/tool.js';
import { named, parseValue, strict } from './config-schema.js';
import { clockOption, confirmOption, OrchestratorConfig, onErrorOption } from './orchestrator-config.js';

function isModelProvider(value: unknown): value is ModelProvider {
  if (typeof value !== 'object' || value === null) return false;
  return 'name' in value && typeof value.name === 'string' && 'stream' in value && typeof value.stream === 'function';
}

const modelOption = z.custom<ModelProvider>(isModelProvider, 'expected a ModelProvider: name and stream');
export const toolsOption = z.array(z.custom<Tool>(isTool, 'expected an object made by defineTool')).readonly();
const folders = z.array(z.string().min(1, 'expected the path of a folder')).readonly().default([]);

type WrapCommand = (argv: readonly string[], workspace: string) => readonly string[];
const isFunction = (value: unknown) => typeof value === 'function';
// A relative path would be looked for in the workspace, which may bring a program of its own.
const isProgram = (value: unknown) => value === false || (typeof value === 'string' && isAbsolute(value));

const BuiltinToolsOptions = strict({
  /**
   * Puts each `bash` command into a sandbox: gets `['bash', '-c', command]` and the absolute path of the workspace, gives the
   * program and its arguments to start instead.
   */
  wrapCommand: z.custom<WrapCommand>(isFunction, 'expected a function').optional(),
  /** The `rg` that `grep` uses; false: none. By default the one on `PATH`, if there is one. */
  ripgrep: z.custom<string | false>(isProgram, 'expected the absolute path of rg, or false').optional(),
  /** How long one `grep` or `glob` may take, in ms; 20,000 by default. */
  searchTimeoutMs: z.int().positive().optional(),
});

export const AgentOptions = strict({
  /** Models by name, beside those of the config. */
  models: named(z.string().min(1), modelOption).default({}),
  /** A model, or the name of one; before the config's. */
  defaultModel: z.union([z.string().min(1), modelOption], 'expected the name of a model or a ModelProvider').optional(),
  /** Own tools, beside the built-in ones. */
  tools: toolsOption.default([]),
  /** Of the built-in tools. */
  builtinTools: BuiltinToolsOptions.default({}),
  /** Beside those of the config; relative to the working directory. */
  agentDirs: folders,
  /** Beside those of the config; relative to the working directory. */
  skillDirs: folders,
  confirm: confirmOption.optional(),
  /** Keeps the subagents of `logic`, so that they are persisted with the machine they work for. Sessions have their own. */
  sessionStore: OrchestratorConfig.shape.store,
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
