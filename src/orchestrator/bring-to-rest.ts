/** Pauses everything that lives, and waits until nothing is in flight and all is on record. */

import type { Entry } from './entry.js';

export interface RestingHouse {
  /** Those that have not ended. */
  living(): Entry[];
  /** Resolves when the pause of this one has come to rest or is over. */
  rest(entry: Entry): Promise<void>;
}

/** The pause is told to no record: in its next life each goes on as it was. */
export async function bringToRest(house: RestingHouse): Promise<void> {
  // A tool that still runs may spawn meanwhile, and somebody may resume.
  for (let restless = house.living(); restless.length > 0; restless = house.living().filter(isRestless)) {
    for (const { state, live } of restless) {
      if (state !== 'paused') void live?.signal({ type: 'PAUSE', by: 'shutdown' });
    }
    await Promise.all(restless.map((entry) => house.rest(entry)));
    await Promise.all(restless.map(({ live }) => live?.log?.rest()));
  }
}

const isRestless = ({ isAtRest, live }: Entry): boolean => live !== undefined && !isAtRest;
