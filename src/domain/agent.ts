/** What an agent is made of, as the rooms to the right see it. */

import type { Clock } from './clock.js';
import type { TroupeError } from './errors.js';
import type { ModelProvider } from './model.js';
import type { Confirm, PermissionRules } from './permission.js';
import type { Redact } from './redact.js';
import type { Tool } from './tool.js';

/** A named role. */
export interface AgentDefinition {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly prompt: string;
  readonly maxSteps: number;
  /** Names of the tools it may use; absent: all of the agent's. */
  readonly tools?: readonly string[];
  readonly permissions: PermissionRules;
  readonly model?: string;
  readonly canSpawnSubagents: boolean;
}

export interface Skill {
  readonly name: string;
  readonly description: string;
  /** Absolute path of its `SKILL.md`. */
  readonly path: string;
}

/** An agent, loaded and checked. */
export interface AgentRuntime {
  /** @throws TroupeError `unknown_agent`, naming the known ones; `config_invalid` for a bad file in `agentDirs`. */
  definitionOf(agentType: string, agentDirs?: readonly string[]): AgentDefinition;
  /** The named model, or the default. @throws TroupeError `config_invalid` for an unknown name. */
  modelOf(name?: string): ModelProvider;
  /** @throws TroupeError `config_invalid` for a bad `SKILL.md`. */
  skillsOf(skillDirs?: readonly string[]): readonly Skill[];
  /** Built-in and own tools by name. */
  readonly tools: ReadonlyMap<string, Tool>;
  /** Those of `tools` that the program gave, not built in: it means them to be used. */
  readonly ownTools?: readonly Tool[];
  /** Rules of the whole agent, held beside each definition's own. */
  readonly permissions?: PermissionRules;
  readonly confirm?: Confirm;
  readonly clock: Clock;
  /** Takes registered secrets, and what looks like one, out of a text. */
  readonly redact: Redact;
  /** Told of defects that have no other way out, such as a throwing inspector. */
  readonly onError?: (error: TroupeError) => void;
  readonly inspect?: unknown;
}
