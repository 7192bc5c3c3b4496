/** When a wait is given up: by time or by a signal. */

import type { WaitOptions } from '../config/index.js';
import { type Clock, MAX_TIMER_MS } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';

export class WaitLimit {
  /** Rejects with `timeout` or `cancelled`; pending for ever where neither is set. */
  readonly reached: Promise<never>;
  readonly #clear: (() => void)[] = [];

  constructor(clock: Clock, { timeoutMs, signal }: WaitOptions) {
    this.reached = new Promise<never>((_, reject) => {
      if (timeoutMs !== undefined) {
        const late = () => reject(new TroupeError('timeout', `waited for ${timeoutMs} ms; the subagents go on`));
        const timer = clock.setTimeout(late, Math.min(MAX_TIMER_MS, timeoutMs));
        this.#clear.push(() => clock.clearTimeout(timer));
      }
      if (signal) {
        const give = () => reject(new TroupeError('cancelled', 'the wait was given up; the subagents go on'));
        if (signal.aborted) give();
        signal.addEventListener('abort', give, { once: true });
        this.#clear.push(() => signal.removeEventListener('abort', give));
      }
    });
    this.reached.catch(() => {}); // whoever races it may have stopped listening
  }

  clear(): void {
    for (const clear of this.#clear) clear();
  }
}
