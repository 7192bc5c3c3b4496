/** What a step of a workflow is on record: its name, its work, and the marks by which a later run knows its subagents. */

import { createHash } from 'node:crypto';
import { type OutputForm, prepareOutputSchema, withoutDefaults } from '../activities/llm/index.js';
import type { ResolvedStepSpec, SubAgentConfig } from '../config/index.js';
import type { Redact } from '../domain/redact.js';
import { subAgentConfigOf } from './run-step.js';

/** Hexadecimal digits, 4 bits each. */
const FINGERPRINT_LENGTH = 32;

export interface Step {
  readonly spec: ResolvedStepSpec;
  readonly name: StepName;
  /** Of its name. */
  readonly key: string;
  readonly form: OutputForm | undefined;
  readonly fingerprint: string;
}

export function stepOf(spec: ResolvedStepSpec, redact: Redact): Step {
  const form = spec.outputSchema === undefined ? undefined : prepareOutputSchema(spec.outputSchema);
  const name = stepName(spec.taskId, redact);
  return {
    spec,
    name,
    key: name.taskHash ?? name.taskId,
    form,
    fingerprint: fingerprintOf(spec, form && withoutDefaults(form.source)),
  };
}

/** Its marks tell a later run which step it is of, and whether that is still the same work. */
export function configOf({ spec, name, fingerprint }: Step, workflowId: string, attempt: number): SubAgentConfig {
  const config = subAgentConfigOf(spec);
  const marks = { ...name, workflowId, fingerprint, ...(attempt > 0 ? { attempt } : {}) };
  return { ...config, metadata: { ...config.metadata, ...marks } };
}

/** Counted from 0. */
export function attemptOf(metadata: unknown): number {
  const { attempt } = (metadata ?? {}) as { readonly attempt?: unknown };
  return typeof attempt === 'number' ? attempt : 0;
}

/** What names a step on record: its task, or a hash of it where that holds a secret. */
export interface StepName {
  readonly taskId: string;
  readonly taskHash?: string;
}

function stepName(taskId: string, redact: Redact): StepName {
  return redact(taskId) === taskId ? { taskId } : { taskId, taskHash: hashOf(taskId) };
}

/** Of a stored name; undefined for what is none. */
export function keyOf({ taskId, taskHash }: Readonly<Record<string, unknown>> = {}): string | undefined {
  const key = taskHash ?? taskId;
  return typeof key === 'string' ? key : undefined;
}

/** Of what a step is to do; how it is described does not count. */
function fingerprintOf({ agent, prompt, maxSteps }: ResolvedStepSpec, schema: unknown): string {
  const work = JSON.stringify([agent, prompt, maxSteps ?? null, schema ?? null]);
  return hashOf(work);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, FINGERPRINT_LENGTH);
}
