/** What an agent is: a configuration, read and checked, with everything that its subagents are made from. */

import { offline, openai, secretsOf } from '../activities/llm/index.js';
import { builtinTools } from '../activities/tools/index.js';
import {
  type AgentConfig,
  type AgentOptions,
  type Environment,
  type LogicOverrides,
  loadAgentFile,
  parseAgentConfig,
  parseAgentOptions,
  type ResolvedAgentConfig,
  type ResolvedAgentOptions,
  type SessionOptions,
} from '../config/index.js';
import type { AgentRuntime } from '../domain/agent.js';
import { realClock } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import type { ModelProvider } from '../domain/model.js';
import { createRedactor } from '../domain/redact.js';
import type { SubAgentLogicOf } from '../orchestrator/index.js';
import { Session } from '../session/index.js';
import { createCatalogue } from './catalogue.js';
import { type ConfiguredModel, createModels } from './models.js';
import { createSkills } from './skills.js';
import { toolsByName } from './tools.js';

export class Agent {
  /** What sessions, orchestrators and subagents are built on. */
  readonly runtime: AgentRuntime;
  readonly #ofLogics: SessionOptions;
  #logics: Session | undefined;

  private constructor(runtime: AgentRuntime, ofLogics: SessionOptions) {
    this.runtime = runtime;
    this.#ofLogics = ofLogics;
  }

  /**
   * Reads a config (the path of an `.acl`, `.hcl`, `.yaml` or `.json` file, or an object) and checks all of it, folders of
   * definitions and skills included. The environment is read once, now. Without source and model the offline model is used.
   * @throws TroupeError (by rejection) `config_invalid`, for a file with file, line and key.
   */
  static async create(source?: string | AgentConfig, options: AgentOptions = {}): Promise<Agent> {
    const { confirm, inspect, onError, clock = realClock, sessionStore, ...given } = parseAgentOptions(options);
    const env = { ...process.env };
    const config = readSource(source, env);
    const catalogue = createCatalogue([...(config?.agentDirs ?? []), ...given.agentDirs]);
    const runtime: AgentRuntime = {
      definitionOf: (agentType, agentDirs) => catalogue.definitionOf(agentType, agentDirs),
      modelOf: createModels(config, given, { configured: configuredModel, offline }),
      skillsOf: createSkills([...(config?.skillDirs ?? []), ...given.skillDirs]),
      tools: toolsByName(builtinTools({ env, ...given.builtinTools }), given.tools),
      clock,
      redact: createRedactor([...keysOf(config), ...givenModels(given).flatMap(secretsOf)]),
      ...(config?.permissions === undefined ? {} : { permissions: config.permissions }),
      ...(given.tools.length === 0 ? {} : { ownTools: given.tools }),
      ...(confirm === undefined ? {} : { confirm }),
      ...(inspect === undefined ? {} : { inspect }),
      ...(onError === undefined ? {} : { onError }),
    };
    return new Agent(runtime, sessionStore ? { sessionStore } : {});
  }

  /**
   * Binds it to a workspace; the session's subagents queue at its limit.
   * @param workspace Relative to the working directory, which is the default.
   * @throws TroupeError `config_invalid`.
   */
  session(workspace = '.', options: SessionOptions = {}): Session {
    return Session.open(this.runtime, workspace, options);
  }

  /**
   * Like `session.logic`, for subagents that need no session of yours: those of all logics of this agent share `logicSession`. Take
   * `session.logic` for approvals, a budget, limits, another workspace.
   * @throws TroupeError `config_invalid`, `unknown_agent`; `closed` when that session was closed.
   */
  logic<const Overrides extends LogicOverrides = Record<never, never>>(
    agentType: string,
    overrides?: Overrides,
  ): SubAgentLogicOf<Overrides> {
    return this.logicSession.logic(agentType, overrides);
  }

  /**
   * The session that the subagents of `logic` share, in the working directory, with the agent's `sessionStore`: to list, watch, trace
   * and close them.
   */
  get logicSession(): Session {
    this.#logics ??= this.session('.', this.#ofLogics);
    return this.#logics;
  }
}

function readSource(source: unknown, env: Environment): ResolvedAgentConfig | undefined {
  if (source === undefined) return undefined;
  if (typeof source !== 'string') return parseAgentConfig(source);
  if (source === '') throw new TroupeError('config_invalid', 'Agent.create: the path of the config file is empty');
  // A config's text in place of its path would be quoted, with its keys, in the error about a file that is not there.
  if (source.includes('\n')) {
    throw new TroupeError('config_invalid', 'Agent.create: expected the path of a config file, not its text');
  }
  return loadAgentFile(source, env);
}

function configuredModel({ name, model, provider, settings, limiterKey }: ConfiguredModel) {
  const { apiKey, baseUrl, models: _, ...limits } = provider;
  const { api, structuredOutput, maxOutputTokens, inputCost, outputCost } = settings;
  return openai(
    {
      name,
      model,
      limiterKey,
      ...limits,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(baseUrl === undefined ? {} : { baseURL: baseUrl }),
      ...(api === undefined ? {} : { api }),
      ...(structuredOutput === undefined ? {} : { structuredOutput }),
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      ...(inputCost === undefined || outputCost === undefined ? {} : { price: { inputCost, outputCost } }),
    },
    {}, // only what the config says: a key from the environment must not reach a server that it was not meant for
  );
}

function givenModels({ models, defaultModel }: ResolvedAgentOptions): ModelProvider[] {
  return [...Object.values(models), ...(typeof defaultModel === 'object' ? [defaultModel] : [])];
}

function keysOf(config: ResolvedAgentConfig | undefined): readonly string[] {
  return Object.values(config?.providers ?? {}).flatMap(({ apiKey }) => (apiKey === undefined ? [] : [apiKey]));
}
