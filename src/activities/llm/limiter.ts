/** When a request may go to a provider that has said "too many requests" to one of us. */

import type { ModelProvider } from '../../domain/model.js';
import { type Pace, type Refusal, rateAt, slowedDown, startedAgain, timeOf } from './pace.js';

/** So long after a pause without a refusal nothing is held back any more: rates are mostly counted by the minute. */
const OPEN_AFTER_MS = 60_000;
/** One that comes later than this has missed its turn: it was paused, and many may be resumed in one moment. */
const LATE_MS = 1_000;

/** One for each provider, shared by all who ask it. Times in ms of one clock. */
export interface Limiter {
  /**
   * How long the request of this key has to wait; 0: go. A key that has waited as long as it was told goes, unless it has to be
   * told again: after another refusal, or while nothing was answered since the last one. Keys go in the order in which they first
   * asked; one that does not come in its time loses its turn, and holds up nobody.
   */
  admit(key: string, now: number): number;
  /** A request was refused for its rate. */
  limited(refusal: Refusal): void;
  /** A request that was sent then is being answered. */
  succeeded(sentAt: number): void;
  /** This key no longer waits. Must be called for a key that was told to wait and does not ask again. */
  forget(key: string): void;
}

const limiters = new WeakMap<object, Limiter>();

export function limiterOf(provider: ModelProvider): Limiter {
  const owner = provider.limiterKey ?? provider;
  const known = limiters.get(owner);
  if (known) return known;
  const made = createLimiter();
  limiters.set(owner, made);
  return made;
}

interface Waiter {
  readonly ticket: number;
  /** When it was told to ask again. */
  comesAt: number;
}

/**
 * A timetable: each that has to wait draws a ticket, and the pace gives each ticket its time. While anyone waits, times move only to
 * later, so that nobody sleeps past its turn and nobody need be woken.
 */
function createLimiter(): Limiter {
  /** In the order of their tickets. */
  const waiting = new Map<string, Waiter>();
  let nextTicket = 0;
  /** Absent while nothing is held back. */
  let pace: Pace | undefined;
  /** The ticket whose time is the start of the pace. */
  let firstTicket = 0;
  /** The ticket that went last. */
  let lastGone = -1;
  /** Whether a request of after the pause is answered. The pace grows only then. */
  let isProven = false;
  let refusedAt = 0;
  let pausedUntil = 0;

  const follow = (next: Pace, ticket: number): Pace => {
    firstTicket = ticket;
    pace = next;
    return next;
  };
  const dueAt = (current: Pace, ticket: number): number => timeOf(current, ticket - firstTicket);
  const hasMissedTurn = ({ comesAt }: Waiter, now: number): boolean => now > comesAt + LATE_MS;

  const waiterOf = (key: string, now: number): Waiter | undefined => {
    const waiter = waiting.get(key);
    if (waiter === undefined || !hasMissedTurn(waiter, now)) return waiter;
    waiting.delete(key);
    return undefined;
  };
  const firstInLine = (now: number): number | undefined => {
    for (const [key, waiter] of waiting) {
      if (!hasMissedTurn(waiter, now)) return waiter.ticket;
      waiting.delete(key); // each is paid for by its joining
    }
    return undefined;
  };
  const currentPace = (now: number): Pace | undefined => {
    const isClockSetBack = now < refusedAt;
    const isOver = now >= pausedUntil + OPEN_AFTER_MS && firstInLine(now) === undefined;
    if (isClockSetBack || isOver) {
      pace = undefined;
      waiting.clear();
    }
    return pace;
  };
  return {
    admit(key, now) {
      let current = currentPace(now);
      if (current === undefined) return 0;
      const known = waiterOf(key, now);
      const ticket = known?.ticket ?? nextTicket++;
      if (known === undefined && dueAt(current, ticket) < now) {
        // Times that went by unused are not made up for: all who come now would go at once.
        current = follow({ ...current, startAt: now, rate: isProven ? rateAt(current, now) : current.rate }, ticket);
      }
      const goesAt = Math.max(known?.comesAt ?? now, dueAt(current, ticket));
      if (goesAt > now) {
        if (known) known.comesAt = goesAt;
        else waiting.set(key, { ticket, comesAt: goesAt });
        return Math.ceil(goesAt - now);
      }
      waiting.delete(key);
      lastGone = Math.max(lastGone, ticket);
      if (!isProven) follow(startedAgain(current, now), Math.max(firstTicket, ticket + 1));
      return 0;
    },
    limited(refusal) {
      const { now, sentAt, retryAfterMs } = refusal;
      // Requests that were in flight together are refused together: what they tell of the rate is told once.
      const isNews = pace === undefined || sentAt >= pausedUntil;
      if (!isNews && retryAfterMs === undefined) return;
      const slower = slowedDown(pace, refusal);
      if (!isNews && slower.startAt <= pausedUntil) return;
      const first = firstInLine(now);
      const startAt = Math.max(slower.startAt, pace && first !== undefined ? dueAt(pace, first) : slower.startAt);
      pausedUntil = slower.startAt;
      refusedAt = now;
      if (isNews) isProven = false;
      follow({ ...(pace && !isNews ? pace : slower), startAt }, first ?? nextTicket);
    },
    succeeded(sentAt) {
      if (sentAt >= pausedUntil) isProven = true;
    },
    forget(key) {
      waiting.delete(key);
      if (waiting.size === 0) nextTicket = Math.max(firstTicket, lastGone + 1); // the times of those who left are free again
    },
  };
}
