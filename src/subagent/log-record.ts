/** What the journal of one subagent says, record by record: a stored format, so every change of it is a new version. */

import { z } from 'zod';
import { TroupeError } from '../domain/errors.js';
import { TASK_STATUSES } from '../domain/tool.js';
import { parseRecords } from '../store/index.js';

/** Of the records; newer ones are refused. */
export const LOG_VERSION = 1;

const at = {
  /** Ms since the epoch. */
  t: z.number(),
  /** Of the last event that was published before it, in this life. */
  seq: z.int().exactOptional(),
};

const TokenUsage = z.object({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cachedTokens: z.number().exactOptional(),
});

const StoredCall = z.object({
  id: z.string(),
  providerId: z.string().exactOptional(),
  name: z.string(),
  arguments: z.string(),
});

/** The first record: everything that a subagent is made from, besides its agent. */
const Spawned = z.object({
  ...at,
  type: z.literal('spawned'),
  version: z.int(),
  id: z.string(),
  parentId: z.string().exactOptional(),
  /** Place in the order of spawning. */
  order: z.int(),
  /** Levels above it. */
  depth: z.int(),
  /** The call of its parent that spawned it, and which of that call's tasks it is. */
  origin: z.object({ toolId: z.string(), index: z.int() }).exactOptional(),
  /** As the caller gave it; tools by name. */
  config: z.record(z.string(), z.unknown()),
});

/** Something was told to the chart: a signal, or what an activity came back with. */
const ChartEvent = z.object({
  ...at,
  type: z.literal('event'),
  event: z.looseObject({ type: z.string() }),
  /** Actors whose done events are on record before it, though the chart took this one first. */
  ahead: z.array(z.string()).readonly().exactOptional(),
  /** How often its parent had been paused when somebody resumed it: those pauses hold it no longer. */
  pausesAbove: z.int().exactOptional(),
});

/** The conversation went on. */
const Said = z.object({
  ...at,
  type: z.literal('said'),
  message: z.discriminatedUnion('role', [
    z.object({ role: z.literal('user'), content: z.string() }),
    z.object({
      role: z.literal('assistant'),
      content: z.string(),
      toolCalls: z.array(StoredCall).readonly().exactOptional(),
    }),
  ]),
  /** A message that was steered in. */
  steered: z.boolean().exactOptional(),
  /** Calls whose arguments held a secret, which is not stored: they cannot run from here. */
  hidden: z.array(z.string()).readonly().exactOptional(),
});

/** A call is answered. */
const Settled = z.object({
  ...at,
  type: z.literal('settled'),
  callId: z.string(),
  content: z.string(),
  isError: z.boolean(),
});

/** A request leaves. */
const Sent = z.object({
  ...at,
  type: z.literal('sent'),
  /** Absent for a side question. */
  turn: z.int().exactOptional(),
  isRepair: z.boolean().exactOptional(),
  /** Its input tokens, where a budget counts them: should nobody tell what it has cost, it was that. */
  expected: z.number().exactOptional(),
});

/** What a request that had left has cost. */
const Billed = z.object({
  ...at,
  type: z.literal('billed'),
  usage: TokenUsage,
  isEstimate: z.boolean().exactOptional(),
  /** As `sent` has it. */
  expected: z.number().exactOptional(),
});

/** A call is about to start. On disk before it does. */
const Calling = z.object({
  ...at,
  type: z.literal('calling'),
  callId: z.string(),
  /** What the tool keeps to find out, after a crash, whether it was done. */
  note: z.unknown().exactOptional(),
});

const Tasks = z.object({
  ...at,
  type: z.literal('tasks'),
  tasks: z.array(z.object({ content: z.string(), status: z.enum(TASK_STATUSES) })).readonly(),
});

/** Files as the subagent last saw them, by resolved path. */
const Seen = z.object({ ...at, type: z.literal('seen'), files: z.record(z.string(), z.string()) });

/** The structured answer, as the model wrote it. */
const Structured = z.object({ ...at, type: z.literal('structured'), value: z.unknown() });

/** A process has taken it up again. Time between the record before and this one does not count. */
const Restored = z.object({ ...at, type: z.literal('restored'), epoch: z.int() });

/** The last record. */
const Ended = z.object({ ...at, type: z.literal('ended'), outcome: z.looseObject({ id: z.string() }) });

const LogRecord = z.discriminatedUnion('type', [
  Spawned,
  ChartEvent,
  Said,
  Settled,
  Sent,
  Billed,
  Calling,
  Tasks,
  Seen,
  Structured,
  Restored,
  Ended,
]);
export type LogRecord = z.output<typeof LogRecord>;
export type SpawnedRecord = z.output<typeof Spawned>;

type WithoutTime<Each> = Each extends { t: number } ? Omit<Each, 't' | 'seq'> : never;
/** As it is handed to the log, which knows the time. */
export type LogEntry = WithoutTime<LogRecord>;

/** The event as XState tells it to the chart, and as a restore tells it again. */
export function doneEvent(actorId: string, output: unknown): LogEntry {
  return { type: 'event', event: { type: `${DONE}${actorId}`, actorId, output } };
}

export const DONE = 'xstate.done.actor.';

/**
 * @param where For messages: the subagent's place in the store.
 * @throws TroupeError `store_version` for records of a newer library, `store_corrupt` for what is no record of ours.
 */
export function parseLog(records: readonly unknown[], where: string): LogRecord[] {
  const parsed = parseRecords(records, { schema: LogRecord, version: LOG_VERSION, where });
  if (parsed[0]?.type !== 'spawned') {
    throw new TroupeError('store_corrupt', `${where}: the first record does not say what was spawned`);
  }
  return parsed;
}
