/** One attempt at a model request: let in by the provider's shared limiter, counted, and judged when it fails. */

import { limiterOf, ModelFault, type ModelTurn, planRetry, readTurn, retryAfterOf } from '../activities/llm/index.js';
import { type ErrorInfo, RateLimitedError, type TroupeError, toErrorInfo } from '../domain/errors.js';
import { BUDGET_RECHECK_MS, DEFAULT_MAX_RETRIES } from '../domain/limits.js';
import type { ModelRequest } from '../domain/model.js';
import type { Redact } from '../domain/redact.js';
import type { LiveSubagent } from './live-subagent.js';
import { openAccount } from './spending.js';

export interface AttemptOptions {
  /** Who asks, for the limiter. */
  readonly key: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Absent for a side question. */
  readonly turn?: number;
  readonly signal: AbortSignal;
  readonly request: ModelRequest;
  /** Called when it is let in, just before it leaves. */
  readonly onSend?: () => void;
  readonly onText: (text: string) => void;
  readonly onReasoning: (text: string) => void;
}

export type Attempt =
  | { readonly kind: 'answered'; readonly turn: ModelTurn }
  /** Nothing was sent: everyone waits for this provider, or for what is left of a budget. */
  | { readonly kind: 'held_back'; readonly delayMs: number }
  | { readonly kind: 'failed'; readonly delayMs: number; readonly reason: string };

/** Rejects with a `TroupeError` that is not to be tried again, such as `budget_exceeded`, or with the signal's reason. */
export async function attemptRequest(subagent: LiveSubagent, options: AttemptOptions): Promise<Attempt> {
  const { environment, plan } = subagent;
  const { clock, random, redact } = environment;
  const { attempt, request, signal } = options;
  signal.throwIfAborted(); // it may have ended in the tick in which it was to ask
  const account = openAccount(subagent, request);
  if (!account) return { kind: 'held_back', delayMs: BUDGET_RECHECK_MS };
  const limiter = limiterOf(plan.model);
  const sentAt = clock.now();
  const heldBackMs = limiter.admit(options.key, sentAt);
  if (heldBackMs > 0) {
    account.notSent();
    return { kind: 'held_back', delayMs: heldBackMs };
  }

  options.onSend?.();
  subagent.requestSent(options.turn, account.expected);
  /** An answer may take minutes; its first piece says that the request was taken. */
  const andTaken = (tell: (piece: string) => void) => (piece: string) => {
    limiter.succeeded(sentAt);
    tell(piece);
  };
  const [onText, onReasoning] = [andTaken(options.onText), andTaken(options.onReasoning)];
  try {
    const turn = await readTurn(plan.model, request, { signal, clock, onText, onReasoning });
    signal.throwIfAborted();
    limiter.succeeded(sentAt);
    const bill = account.answered(turn);
    if (bill) subagent.requestBilled(bill);
    return { kind: 'answered', turn };
  } catch (error) {
    const bill = account.failed(signal.aborted ? signal.reason : error);
    signal.throwIfAborted(); // what was expected of it stands
    if (bill) subagent.requestBilled(bill);
    const { code, message } = toErrorInfo(error);
    if (code === 'rate_limited') limiter.limited({ now: clock.now(), sentAt, retryAfterMs: retryAfterOf(error) });
    const retry = planRetry({ error, attempt, maxRetries: plan.model.maxRetries ?? DEFAULT_MAX_RETRIES, random });
    if (retry) return { kind: 'failed', delayMs: retry.delayMs, reason: redact(message) };
    subagent.retryAfterMs = retryAfterOf(error);
    throw plainError(error, { code, message: redact(message) }, redact);
  }
}

/** Its places in line for the provider go when it has ended. */
export function forgetRequests(subagent: LiveSubagent): void {
  const limiter = limiterOf(subagent.plan.model);
  limiter.forget(requestKey(subagent));
  limiter.forget(asideKey(subagent));
}

export const requestKey = ({ id, environment }: LiveSubagent): string => `${environment.runId}/${id}`;
export const asideKey = (subagent: LiveSubagent): string => `${requestKey(subagent)}/aside`;

/** What callers get: without the cause, since what a provider echoes may hold a secret. */
function plainError(error: unknown, { code, message }: ErrorInfo, redact: Redact): TroupeError {
  if (code === 'rate_limited') return rateLimited(message, retryAfterOf(error));
  const text = error instanceof ModelFault ? redact(error.text) : '';
  return new ModelFault(code, message, { text });
}

function rateLimited(message: string, retryAfterMs: number | undefined): RateLimitedError {
  const asked = retryAfterMs === undefined ? '' : `; it asks to wait ${Math.ceil(retryAfterMs / 1000)} s`;
  return new RateLimitedError(`${message}${asked}; try again later, or with fewer subagents at once`, retryAfterMs);
}
