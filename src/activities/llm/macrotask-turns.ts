/** How a loop over what comes without waiting lets others have their turn: timers, sockets, signals. */

/** How long a loop may hold the process, in real time. */
const MAX_HELD_MS = 25;
/** Looking at the time costs more than the most of what is counted here. */
const COUNTED = 8;

export class MacrotaskTurns {
  #count = 0;
  #since = performance.now();

  /** To be asked once for each item. */
  isDue(): boolean {
    this.#count += 1;
    return this.#count % COUNTED === 0 && performance.now() - this.#since >= MAX_HELD_MS;
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}
