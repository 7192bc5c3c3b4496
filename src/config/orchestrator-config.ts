/** What a caller says of an orchestrator. */

import { z } from 'zod';
import type { Clock } from '../domain/clock.js';
import type { TroupeError } from '../domain/errors.js';
import {
  DEFAULT_CONTROL_BUFFER_SIZE,
  DEFAULT_EVENT_BUFFER_SIZE,
  DEFAULT_KEEP_ENDED,
  DEFAULT_MAX_CONCURRENT_SUBAGENTS,
  DEFAULT_MAX_DEPTH,
  DEFAULT_PASSIVATE_AFTER_MS,
} from '../domain/limits.js';
import type { Confirm } from '../domain/permission.js';
import { budgetOption } from './budget.js';
import { parseValue, strict } from './config-schema.js';

const isFunction = (value: unknown) => typeof value === 'function';
const hasMethods =
  (...names: string[]) =>
  (value: unknown) =>
    typeof value === 'object' && value !== null && names.every((name) => isFunction(Reflect.get(value, name)));

export const clockOption = z.custom<Clock>(
  hasMethods('now', 'setTimeout', 'clearTimeout'),
  'expected a clock with now, setTimeout and clearTimeout',
);
export const confirmOption = z.custom<Confirm>(isFunction, 'expected a function');
export const onErrorOption = z.custom<(error: TroupeError) => void>(isFunction, 'expected a function');

/** An `EventBus`, as far as it can be told from here. */
export interface BusOption {
  publish(message: { readonly id: string; readonly subject: string; readonly data: unknown }): Promise<void>;
  messages$(pattern: string, options?: { readonly from?: number }): object;
  close(): Promise<void>;
}

/** A `SessionStore`, as far as it can be told from here. */
export interface StoreOption {
  readonly name: string;
  acquire(path: readonly string[]): object;
}

export const OrchestratorConfig = strict({
  maxConcurrentSubagents: z.int().positive().default(DEFAULT_MAX_CONCURRENT_SUBAGENTS),
  /** At the limit: throw, or leave the new one `pending`, first in first out. */
  onLimit: z.enum(['reject', 'queue']).default('reject'),
  /** Events kept for each subagent, as many again for its deltas; also what a slow iterable reader may leave unread. */
  eventBufferSize: z.int().positive().default(DEFAULT_EVENT_BUFFER_SIZE),
  /** Steered messages and side questions that may wait at one subagent. */
  controlBufferSize: z.int().positive().default(DEFAULT_CONTROL_BUFFER_SIZE),
  /** First token of bus subjects. */
  subjectPrefix: z
    .string()
    .regex(/^[\w-]+$/, 'expected letters, digits, _ or -')
    .default('agent'),
  /** Ended subagents that stay listed. */
  keepEnded: z.int().nonnegative().default(DEFAULT_KEEP_ENDED),
  /** Levels of children below a subagent that a caller spawned. */
  maxDepth: z.int().nonnegative().default(DEFAULT_MAX_DEPTH),
  /** Of all its subagents together. */
  budget: budgetOption.optional(),
  /** Keeps the work, so that `restore()` goes on with it. */
  store: z
    .custom<StoreOption>(
      hasMethods('acquire', 'openJournal', 'readJournal', 'readDocument', 'writeDocument', 'list', 'remove'),
      'expected a SessionStore, such as new FileSessionStore(dir)',
    )
    .optional(),
  /** How long a subagent rests before its conversation leaves memory, to be read back from the store when it is wanted, in ms. */
  passivateAfterMs: z.int().nonnegative().default(DEFAULT_PASSIVATE_AFTER_MS),
  /** Scopes ids, leases and `restore()` within the store. */
  sessionId: z.string().min(1).default('default'),
  /** What becomes of a call that a crash cut off and that may not simply run again. */
  onInterrupted: z.enum(['report', 'ask', 'rerun', 'fail']).default('report'),
  /** When the store cannot write: hold and try again, end with `store_io`, or go on unsaved. */
  onPersistError: z.enum(['hold', 'fail', 'continue']).default('hold'),
  /** Default folder of its subagents. */
  workspace: z.string().min(1).default('.'),
  bus: z
    .custom<BusOption>(
      hasMethods('publish', 'messages$', 'close'),
      'expected an EventBus: publish, messages$ and close',
    )
    .optional(),
  inspect: z.unknown().optional(),
  clock: clockOption.optional(),
  confirm: confirmOption.optional(),
  approvals: z.enum(['deny', 'wait']).default('deny'),
  /** How long a question may stay unanswered, in ms; 60,000 where a `confirm` is set, else no limit. */
  confirmTimeoutMs: z.int().positive().optional(),
  onError: onErrorOption.optional(),
});
export type OrchestratorConfig = z.input<typeof OrchestratorConfig>;
export type ResolvedOrchestratorConfig = z.output<typeof OrchestratorConfig>;

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseOrchestratorConfig(value: unknown): ResolvedOrchestratorConfig {
  return parseValue(OrchestratorConfig, value, 'OrchestratorConfig');
}
