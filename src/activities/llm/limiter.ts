/** When a request may go to a provider that has said "too many requests" to one of us. */

import { MAX_RETRY_AFTER_MS } from '../../domain/limits.js';
import type { ModelProvider } from '../../domain/model.js';

const FIRST_GAP_MS = 200;
const MAX_GAP_MS = 800;
/** A gap below this is none. */
const MIN_GAP_MS = 20;
/** Pause after a 429 that did not say how long. */
const FIRST_PAUSE_MS = 500;

/** One for each provider, shared by all who ask it. Times in ms of one clock. */
export interface Limiter {
  /**
   * How long the request of this key has to wait; 0: go. A key that has waited as long as it was told is admitted, unless another
   * 429 came meanwhile. While there is anything to wait for, keys go in the order in which they first asked.
   */
  admit(key: string, now: number): number;
  /** A request was refused for its rate. */
  limited(now: number, retryAfterMs?: number): void;
  /** A request was answered. */
  succeeded(): void;
  /** This key no longer waits. Must be called for a key that was told to wait and does not ask again. */
  forget(key: string): void;
}

const limiters = new WeakMap<ModelProvider, Limiter>();

export function limiterOf(provider: ModelProvider): Limiter {
  const known = limiters.get(provider);
  if (known) return known;
  const made = createLimiter();
  limiters.set(provider, made);
  return made;
}

interface Waiter {
  ticket: number;
  dueAt: number;
  /** Which pause `dueAt` was reckoned from. */
  pause: number;
}

function createLimiter(): Limiter {
  /** In the order of their tickets, which is the order of asking. */
  const waiting = new Map<string, Waiter>();
  let nextTicket = 0;
  let gapMs = 0;
  /** The latest time that was given away. */
  let lastDueAt = Number.NEGATIVE_INFINITY;
  let lastAdmittedAt = Number.NEGATIVE_INFINITY;
  /** The pause in force: its number, its end, and who goes first after it, at which distance to the next. */
  let pause = 0;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let firstTicket = 0;
  let pauseGapMs = 0;

  const admitted = (now: number): number => {
    lastAdmittedAt = Math.max(lastAdmittedAt, now);
    lastDueAt = Math.max(lastDueAt, now);
    return 0;
  };
  const leave = (key: string): void => {
    waiting.delete(key);
    if (waiting.size === 0) lastDueAt = lastAdmittedAt; // times given to those who never came are free again
  };
  return {
    admit(key, now) {
      const waiter = waiting.get(key);
      if (waiter === undefined) {
        // Without a gap or anyone in line, times given away before say nothing; they may be another clock's.
        const isOpen = gapMs === 0 && waiting.size === 0;
        const dueAt = Math.max(now, pausedUntil, isOpen ? now : lastDueAt + gapMs);
        if (dueAt <= now) return admitted(now);
        lastDueAt = dueAt;
        waiting.set(key, { ticket: nextTicket++, dueAt, pause });
        return dueAt - now;
      }
      if (waiter.pause !== pause) {
        waiter.dueAt = pausedUntil + (waiter.ticket - firstTicket) * pauseGapMs;
        waiter.pause = pause;
      }
      if (waiter.dueAt > now) return waiter.dueAt - now;
      admitted(now);
      leave(key);
      return 0;
    },
    limited(now, retryAfterMs) {
      // Refusals of requests that were all in flight together are one refusal: the gap grows only after someone was let go again.
      if (now >= pausedUntil) gapMs = Math.min(MAX_GAP_MS, Math.max(FIRST_GAP_MS, gapMs * 2));
      const pauseMs = Math.min(MAX_RETRY_AFTER_MS, retryAfterMs ?? Math.max(FIRST_PAUSE_MS, gapMs * 2));
      if (now + pauseMs <= pausedUntil) return;
      pausedUntil = now + pauseMs;
      pause += 1;
      pauseGapMs = gapMs;
      const [first] = waiting.values();
      firstTicket = first?.ticket ?? nextTicket;
      // Tickets of keys that left would keep time free for nobody. Each such sweep is paid for by as many that left.
      if (nextTicket - firstTicket > 2 * waiting.size) {
        nextTicket = firstTicket;
        for (const waiter of waiting.values()) waiter.ticket = nextTicket++;
      }
      lastDueAt = pausedUntil + (nextTicket - firstTicket - 1) * gapMs;
    },
    succeeded() {
      gapMs = gapMs / 2 < MIN_GAP_MS ? 0 : gapMs / 2;
    },
    forget: leave,
  };
}
