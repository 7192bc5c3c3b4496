/** Waits for the outcomes of all subagents, those that are spawned meanwhile included. */

import type { WaitOptions } from '../config/index.js';
import type { Clock } from '../domain/clock.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import { type Entry, inSpawnOrder } from './entry.js';
import type { Supervisor } from './supervisor.js';
import { WaitLimit } from './wait-limit.js';

/** In the order of spawning. @throws TroupeError `timeout`, `cancelled`. */
export async function waitForAll(
  supervisor: Supervisor,
  clock: Clock,
  options: WaitOptions,
): Promise<SubAgentOutcome[]> {
  const entries = [...supervisor.entries.values()];
  const outcomes = new Map<Entry, SubAgentOutcome>();
  const letGo = supervisor.keepAlive.hold();
  supervisor.collectors.add(entries);
  const collect = async () => {
    // Grows while subagents are spawned; who waits for the last one may answer its end by spawning the next.
    for (const entry of entries) {
      outcomes.set(entry, await entry.ended);
      if (outcomes.size === entries.length) await new Promise((resolve) => setImmediate(resolve));
    }
    return inSpawnOrder(entries).flatMap((entry) => outcomes.get(entry) ?? []);
  };
  const limit = new WaitLimit(clock, options);
  try {
    return await Promise.race([collect(), limit.reached]);
  } finally {
    limit.clear();
    supervisor.collectors.delete(entries);
    letGo();
  }
}
