/** A small world for tests of the runtime: scripted model, virtual clock, a few tools, and everything that was told. */

import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { todoTool } from '../../src/activities/tools/todo.js';
import type { OrchestratorConfig, SubAgentConfig } from '../../src/config/index.js';
import type { AgentDefinition, AgentRuntime } from '../../src/domain/agent.js';
import { delay } from '../../src/domain/clock.js';
import { TroupeError } from '../../src/domain/errors.js';
import type { ModelProvider, ModelRequest } from '../../src/domain/model.js';
import type { Tool } from '../../src/domain/tool.js';
import type { AgentEvent } from '../../src/events/index.js';
import { Orchestrator, type SubAgentHandle } from '../../src/orchestrator/index.js';
import {
  type ScriptedAnswer,
  type ScriptedFunction,
  type ScriptedModel,
  type ScriptedOptions,
  scripted,
  VirtualClock,
} from '../../src/testing/index.js';

export interface WorldOptions extends Omit<OrchestratorConfig, 'clock'> {
  /** Beside `slow`, `deaf`, `note`, `peek` and `todo`. */
  readonly tools?: readonly Tool[];
  readonly definitions?: readonly Partial<AgentDefinition>[];
  readonly models?: Readonly<Record<string, ModelProvider>>;
  readonly secrets?: AgentRuntime['redact'];
  readonly runtime?: Partial<AgentRuntime>;
  readonly model?: ScriptedOptions;
}

export interface World {
  readonly clock: VirtualClock;
  readonly model: ScriptedModel;
  readonly runtime: AgentRuntime;
  readonly orchestrator: Orchestrator;
  /** Every event so far, as `events$` gave them. */
  readonly events: AgentEvent[];
  /** Labels of `note` and `peek` calls, in the order they ran. */
  readonly effects: string[];
  /** Signals that `slow` and `deaf` were given, by label. */
  readonly signals: Map<string, AbortSignal>;
  /** A `worker` unless it says otherwise. */
  spawn(config?: Partial<SubAgentConfig>): SubAgentHandle;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
}

const labelled = z.object({ label: z.string().default('') });

export function createWorld(turns: readonly ScriptedAnswer[] | ScriptedFunction, options: WorldOptions = {}): World {
  const { tools = [], definitions = [], models = {}, secrets, runtime: own, model: modelOptions, ...config } = options;
  const clock = new VirtualClock();
  const model = scripted(turns, modelOptions);
  const effects: string[] = [];
  const signals = new Map<string, AbortSignal>();
  const ownTools: Tool[] = [
    defineTool({
      name: 'slow',
      description: 'Takes its time.',
      input: labelled.extend({ ms: z.number() }),
      readOnly: true,
      run: async ({ label, ms }, { signal }) => {
        signals.set(label, signal);
        await delay(clock, ms, signal);
        return `slow ${label} done`;
      },
    }),
    defineTool({
      name: 'deaf',
      description: 'Takes no notice of its signal, and ends after ms if given.',
      input: labelled.extend({ ms: z.number().optional() }),
      run: ({ label, ms }, { signal, emit }) => {
        signals.set(label, signal);
        return new Promise((resolve) => {
          if (ms === undefined) return;
          clock.setTimeout(() => {
            emit('late output');
            resolve(`deaf ${label} done`);
          }, ms);
        });
      },
    }),
    defineTool({
      name: 'note',
      description: 'Has an effect.',
      input: labelled,
      run: ({ label }) => {
        effects.push(label);
        return `noted ${label}`;
      },
    }),
    defineTool({
      name: 'peek',
      description: 'Has none.',
      input: labelled,
      readOnly: true,
      run: ({ label }) => {
        effects.push(label);
        return `peeked ${label}`;
      },
    }),
    todoTool(),
    ...tools,
  ];
  const known = [
    worker(ownTools),
    lead(ownTools),
    asker,
    ...definitions.map((partial) => ({ ...worker(ownTools), ...partial })),
  ];
  const runtime: AgentRuntime = {
    definitionOf: (name) => {
      const found = known.findLast((definition) => definition.name === name);
      if (found) return found;
      throw new TroupeError(
        'unknown_agent',
        `no agent definition ${JSON.stringify(name)}; known: ${known.map((definition) => definition.name).join(', ')}`,
      );
    },
    modelOf: (name) => {
      const found = name === undefined ? model : models[name];
      if (found) return found;
      throw new TroupeError('config_invalid', `model: no model ${JSON.stringify(name)}`);
    },
    skillsOf: () => [],
    tools: new Map(ownTools.map((tool) => [tool.name, tool])),
    clock,
    redact: secrets ?? ((text) => text),
    ...own,
  };
  const orchestrator = Orchestrator.create({ runtime }, config);
  const events: AgentEvent[] = [];
  orchestrator.events$.subscribe((event) => events.push(event));
  onTestFinished(() => {
    void orchestrator.close({ mode: 'cancel' });
  });
  return {
    clock,
    model,
    runtime,
    orchestrator,
    events,
    effects,
    signals,
    spawn: (given = {}) => orchestrator.spawnSubagent({ agentType: 'worker', prompt: 'do it', ...given }),
    settle: () => clock.advance(0),
  };
}

