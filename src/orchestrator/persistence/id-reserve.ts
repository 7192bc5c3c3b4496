/** How far the ids of a workflow go, told by names in the store: nobody has to read its journal to give others. */

import type { Lease, SessionStore, StorePath } from '../../store/index.js';
import { numberOfSubagent, subagentId } from '../subagent-id.js';

/** Below the path of a workflow. */
export const RESERVED_IDS = 'ids';
/** As many more as were given so far, this many times. */
const AHEAD = 2;

/**
 * Each name below `ids` stands for itself and all ids before it. One is there, durably, before the first record of a subagent behind
 * the last; it reserves the more the more were given, so that there are few. What a crash leaves reserved is never given out.
 */
export class IdReserve {
  readonly #store: SessionStore;
  readonly #path: StorePath;
  readonly #lease: Lease;
  readonly #names: Set<string>;
  #highest: number;
  #givenCount = 0;
  #isFirst = true;

  private constructor(store: SessionStore, path: StorePath, lease: Lease, names: readonly string[], highest: number) {
    this.#store = store;
    this.#path = path;
    this.#lease = lease;
    this.#names = new Set(names);
    this.#highest = highest;
  }

  /** @param path Of the workflow. @param used Ids that are on record. @throws TroupeError `store_io`, `store_corrupt`. */
  static async open(store: SessionStore, path: StorePath, lease: Lease, used: readonly string[]): Promise<IdReserve> {
    const below = [...path, RESERVED_IDS];
    return new IdReserve(store, below, lease, await store.list(below), highestOf(used));
  }

  /** This id is used from now on. */
  give(id: string): void {
    this.#givenCount += 1;
    this.#highest = Math.max(this.#highest, numberOfSubagent(id));
  }

  /** Resolves when no id that was given so far can be taken for a free one. @throws TroupeError `store_io`, `lease_lost`. */
  async cover(): Promise<void> {
    if (this.#highest <= highestOf(this.#names)) return;
    const ahead = this.#isFirst ? 0 : AHEAD * this.#givenCount; // a small workflow has given all of its own by then
    await this.#mark(this.#highest + ahead);
    this.#isFirst = false;
  }

  /** Lets go of what was reserved in vain. @throws TroupeError as `cover`; what was reserved then stays so. */
  async settle(): Promise<void> {
    if (this.#names.size === 0) return;
    const exact = subagentId(this.#highest);
    await this.#mark(this.#highest);
    for (const name of [...this.#names].filter((each) => each !== exact)) {
      await this.#store.remove([...this.#path, name], this.#lease);
      this.#names.delete(name);
    }
  }

  async #mark(number: number): Promise<void> {
    const name = subagentId(number);
    if (this.#names.has(name)) return;
    const { journal } = await this.#store.openJournal([...this.#path, name], this.#lease);
    try {
      await journal.append({ type: 'reserved', version: 1 });
    } finally {
      await journal.close();
    }
    this.#names.add(name);
  }
}

function highestOf(ids: Iterable<string>): number {
  let highest = 0;
  for (const id of ids) highest = Math.max(highest, numberOfSubagent(id));
  return highest;
}
