/** What the journal of a workflow says: which steps are done, and what came of them. A stored format. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ResolvedStepSpec } from '../config/index.js';
import type { JsonValue } from '../domain/json.js';
import type { StepOutcome } from '../domain/step.js';
import { parseRecords } from '../store/index.js';

const WORKFLOW_VERSION = 1;

const DoneRecord = z.object({
  type: z.literal('done'),
  version: z.literal(WORKFLOW_VERSION),
  /** Ms since the epoch. */
  t: z.number(),
  taskId: z.string(),
  /** Of the work: the same task with other work is not the same step. */
  fingerprint: z.string(),
  outcome: z.looseObject({ taskId: z.string(), agent: z.string(), subagentId: z.string(), success: z.literal(true) }),
});

/** Its text is in the journal of its subagent, unless that may be incomplete. */
export type RecordedOutcome = Omit<StepOutcome, 'output' | 'structured'> & { readonly output?: string };

export interface DoneStep {
  readonly fingerprint: string;
  readonly outcome: RecordedOutcome;
}

/** @param where For messages. @throws TroupeError `store_version`, `store_corrupt`. */
export function parseWorkflow(records: readonly unknown[], where: string): Map<string, DoneStep> {
  const parsed = parseRecords(records, { schema: DoneRecord, version: WORKFLOW_VERSION, where });
  // Written by `doneRecord`; of two for one task the later one counts.
  return new Map(
    parsed.map(({ taskId, fingerprint, outcome }) => [
      taskId,
      { fingerprint, outcome: outcome as unknown as RecordedOutcome },
    ]),
  );
}

/** @param hasText Whether the record itself is to hold the answer. */
export function doneRecord(fingerprint: string, outcome: StepOutcome, t: number, hasText: boolean): JsonValue {
  const { output, structured: _, ...rest } = outcome;
  const recorded = hasText ? { ...rest, output } : rest;
  const record = { type: 'done', version: WORKFLOW_VERSION, t, taskId: outcome.taskId, fingerprint, outcome: recorded };
  return JSON.parse(JSON.stringify(record)) as JsonValue; // plain data
}

/** Of what a step is to do; how it is described does not count. */
export function fingerprintOf({ agent, prompt, maxSteps }: ResolvedStepSpec, schema: unknown): string {
  const work = JSON.stringify([agent, prompt, maxSteps ?? null, schema ?? null]);
  return createHash('sha256').update(work).digest('hex');
}
