/** When conversations leave memory: those of subagents that have rested long enough. */

import { type Clock, MAX_TIMER_MS, unref } from '../domain/clock.js';
import { mayPassivate, passivate } from '../subagent/index.js';
import type { Entry } from './entry.js';

export class Passivation {
  readonly #clock: Clock;
  readonly #afterMs: number;
  /** When each is due that rests, in ms since the epoch. All wait alike, so the first is due first. */
  readonly #due = new Map<Entry, number>();
  /** One for all. It does not keep the process alive. */
  #timer: unknown;

  /** @param afterMs How long one rests before. */
  constructor(clock: Clock, afterMs: number) {
    this.#clock = clock;
    this.#afterMs = afterMs;
  }

  /** Something about it may have changed: it has come to rest, or is at work again, or has ended. */
  follow(entry: Entry): void {
    if (!entry.home?.readsBack) return;
    if (!entry.live || !mayPassivate(entry.live)) this.#forget(entry);
    else if (!this.#due.has(entry)) this.#await(entry);
  }

  #await(entry: Entry): void {
    this.#due.set(entry, this.#clock.now() + this.#afterMs);
    if (this.#due.size === 1) this.#arm(this.#afterMs);
  }

  #forget(entry: Entry): void {
    if (!this.#due.delete(entry) || this.#due.size > 0) return;
    this.#clock.clearTimeout(this.#timer);
  }

  /** Set for the first; where that is at work again when it fires, for the next one. */
  #arm(delayMs: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#fire(), Math.min(MAX_TIMER_MS, delayMs));
    unref(this.#timer);
  }

  #fire(): void {
    const now = this.#clock.now();
    for (const [entry, at] of this.#due) {
      if (at > now) {
        this.#arm(at - now);
        return;
      }
      this.#due.delete(entry);
      void this.#passivate(entry);
    }
  }

  /** What is still being written is waited for: a store that fails may take its time. */
  async #passivate(entry: Entry): Promise<void> {
    const { live } = entry;
    await live?.log?.idle();
    if (live && entry.live === live && mayPassivate(live)) passivate(live);
  }
}
