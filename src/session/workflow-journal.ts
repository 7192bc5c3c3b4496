/** What the journal of a workflow says: which steps are done, and what came of them. A stored format. */

import { z } from 'zod';
import type { JsonValue } from '../domain/json.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import type { StepOutcome } from '../domain/step.js';
import type { OpenWorkflow } from '../orchestrator/index.js';
import { parseRecords } from '../store/index.js';
import { keyOf, type StepName } from './workflow-step.js';

const WORKFLOW_VERSION = 1;

const DoneRecord = z.object({
  type: z.literal('done'),
  version: z.literal(WORKFLOW_VERSION),
  /** Ms since the epoch. */
  t: z.number(),
  taskId: z.string(),
  /** Stands for the task where its name holds a secret, which is not stored. */
  taskHash: z.string().exactOptional(),
  /** Of the work: the same task with other work is not the same step. */
  fingerprint: z.string(),
  outcome: z.looseObject({ taskId: z.string(), agent: z.string(), subagentId: z.string(), success: z.literal(true) }),
});

/** Its text is in the journal of its subagent, unless that may be incomplete. */
export type RecordedOutcome = Omit<StepOutcome, 'output' | 'structured'> & { readonly output?: string };

/** On record by itself, or by the end of its subagent where that says it all. */
export type DoneStep = { readonly fingerprint: string } & (
  | { readonly recorded: RecordedOutcome }
  | { readonly recorded?: never; readonly ended: SubAgentOutcome; readonly metadata: Readonly<Record<string, unknown>> }
);

/**
 * By the hash of its name, else by its name.
 * @param ended Subagents of steps, in the order of spawning. Where a step has a record of its own, that counts.
 * @param where For messages.
 * @throws TroupeError `store_version`, `store_corrupt`.
 */
export function parseWorkflow(
  records: readonly unknown[],
  ended: OpenWorkflow['ended'],
  where: string,
): Map<string, DoneStep> {
  const done = new Map<string, DoneStep>();
  for (const { metadata, info, outcome } of ended) {
    if (info.parentId !== undefined) continue;
    const { fingerprint } = metadata;
    const key = keyOf(metadata);
    if (!outcome.success || key === undefined || typeof fingerprint !== 'string') continue;
    done.set(key, { fingerprint, ended: outcome, metadata });
  }
  const own = parseRecords(records, { schema: DoneRecord, version: WORKFLOW_VERSION, where });
  for (const { taskId, taskHash = taskId, fingerprint, outcome } of own) {
    done.set(taskHash, { fingerprint, recorded: outcome as unknown as RecordedOutcome }); // written by `doneRecord`
  }
  return done;
}

/** @param hasText Whether the record itself is to hold the answer. */
export function doneRecord(
  { name, fingerprint }: { readonly name: StepName; readonly fingerprint: string },
  outcome: StepOutcome,
  t: number,
  hasText: boolean,
): JsonValue {
  const { output, structured: _, ...rest } = outcome;
  const recorded = hasText ? { ...rest, output } : rest;
  const record = { type: 'done', version: WORKFLOW_VERSION, t, ...name, fingerprint, outcome: recorded };
  return JSON.parse(JSON.stringify(record)) as JsonValue; // plain data
}
