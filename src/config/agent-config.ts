/** What an agent is configured with: models by provider, folders of definitions and skills, permissions of the whole agent. */

import { z } from 'zod';
import { MAX_TIMER_MS } from '../domain/clock.js';
import {
  DEFAULT_FIRST_BYTE_TIMEOUT_MS,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_MAX_RESPONSE_BYTES,
  DEFAULT_MAX_RETRIES,
  DEFAULT_TURN_TIMEOUT_MS,
} from '../domain/limits.js';
import { knownNames } from './closest.js';
import { block, named, parseValue } from './config-schema.js';
import { PermissionRulesConfig } from './permission-rules.js';

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
  .refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url), 'expected a URL without user and password; use apiKey');

const durationMs = z.int().positive().max(MAX_TIMER_MS);

const ModelConfig = block({
  /** Tokens that fit into a request and its answer. */
  context: z.int().positive().optional(),
  /** Tokens of one answer. */
  maxOutputTokens: z.int().positive().optional(),
  api: z.enum(['chat', 'responses']).optional(),
  /** How an answer in a form is asked for; `native` at the OpenAI service by default, else `tool`. */
  structuredOutput: z.enum(['native', 'tool']).optional(),
  /** USD per million tokens. */
  inputCost: z.number().nonnegative().optional(),
  outputCost: z.number().nonnegative().optional(),
}).superRefine((model, context) => {
  if ((model.inputCost === undefined) === (model.outputCost === undefined)) return;
  const [given, missing] = model.inputCost === undefined ? ['outputCost', 'inputCost'] : ['inputCost', 'outputCost'];
  context.addIssue({ code: 'custom', path: [given], message: `needs ${missing} beside it; costs come in pairs` });
});

const ProviderConfig = block({
  /** Needed unless `baseUrl` names a server that asks for none. */
  apiKey: z.string().trim().min(1, 'expected a key that is not empty').optional(),
  baseUrl: httpUrl.optional(),
  models: named(z.string().min(1, 'expected the name of a model'), ModelConfig).default({}),
  /** Ms until the first byte of an answer. */
  firstByteTimeoutMs: durationMs.default(DEFAULT_FIRST_BYTE_TIMEOUT_MS),
  /** Ms between two chunks of data. */
  idleTimeoutMs: durationMs.default(DEFAULT_IDLE_TIMEOUT_MS),
  /** Ms for a whole answer. */
  turnTimeoutMs: durationMs.default(DEFAULT_TURN_TIMEOUT_MS),
  /** Attempts after the first. */
  maxRetries: z.int().nonnegative().default(DEFAULT_MAX_RETRIES),
  maxResponseBytes: z.int().positive().default(DEFAULT_MAX_RESPONSE_BYTES),
}).superRefine((provider, context) => {
  if (provider.apiKey !== undefined || provider.baseUrl !== undefined) return;
  context.addIssue({ code: 'custom', message: 'needs an api_key, or the base_url of a server that asks for none' });
});

const folders = z.array(z.string().min(1, 'expected the path of a folder')).readonly().default([]);

/** Keys in camelCase, as typed here, or in snake_case. Model names are `provider/model`. */
export const AgentConfig = block({
  /** `provider/model`; may be left out where there is one model only. */
  defaultModel: z.string().min(1).optional(),
  providers: named(
    z.string().regex(/^[^/\s]+$/, 'expected the name of a provider, without slashes and blanks'),
    ProviderConfig,
  ).default({}),
  /** Folders of agent definitions; in a file relative to its folder, in an object to the working directory. */
  agentDirs: folders,
  /** Folders of skills; relative as `agentDirs`. */
  skillDirs: folders,
  /** Held beside the rules of each definition. */
  permissions: PermissionRulesConfig.optional(),
}).superRefine((config, context) => {
  const known = modelNames(config.providers);
  if (config.defaultModel === undefined || known.includes(config.defaultModel)) return;
  const message = `no such model; ${knownNames(config.defaultModel, known)}`;
  context.addIssue({ code: 'custom', path: ['defaultModel'], message });
});
export type AgentConfig = z.input<typeof AgentConfig>;
/** With the defaults filled in. */
export type ResolvedAgentConfig = z.output<typeof AgentConfig>;
export type ResolvedProviderConfig = z.output<typeof ProviderConfig>;
export type ResolvedModelConfig = z.output<typeof ModelConfig>;

function modelNames(providers: Readonly<Record<string, ResolvedProviderConfig>>): string[] {
  return Object.entries(providers).flatMap(([provider, { models }]) =>
    Object.keys(models).map((model) => `${provider}/${model}`),
  );
}

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseAgentConfig(value: unknown): ResolvedAgentConfig {
  return parseValue(AgentConfig, value, 'AgentConfig');
}
