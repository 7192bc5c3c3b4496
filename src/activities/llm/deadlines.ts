/** How long one request may be silent, and how long it may take: three clocks on one timer. */

import { type Clock, MAX_TIMER_MS } from '../../domain/clock.js';
import { USAGE_GRACE_MS } from '../../domain/limits.js';
import { ProviderFault } from './faults.js';

/** In ms. */
export interface TimeLimits {
  /** Until the first whole data chunk. */
  readonly firstByteTimeoutMs: number;
  /** Between two data chunks; comments are no sign of life. */
  readonly idleTimeoutMs: number;
  /** The whole answer. */
  readonly turnTimeoutMs: number;
}

/** The timer is set again only when it fires, or for an earlier time: data that comes only moves a number. */
export class Deadlines {
  /** Set when a limit was passed. */
  fault: ProviderFault | undefined;
  /** The answer was complete, and its usage did not come in time. */
  isGraceOver = false;
  readonly #limits: TimeLimits;
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  readonly #turnEndsAt: number;
  #phase: 'first' | 'idle' | 'grace' = 'first';
  #silentUntil: number;
  #timer: unknown;
  #firesAt = 0;

  constructor(limits: TimeLimits, clock: Clock, onExpired: () => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onExpired = onExpired;
    const now = clock.now();
    this.#turnEndsAt = now + limits.turnTimeoutMs;
    this.#silentUntil = now + limits.firstByteTimeoutMs;
    this.#arm(now);
  }

  /** Data has come. */
  touch(): void {
    if (this.#phase === 'grace') return;
    this.#phase = 'idle';
    this.#expectBy(this.#limits.idleTimeoutMs);
  }

  /** The finish reason has come, only usage is missing. */
  awaitUsage(): void {
    if (this.#phase === 'grace') return;
    this.#phase = 'grace';
    this.#expectBy(USAGE_GRACE_MS);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #expectBy(silenceMs: number): void {
    const now = this.#clock.now();
    this.#silentUntil = now + silenceMs;
    if (this.#silentUntil >= this.#firesAt) return;
    this.stop();
    this.#arm(now);
  }

  #arm(now: number): void {
    this.#firesAt = Math.min(this.#silentUntil, this.#turnEndsAt, now + MAX_TIMER_MS);
    this.#timer = this.#clock.setTimeout(() => this.#fired(), this.#firesAt - now);
  }

  #fired(): void {
    const now = this.#clock.now();
    if (now < this.#silentUntil && now < this.#turnEndsAt) {
      this.#arm(now);
      return;
    }
    if (this.#phase === 'grace') this.isGraceOver = true;
    else this.fault = new ProviderFault('model_unavailable', this.#expired(now));
    this.#onExpired();
  }

  #expired(now: number): string {
    const { firstByteTimeoutMs, idleTimeoutMs, turnTimeoutMs } = this.#limits;
    if (now >= this.#turnEndsAt) return `the answer took longer than turnTimeoutMs ${turnTimeoutMs}`;
    if (this.#phase === 'first') return `no data came within firstByteTimeoutMs ${firstByteTimeoutMs}`;
    return `the stream fell silent for idleTimeoutMs ${idleTimeoutMs}`;
  }
}
