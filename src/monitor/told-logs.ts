/** The events of stored logs: told once for as long as a log is the same, and with turns for others in between. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventsOfLog, type StoredEvent } from './stored-events.js';
import type { StoredLog } from './stored-logs.js';

/** In one go, in ms. */
const MAX_GO_MS = 20;

export class ToldLogs {
  readonly #told = new WeakMap<StoredLog, readonly StoredEvent[]>();

  /** @returns for each log its events, in the same order. */
  async eventsOf(logs: readonly StoredLog[]): Promise<(readonly StoredEvent[])[]> {
    const all: (readonly StoredEvent[])[] = [];
    let begun = performance.now();
    for (const log of logs) {
      const events = this.#told.get(log) ?? eventsOfLog(log);
      this.#told.set(log, events);
      all.push(events);
      if (performance.now() - begun < MAX_GO_MS) continue;
      await nextTurn();
      begun = performance.now();
    }
    return all;
  }
}
