/** A provider that refuses what is above its rate, and a crowd that keeps to its limiter: without time, promises or chance. */

import { limiterOf, scripted } from '../../../src/activities/llm/index.js';

const ANSWER_MS = 1_000;
const REFUSAL_MS = 50;
/** What each waits after a refusal that named no time. */
const BACKOFF_MS = 400;

export interface BusyProvider {
  readonly retryAfterMs: number | undefined;
  takes(now: number): boolean;
}

/** Takes a second's worth at once, and then `perSecond`; with `refuses` it refuses that many and then nothing. */
export function busyProvider(options: {
  readonly perSecond: number;
  readonly retryAfterMs?: number | undefined;
  readonly refuses?: number;
}): BusyProvider {
  const { perSecond, retryAfterMs } = options;
  let refusalsLeft = options.refuses;
  let tokens = perSecond;
  let filledAt = 0;
  return {
    retryAfterMs,
    takes: (now) => {
      if (refusalsLeft !== undefined) return --refusalsLeft < 0;
      tokens = Math.min(perSecond, tokens + ((now - filledAt) * perSecond) / 1_000);
      filledAt = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

export interface Drained {
  readonly answeredCount: number;
  readonly refusalCount: number;
  /** Of one request. */
  readonly mostRefusals: number;
  /** Sent in one millisecond after the first refusal was told. */
  readonly mostAtOnce: number;
  readonly endedAt: number;
}

/** One request arrives at 0, the rest of `count` at `arriveAt`. */
export function drain(provider: BusyProvider, count: number, { arriveAt = 0 } = {}): Drained {
  const limiter = limiterOf(scripted([]));
  const agenda = new Map<number, (() => void)[]>();
  const refusals = new Map<number, number>();
  const sentAfterRefusal = new Map<number, number>();
  let now = 0;
  let answeredCount = 0;
  let refusalCount = 0;

  const at = (time: number, act: () => void) => agenda.set(time, [...(agenda.get(time) ?? []), act]);
  const ask = (key: number): void => {
    const waitMs = limiter.admit(String(key), now);
    if (waitMs > 0) return void at(now + waitMs, () => ask(key));
    if (refusalCount > 0) sentAfterRefusal.set(now, (sentAfterRefusal.get(now) ?? 0) + 1);
    const sentAt = now;
    if (provider.takes(now)) {
      at(now + ANSWER_MS, () => {
        answeredCount += 1;
        limiter.succeeded(sentAt);
      });
    } else {
      at(now + REFUSAL_MS, () => {
        refusalCount += 1;
        refusals.set(key, (refusals.get(key) ?? 0) + 1);
        limiter.limited({ now, sentAt, retryAfterMs: provider.retryAfterMs });
        at(now + (provider.retryAfterMs ?? BACKOFF_MS), () => ask(key));
      });
    }
  };
  for (let key = 0; key < count; key++) at(key === 0 ? 0 : arriveAt, () => ask(key));
  while (agenda.size > 0) {
    now = Math.min(...agenda.keys());
    const acts = agenda.get(now) ?? [];
    agenda.delete(now);
    for (const act of acts) act();
  }
  const most = (counts: Map<number, number>) => Math.max(0, ...counts.values());
  return {
    answeredCount,
    refusalCount,
    mostRefusals: most(refusals),
    mostAtOnce: most(sentAfterRefusal),
    endedAt: now,
  };
}
