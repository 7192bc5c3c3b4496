/** Whether and when a failed request is made again. */

import { familyOf, TroupeError } from '../../domain/errors.js';
import { MAX_RETRY_AFTER_MS } from '../../domain/limits.js';
import { retryAfterOf } from './model-fault.js';

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;
/** What is added at most to a wait that the provider named, so that not all come back in the same moment. */
const MAX_JITTER_MS = 1_000;
const MIN_JITTER_MS = 100;

interface FailedAttempt {
  readonly error: unknown;
  /** Number of the attempt that failed; the first is 1. */
  readonly attempt: number;
  /** Attempts after the first. */
  readonly maxRetries: number;
  /** From 0 up to, but not, 1. */
  readonly random: () => number;
}

/**
 * How long to wait before the next attempt; absent: do not try again. Codes of the family *try again* are, at most `maxRetries`
 * times, after half to all of 0.5, 1, 2, 4, 8, 8, ... seconds. A wait that the provider named is kept, and a little more; one above
 * 60 s is not waited for.
 */
export function planRetry(failed: FailedAttempt): { readonly delayMs: number } | undefined {
  const { error, attempt, maxRetries, random } = failed;
  if (!(error instanceof TroupeError) || familyOf(error.code) !== 'try_again' || attempt > maxRetries) return undefined;
  const retryAfterMs = retryAfterOf(error);
  if (retryAfterMs === undefined) {
    const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
    return { delayMs: Math.round(backoffMs * (0.5 + random() / 2)) };
  }
  if (retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
  const jitterMs = Math.min(MAX_JITTER_MS, Math.max(MIN_JITTER_MS, retryAfterMs / 10));
  return { delayMs: Math.ceil(retryAfterMs + random() * jitterMs) };
}
