/** What is left of a step of a workflow when it has ended. */

import type { ErrorInfo } from './errors.js';
import type { StructuredOf } from './schema.js';
import type { Usage } from './usage.js';

/** Numbers are of all its attempts. */
export interface StepOutcome<Structured = unknown> {
  readonly taskId: string;
  /** As the step named it. */
  readonly agent: string;
  readonly success: boolean;
  /** The final text; of one that failed, its last text. */
  readonly output: string;
  readonly error?: ErrorInfo;
  /** The answer in the form that the step asked for; of one that succeeded. */
  readonly structured?: Structured;
  /** The model stopped at its length limit. */
  readonly truncated?: true;
  /** Of its last attempt; empty where none was spawned. */
  readonly subagentId: string;
  /** Real time from spawn to end, in ms; waiting for one of the session's slots is not in it. */
  readonly durationMs: number;
  readonly usage: Usage;
  readonly turns: number;
  /** It did not run: this is what a former run has left. */
  readonly replayed: boolean;
}

/** What a step's answer is: by its schema where it has one, unknown where it may have one, else undefined. */
export type StructuredOfStep<Spec> = Spec extends { readonly outputSchema?: infer Schema }
  ? 'outputSchema' extends keyof Spec
    ? StructuredOf<Exclude<Schema, undefined>>
    : undefined
  : undefined;

/** One outcome for each spec, in their order: a tuple for a tuple. */
export type OutcomesOf<Specs extends readonly unknown[]> = {
  -readonly [Index in keyof Specs]: StepOutcome<StructuredOfStep<Specs[Index]>>;
};
