/** What a caller says of an actor logic: once when it is made, and again each time that an actor of it starts. */

import type { z } from 'zod';
import { TroupeError } from '../domain/errors.js';
import { parseValue, strict } from './config-schema.js';
import { SubAgentConfig } from './subagent-config.js';

const { agentType, tools: _, outputSchema: __, ...plain } = SubAgentConfig.shape;

const LogicOverrides = SubAgentConfig.partial();
export type LogicOverrides = z.input<typeof LogicOverrides>;

/** Plain JSON, since it is persisted with the machine that gave it; tools and schemas belong to the logic. */
const LogicInput = strict(plain).partial();
type LogicInput = z.input<typeof LogicInput>;

/** Input of an actor whose logic brings no prompt along. What it says goes before what the logic says. */
export type SubAgentLogicInput = Omit<LogicInput, 'prompt'> & { readonly prompt: string };

/** By the overrides of the logic: where they have a prompt, there need be no input. */
export type LogicInputOf<Overrides> = Overrides extends { readonly prompt: string }
  ? LogicInput | undefined
  : SubAgentLogicInput;

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseLogicOverrides(name: unknown, overrides: unknown): LogicOverrides {
  const what = 'overrides of a logic';
  parseValue(agentType, name, 'agentType of a logic');
  parseValue(LogicOverrides, overrides, what);
  const given = withoutUndefined(overrides as LogicOverrides); // just checked
  if (given.agentType !== undefined && given.agentType !== name) {
    throw new TroupeError('config_invalid', `${what}: agentType: leave it out, or give ${JSON.stringify(name)}`);
  }
  return given;
}

/** What a subagent of the logic is spawned from. @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function configOfLogic(name: string, overrides: LogicOverrides, input: unknown = {}): SubAgentConfig {
  parseValue(LogicInput, input, 'input of a logic');
  const given = withoutUndefined(input as LogicInput); // just checked
  const prompt = given.prompt ?? overrides.prompt;
  if (prompt === undefined) {
    throw new TroupeError('config_invalid', 'input of a logic: prompt: expected a text; give it here or to the logic');
  }
  return { ...overrides, ...given, agentType: name, prompt };
}

function withoutUndefined<Given extends object>(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Given; // all else is kept
}
