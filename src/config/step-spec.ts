/** What a caller says of a step, and of a call that runs steps. */

import { z } from 'zod';
import { parseValue, strict } from './config-schema.js';
import { SubAgentConfig } from './subagent-config.js';

export const AgentStepSpec = strict({
  /** Names the step in its outcome; one call of `parallel` has each name once. */
  taskId: z.string().refine((taskId) => taskId.trim() !== '', 'expected a name that is not empty'),
  /** Name of an agent definition. */
  agent: SubAgentConfig.shape.agentType,
  /** Shown in listings and events. */
  description: z.string(),
  prompt: SubAgentConfig.shape.prompt,
  /** Turns of one attempt; the definition's by default. */
  maxSteps: SubAgentConfig.shape.maxSteps,
  /** Of one attempt, in state `running`, in ms. */
  timeoutMs: SubAgentConfig.shape.timeoutMs,
  /** Further attempts, a new subagent each, after a `timeout` or an error of the family `try_again`. */
  retries: z.int().nonnegative().default(0),
  /** The form of the answer: a zod schema or a JSON Schema. What it holds is checked with the call, before anything runs. */
  outputSchema: SubAgentConfig.shape.outputSchema,
  /** How often an answer that is not in that form is sent back. */
  repairs: SubAgentConfig.shape.repairs,
  /** Answers what would be asked with yes; deny rules still hold. */
  permissive: z.boolean().optional(),
  /** Name of a model of the agent. */
  model: SubAgentConfig.shape.model,
});
export type AgentStepSpec = z.input<typeof AgentStepSpec>;
/** With the defaults filled in. */
export type ResolvedStepSpec = z.output<typeof AgentStepSpec>;

const StepSpecs = z.array(AgentStepSpec).superRefine((specs, context) => {
  const placeByTaskId = new Map<string, number>();
  for (const [place, { taskId }] of specs.entries()) {
    const first = placeByTaskId.get(taskId);
    if (first === undefined) placeByTaskId.set(taskId, place);
    else
      context.addIssue({
        code: 'custom',
        path: [place, 'taskId'],
        message: `${JSON.stringify(taskId)} is the name of step ${first} already; give each step a name of its own`,
      });
  }
});

const StepOptions = strict({
  /** Aborted: what runs is cancelled, what waits never starts, and the call resolves. */
  signal: z.instanceof(AbortSignal).optional(),
});
export type StepOptions = z.input<typeof StepOptions>;

const WorkflowOptions = strict({
  ...StepOptions.shape,
  /** Steps on record whose work is another now: refuse the call, or run them again. */
  onChanged: z.enum(['reject', 'rerun']).default('reject'),
});
export type WorkflowOptions = z.input<typeof WorkflowOptions>;

const LoopOptions = strict({
  ...StepOptions.shape,
  /** Rounds at most. */
  maxIterations: z.int().positive(),
});
export type LoopOptions = z.input<typeof LoopOptions>;

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseStepSpec(value: unknown, what: string): ResolvedStepSpec {
  return parseValue(AgentStepSpec, value, what);
}

/** @throws TroupeError `config_invalid`, naming each step by its place from 0 with its key, and what was expected. */
export function parseStepSpecs(value: unknown, what: string): ResolvedStepSpec[] {
  return parseValue(StepSpecs, value, what);
}

/** @throws TroupeError `config_invalid`. */
export function parseStepOptions(value: unknown): StepOptions {
  return parseValue(StepOptions, value, 'options of the steps');
}

/** @throws TroupeError `config_invalid`. */
export function parseWorkflowOptions(value: unknown): z.output<typeof WorkflowOptions> {
  return parseValue(WorkflowOptions, value, 'options of parallelResumable');
}

/** @throws TroupeError `config_invalid`. */
export function parseLoopOptions(value: unknown): LoopOptions {
  return parseValue(LoopOptions, value, 'options of loop');
}
