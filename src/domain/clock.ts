/** The port to time. Everything that waits takes a clock, so that tests drive it by hand. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Longest delay that Node's timers take; a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

export const realClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout), // made by setTimeout above
};

/** Lets the process end while this timer of a clock waits, where the clock's timers keep it alive. */
export function unref(timer: unknown): void {
  if (typeof timer !== 'object' || timer === null || !('unref' in timer)) return;
  if (typeof timer.unref === 'function') timer.unref();
}

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clock.clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.min(MAX_TIMER_MS, Math.max(0, delayMs)),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export interface TimeLimit {
  readonly clock: Clock;
  readonly ms: number;
  readonly signal?: AbortSignal;
}

/** Settles as `work` does, or rejects after `ms`, or with the signal's reason as soon as it aborts; what `work` says then is dropped. */
export async function inTime<Result>(work: PromiseLike<Result>, { clock, ms, signal }: TimeLimit): Promise<Result> {
  const over = new AbortController();
  const onAbort = () => over.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const timeUp = delay(clock, ms, over.signal).then(() => {
    throw new Error(`it took longer than ${ms} ms`);
  });
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    over.abort(); // frees the timer
  }
}
