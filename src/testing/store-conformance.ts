/** Whether a store keeps what `SessionStore` promises: a suite for one's own store, under any test runner. */

import type { SessionStore } from '../store/index.js';
import type { StoreTest } from './store-check.js';
import { documentChecks, journalChecks } from './store-data-checks.js';
import { leaseChecks, treeChecks } from './store-place-checks.js';

export interface StoreConformanceOptions {
  /** Named in the title of the suite. */
  readonly name: string;
  /** Makes an empty store for one test. */
  readonly create: () => SessionStore | Promise<SessionStore>;
  /** Another object on the same data, as another process would make it; left out where the data lives in the object. */
  readonly reopen?: (store: SessionStore) => SessionStore | Promise<SessionStore>;
  /** Of vitest, jest, mocha or `node:test`. */
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** Defines the suite; nothing is made before its tests run. */
export function storeConformance({ name, create, reopen, describe, it }: StoreConformanceOptions): void {
  const test: StoreTest = (title, body) =>
    it(title, async () => {
      const store = await create();
      await body({ store, other: (await reopen?.(store)) ?? store });
    });

  describe(`SessionStore: ${name}`, () => {
    leaseChecks(test);
    journalChecks(test);
    documentChecks(test);
    treeChecks(test);
  });
}