function worker(tools: readonly Tool[]): AgentDefinition {
  return {
    name: 'worker',
    aliases: [],
    description: 'Runs what it is told to.',
    prompt: 'You work.',
    maxSteps: 10,
    permissions: { allow: [...tools.map(({ name }) => name)], deny: [], ask: [], default: 'deny' },
    canSpawnSubagents: false,
  };
}

function lead(tools: readonly Tool[]): AgentDefinition {
  return { ...worker(tools), name: 'lead', prompt: 'You lead.', canSpawnSubagents: true };
}

/** Whatever it wants to do is asked. */
const asker: AgentDefinition = {
  ...worker([]),
  name: 'asker',
  permissions: { allow: [], deny: [], ask: [], default: 'ask' },
};

/** A turn that calls tools: `calls(['peek', { label: 'a' }], ...)`. */
export function calls(...list: readonly (readonly [name: string, args: object | string])[]): ScriptedAnswer {
  return { toolCalls: list.map(([name, args]) => ({ name, args })) };
}

/** A turn of `task` calls with these tasks. */
export function tasks(...prompts: readonly string[]): ScriptedAnswer {
  return calls(['task', { tasks: prompts.map((prompt) => ({ agent: 'worker', prompt })) }]);
}

/** Answers by the first prompt that a rule names, counting the requests of each conversation. */
export function byPrompt(script: Readonly<Record<string, readonly ScriptedAnswer[]>>): ScriptedFunction {
  return (request) => {
    const [first] = request.messages;
    const prompt = first?.role === 'user' ? first.content : '';
    const turn = request.messages.filter(({ role }) => role === 'assistant').length;
    const answer = script[prompt]?.[turn];
    if (answer === undefined) throw new TroupeError('bad_response', `no turn ${turn} for ${prompt}`);
    return typeof answer === 'function' ? answer(request) : answer;
  };
}

/** What the model was told last, by role. */
export function lastMessage(request: ModelRequest | undefined): string {
  return request?.messages.at(-1)?.content ?? '';
}

export function typesOf(events: readonly AgentEvent[], id?: string): string[] {
  return events.filter((event) => id === undefined || event.subagentId === id).map(({ type }) => type);
}

export function eventsOf<Type extends AgentEvent['type']>(
  events: readonly AgentEvent[],
  type: Type,
  id?: string,
): Extract<AgentEvent, { type: Type }>[] {
  return events.filter(
    (event): event is Extract<AgentEvent, { type: Type }> =>
      event.type === type && (id === undefined || event.subagentId === id),
  );
}

/** The error that a call throws or a promise rejects with. */
export async function errorOf(work: () => unknown): Promise<TroupeError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof TroupeError) return error;
    throw new Error(`expected a TroupeError, got ${String(error)}`, { cause: error });
  }
  throw new Error('expected an error, but there was none');
}
