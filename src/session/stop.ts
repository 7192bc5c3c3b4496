/** Whether a call that runs steps must end before its work has. */

type Listener = (reason: string) => void;

/**
 * One for each call. It listens to the caller's signal once, however many steps there are, and lets go of it in the end: a
 * signal for each step, or `AbortSignal.any`, would be kept as long as the caller's.
 */
export class Stop {
  readonly #listeners = new Set<Listener>();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.stop('the signal of the call was aborted');
  #reason: string | undefined;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Undefined while the call may go on. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** The first reason counts. */
  stop(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener(reason);
    this.#listeners.clear();
  }

  /** Calls back once, if ever; at once where it was stopped already. @returns how to be left out. */
  onStop(listener: Listener): () => void {
    if (this.#reason === undefined) this.#listeners.add(listener);
    else listener(this.#reason);
    return () => void this.#listeners.delete(listener);
  }

  /** Begins `work` unless stopped already. What it gives after a stop is dropped. @returns undefined when stopped. */
  async race<Result>(work: () => Promise<Result>): Promise<{ readonly value: Result } | undefined> {
    if (this.#reason !== undefined) return undefined;
    let leave = () => {};
    const stopped = new Promise<undefined>((resolve) => {
      leave = this.onStop(() => resolve(undefined));
    });
    try {
      return await Promise.race([stopped, work().then((value) => ({ value }))]);
    } finally {
      leave();
    }
  }

  /** The call is over. */
  release(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#listeners.clear();
  }
}
