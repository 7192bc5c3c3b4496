/** What runs where no agent was given: a stub that goes through the motions and touches no file. */

import type { AgentDefinition, AgentRuntime } from '../domain/agent.js';
import { type Clock, delay } from '../domain/clock.js';
import type { ModelChunk, ModelProvider, ModelRequest, ModelStreamOptions } from '../domain/model.js';
import type { Tool } from '../domain/tool.js';

const STEP_COUNT = 5;
/** A step is half a tool call, half a request. */
const STEP_MS = 600;

const tool: Tool = {
  name: 'read',
  description: 'Does nothing for a while.',
  input: {
    '~standard': { version: 1, vendor: 'troupe', validate: (value) => ({ value }) },
  },
  parameters: { type: 'object', properties: { step: { type: 'integer' } } },
  readOnly: true,
  idempotent: true,
  run: async (input, { clock, signal, progress }) => {
    const { step } = input as { step: number }; // the stub model below writes it
    progress({ step, totalSteps: STEP_COUNT, message: `step ${step} of ${STEP_COUNT}` });
    await delay(clock, STEP_MS / 2, signal);
    return `step ${step} done`;
  },
};

async function* answer({ messages }: ModelRequest, options: ModelStreamOptions): AsyncGenerator<ModelChunk> {
  const stepsDone = messages.filter(({ role }) => role === 'tool').length;
  if (stepsDone > 0) await delay(options.clock, STEP_MS / 2, options.signal);
  if (stepsDone < STEP_COUNT) {
    yield { type: 'tool_call', name: tool.name, arguments: JSON.stringify({ step: stepsDone + 1 }) };
    yield { type: 'finish', reason: 'tool_calls' };
    return;
  }
  const text = `Stub: ${STEP_COUNT} steps done. Give Orchestrator.create an Agent to run a model and tools.`;
  yield { type: 'text_delta', text };
  yield { type: 'finish', reason: 'stop' };
}

function definition(name: string): AgentDefinition {
  return {
    name,
    aliases: [],
    description: 'A stub.',
    prompt: '',
    maxSteps: STEP_COUNT + 1,
    permissions: { allow: [tool.name], deny: [], ask: [], default: 'deny' },
    canSpawnSubagents: false,
  };
}

/** Knows every agent type; five steps of 600 ms running time each, then a text that says it is a stub. */
export function stubRuntime(clock: Clock): AgentRuntime {
  const model: ModelProvider = { name: 'stub', stream: answer }; // one for each: its limiter goes by this clock
  return {
    definitionOf: definition,
    modelOf: () => model,
    skillsOf: () => [],
    tools: new Map([[tool.name, tool]]),
    clock,
    redact: (text) => text,
  };
}
