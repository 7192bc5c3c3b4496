/** A subagent whose conversation is away, for tests of what becomes of it. */

import type { ScriptedAnswer } from '../../src/testing/index.js';
import { WatchedStore } from '../support/watched-store.js';
import { calls, createWorld, type WorldOptions } from '../support/world.js';

/** The one call that it asks for; its request is `call1#1`. */
export const ask = calls(['note', { label: 'a' }]);

/** It waits for an approval, and has done so for the second after which its conversation leaves. */
export async function away(options: WorldOptions = {}, turns: readonly ScriptedAnswer[] = [ask, { text: 'done' }]) {
  const store = new WatchedStore();
  const world = createWorld(turns, { store, passivateAfterMs: 1_000, approvals: 'wait', ...options });
  const handle = world.spawn({ agentType: 'asker' });
  await world.clock.advance(1_000);
  return { ...world, store, handle };
}
