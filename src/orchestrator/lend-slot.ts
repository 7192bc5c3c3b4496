/** A parent that only waits for its children lends them its slot. */

import type { Entry } from './entry.js';
import type { OrchestratorActor } from './supervisor.js';

export interface LendingHouse {
  readonly actor: OrchestratorActor;
  /** Something about it changed that a pause may wait for. */
  changed(entry: Entry): void;
}

/** While there is any such call, the slot is lent; it is back before the last one settles. */
export async function lendSlot<Result>(
  house: LendingHouse,
  entry: Entry,
  toolId: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const { live, id } = entry;
  live?.callsOnChildren.add(toolId);
  entry.lenders += 1;
  house.actor.send({ type: 'LEND', id });
  house.changed(entry);
  try {
    return await work();
  } finally {
    entry.lenders -= 1;
    const isOpen = house.actor.getSnapshot().status === 'active'; // else all was suspended: there are no slots any more
    if (isOpen && entry.lenders === 0 && entry.slot === 'lent') await takeBack(house.actor, entry);
    // Another call may have begun to wait while the slot was on its way back.
    if (isOpen && entry.lenders > 0) house.actor.send({ type: 'LEND', id });
    live?.callsOnChildren.delete(toolId);
  }
}

function takeBack(actor: OrchestratorActor, entry: Entry): Promise<void> {
  return new Promise((resolve) => {
    entry.onSlot = resolve;
    actor.send({ type: 'TAKE_BACK', id: entry.id });
  });
}
