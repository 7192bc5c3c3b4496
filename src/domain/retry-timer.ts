/** When something outside that failed is tried again: after 0.2 s, then twice as long each time, up to 10 s. */

import { type Clock, unref } from './clock.js';

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;

export class RetryTimer {
  readonly #clock: Clock;
  readonly #retry: () => void;
  #timer: unknown;
  #waiting = false;
  #failures = 0;

  constructor(clock: Clock, retry: () => void) {
    this.#clock = clock;
    this.#retry = retry;
  }

  get waiting(): boolean {
    return this.#waiting;
  }

  /** Failed before, and not yet known to work again. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** Sets the timer, unless it is set. It does not keep the process alive. */
  failed(): void {
    if (this.#waiting) return;
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    this.#failures++;
    this.#waiting = true;
    this.#timer = this.#clock.setTimeout(() => {
      this.#waiting = false;
      this.#retry();
    }, delayMs);
    unref(this.#timer);
  }

  worked(): void {
    this.#failures = 0;
  }

  stop(): void {
    if (this.#waiting) this.#clock.clearTimeout(this.#timer);
    this.#waiting = false;
  }
}
