/** Several lives of one session on one store: each is a world of its own, and the one before has died without a word. */

import type { SubAgentHandle } from '../../src/orchestrator/index.js';
import type { MemorySessionStore } from '../../src/store/index.js';
import type { ScriptedAnswer, ScriptedFunction } from '../../src/testing/index.js';
import { createWorld, type World, type WorldOptions } from './world.js';

/** A life that can still write when the next one begins loses its lease then, as a process does that is killed. */
export function firstLife(
  store: MemorySessionStore,
  turns: readonly ScriptedAnswer[] | ScriptedFunction,
  options: WorldOptions = {},
): World {
  return createWorld(turns, { store, ...options });
}

export interface NextLife extends World {
  readonly handles: readonly SubAgentHandle[];
}

/** @param startMs How long the session was down, in ms. */
export async function nextLife(
  store: MemorySessionStore,
  turns: readonly ScriptedAnswer[] | ScriptedFunction,
  options: WorldOptions & { readonly downMs?: number } = {},
): Promise<NextLife> {
  store.abandonLeases();
  const { downMs = 0, ...rest } = options;
  const world = createWorld(turns, { store, ...rest });
  if (downMs > 0) await world.clock.advance(downMs);
  const handles = await world.orchestrator.restore();
  await world.settle();
  return { ...world, handles };
}
