/** Options of single calls: how long to wait, how to close. */

import { z } from 'zod';
import { parseValue, strict } from './config-schema.js';

const WaitOptions = strict({
  /** Ms; without it there is no limit. */
  timeoutMs: z.number().nonnegative().optional(),
  signal: z.instanceof(AbortSignal).optional(),
});
export type WaitOptions = z.input<typeof WaitOptions>;

const EventFilter = strict({
  from: z.int().positive().optional(),
  ids: z.array(z.string()).readonly().optional(),
  types: z.array(z.string()).readonly().optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

const CloseOptions = strict({
  /** `suspend`: bring to rest and save; `cancel`: end. */
  mode: z.enum(['suspend', 'cancel']).optional(),
});
export type CloseOptions = z.input<typeof CloseOptions>;

/** @throws TroupeError `config_invalid`. */
export function parseWaitOptions(value: unknown): WaitOptions {
  return parseValue(WaitOptions, value, 'options of waitAll');
}

/** @throws TroupeError `config_invalid`. */
export function parseEventFilter(value: unknown): z.output<typeof EventFilter> {
  return parseValue(EventFilter, value, 'filter of events');
}

/** @throws TroupeError `config_invalid`. */
export function parseCloseOptions(value: unknown): CloseOptions {
  return parseValue(CloseOptions, value, 'CloseOptions');
}
