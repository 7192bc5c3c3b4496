/** One life of a session on a store that dies at a record. */

import type { ScriptedAnswer, ScriptedFunction } from '../../../src/testing/index.js';
import { firstLife } from '../../support/lives.js';
import type { MortalStore } from '../../support/mortal-store.js';
import type { World, WorldOptions } from '../../support/world.js';

export type Turns = readonly ScriptedAnswer[] | ScriptedFunction;

/** A life whose process dies with its `appends`th record. */
export function life(
  store: MortalStore,
  turns: Turns,
  options: WorldOptions & {
    appends?: number;
    writeMs?: number | ((name: string) => number);
    losesDocuments?: boolean;
  } = {},
): World {
  const { appends = Number.POSITIVE_INFINITY, writeMs = 0, losesDocuments = false, ...rest } = options;
  const world = firstLife(store as never, turns, rest);
  store.begin({
    clock: world.clock,
    appends,
    losesDocuments,
    writeMs: typeof writeMs === 'number' ? () => writeMs : writeMs,
  });
  return world;
}

export async function untilQuiet(world: World): Promise<void> {
  for (let round = 0; round < 20; round++) await world.clock.advance(10);
}
