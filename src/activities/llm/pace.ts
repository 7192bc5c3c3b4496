/** How fast requests are let go after a refusal: slowly at first, then faster the longer all goes well. */

import { MAX_RETRY_AFTER_MS } from '../../domain/limits.js';

/** Requests per second right after the first refusal, when nothing is known: little for a big provider, much for a small one. */
const FIRST_RATE = 5;
/** No refusal makes it slower: one request in eight seconds, as long as the longest wait between two attempts. */
const MIN_RATE = 1 / 8;
/** After the first refusal the rate grows each second by what it began with, so that a provider that only stumbled is soon itself. */
const FIRST_GROWTH_S = 1;
/** From the second refusal on there is a known limit near: twice the rate. It is not to be met again within ten seconds. */
const GROWTH_S = 10;
/** Growth per second, in requests per second, at the least: what was slow once must not be slow forever. */
const MIN_GROWTH = 0.1;
/** Pause after a refusal that did not say how long, in ms; more where requests are rarer than that. */
const MIN_PAUSE_MS = 500;
/** Such a pause in times between two requests. */
const PAUSE_GAPS = 2;

/** The rate grows in a straight line, from `startAt` on. Times in ms of one clock. */
export interface Pace {
  readonly startAt: number;
  /** Requests per second at the start. */
  readonly rate: number;
  /** By how much the rate grows each second. */
  readonly growth: number;
}

export function rateAt({ startAt, rate, growth }: Pace, at: number): number {
  return rate + (growth * Math.max(0, at - startAt)) / 1000;
}

/** When request number `index` goes; number 0 goes at the start, those before it have gone. */
export function timeOf({ startAt, rate, growth }: Pace, index: number): number {
  if (index < 0) return Number.NEGATIVE_INFINITY;
  // Solves index = rate t + growth t² / 2, in the form that loses no digits.
  return startAt + (2000 * index) / (rate + Math.sqrt(rate * rate + 2 * growth * index));
}

/** From the next request on, as slow as this pace began; never sooner than it would have been. */
export function startedAgain(pace: Pace, now: number): Pace {
  return { ...pace, startAt: now + 1000 / pace.rate };
}

/** A request that was refused for its rate. */
export interface Refusal {
  readonly now: number;
  readonly sentAt: number;
  /** As the provider named it. */
  readonly retryAfterMs?: number | undefined;
}

/** The pace after a refusal; `pace` is absent for the first. It starts when the pause is over, with half the rate of the sending. */
export function slowedDown(pace: Pace | undefined, { now, sentAt, retryAfterMs }: Refusal): Pace {
  const rate = pace ? Math.max(MIN_RATE, rateAt(pace, sentAt) / 2) : FIRST_RATE;
  // Never more than before: those who wait were told times that must not move nearer.
  const growth = pace ? Math.max(MIN_GROWTH, Math.min(pace.growth, rate / GROWTH_S)) : FIRST_RATE / FIRST_GROWTH_S;
  const pauseMs = Math.min(MAX_RETRY_AFTER_MS, retryAfterMs ?? Math.max(MIN_PAUSE_MS, (PAUSE_GAPS * 1000) / rate));
  return { startAt: now + pauseMs, rate, growth };
}
