/** What every check of a store begins with: the store, the places it writes at, and how an error is expected. */

import assert from 'node:assert/strict';
import { TroupeError, type TroupeErrorCode } from '../domain/errors.js';
import type { Journal, Lease, SessionStore, StorePath } from '../store/index.js';

export interface StoreRoom {
  readonly store: SessionStore;
  /** The store as another process sees it. */
  readonly other: SessionStore;
}

/** Defines one check. */
export type StoreTest = (title: string, body: (room: StoreRoom) => Promise<void>) => void;

export const ROOT: StorePath = ['sessions', 'default'];
export const BELOW: StorePath = [...ROOT, 'subagents', 'subagent-1'];

/** A lease on `ROOT` and a new journal at `BELOW`. */
export async function begin(store: SessionStore): Promise<{ readonly lease: Lease; readonly journal: Journal }> {
  const lease = await store.acquire(ROOT);
  const { journal, contents } = await store.openJournal(BELOW, lease);
  assert.deepEqual(contents, { records: [], hashes: [], tornBytes: 0, position: { count: 0, hash: '' } });
  return { lease, journal };
}

export async function end(lease: Lease, journal: Journal): Promise<void> {
  await journal.close();
  await lease.release();
}

/** Whether it throws or rejects with that code. */
export async function rejects(code: TroupeErrorCode, act: () => unknown): Promise<void> {
  const isExpected = (cause: unknown) => {
    assert.ok(cause instanceof TroupeError, `expected the error ${code}; got ${String(cause)}`);
    assert.equal(cause.code, code, cause.message);
    return true;
  };
  await assert.rejects(async () => act(), isExpected);
}
