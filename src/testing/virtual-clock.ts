/** A clock that stands still until a test moves it. */

import type { Clock } from '../domain/clock.js';

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly callback: () => void;
}

/** Taken once, so that faked timers of a test runner do not reach in here. */
const afterMicrotasks = setImmediate;

/** Time in ms, from 0 or the given start. Timers fire in the order of their time, then of their making. */
export class VirtualClock implements Clock {
  #now: number;
  #lastId = 0;
  /** Sorted by time, then by id. */
  readonly #timers: Timer[] = [];
  readonly #timeById = new Map<unknown, number>();
  #moving: Promise<void> = Promise.resolve();

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.length;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { id: ++this.#lastId, at: this.#now + (Math.max(0, delayMs) || 0), callback };
    this.#timers.splice(this.#indexOf(timer.at, timer.id), 0, timer);
    this.#timeById.set(timer.id, timer.at);
    return timer.id;
  }

  clearTimeout(timer: unknown): void {
    const at = this.#timeById.get(timer);
    if (at === undefined || typeof timer !== 'number') return;
    this.#timeById.delete(timer);
    this.#timers.splice(this.#indexOf(at, timer), 1);
  }

  /**
   * Moves time on by `ms` and fires what falls due, also timers that are set on the way. Everything that a timer has set going
   * in microtasks has run before the next one fires. Calls that overlap follow one another. Rejects with what a timer throws.
   */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance(${ms}): time only goes on; give a number of ms, 0 or more`);
    const moved = this.#moving.then(() => this.#advanceBy(ms));
    this.#moving = moved.catch(() => {}); // told to the caller through `moved`
    return moved;
  }

  async #advanceBy(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await new Promise<void>((resolve) => afterMicrotasks(resolve));
      const next = this.#timers[0];
      if (next === undefined || next.at > until) break;
      this.#timers.shift();
      this.#timeById.delete(next.id);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = until;
  }

  /** Where the timer stands, or would stand. */
  #indexOf(at: number, id: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const timer = this.#timers[middle];
      if (timer !== undefined && (timer.at < at || (timer.at === at && timer.id < id))) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
