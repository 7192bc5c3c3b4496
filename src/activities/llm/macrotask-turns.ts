/** How a loop over what comes without waiting lets others have their turn: timers, sockets, signals. */

import type { Clock } from '../../domain/clock.js';

/** How long a loop may hold the process, by the caller's clock: where that stands still, only counts decide, the same each time. */
const MAX_HELD_MS = 25;
/** Whatever the clock says. */
const MAX_COUNT = 2048;
/** Looking at the time costs more than the most of what is counted here. */
const COUNTED = 8;

export class MacrotaskTurns {
  readonly #clock: Clock;
  #count = 0;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** To be asked once for each item. */
  isDue(): boolean {
    this.#count += 1;
    if (this.#count % COUNTED !== 0) return false;
    return this.#count % MAX_COUNT === 0 || this.#clock.now() - this.#since >= MAX_HELD_MS;
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = this.#clock.now();
  }
}
