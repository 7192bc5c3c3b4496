/** How many steps of a session run at once: a fixed number of slots, first come first served. */

import type { Stop } from './stop.js';

export class Slots {
  #free: number;
  /** In the order in which they came; each is told whether it has got a slot. */
  readonly #line = new Set<(hasSlot: boolean) => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Does `work` when it is its turn. @returns undefined when `stop` came first; then `work` is never begun. */
  async within<Result>(stop: Stop, work: () => Promise<Result>): Promise<Result | undefined> {
    const hasSlot = await this.#turn(stop);
    if (!hasSlot) return undefined;
    try {
      return await work();
    } finally {
      this.#giveBack();
    }
  }

  #turn(stop: Stop): Promise<boolean> | boolean {
    if (stop.reason !== undefined) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    return new Promise((resolve) => {
      const called = (hasSlot: boolean) => {
        leave();
        resolve(hasSlot);
      };
      const leave = stop.onStop(() => {
        this.#line.delete(called);
        resolve(false);
      });
      this.#line.add(called);
    });
  }

  #giveBack(): void {
    for (const next of this.#line) {
      this.#line.delete(next);
      next(true);
      return;
    }
    this.#free += 1;
  }
}
