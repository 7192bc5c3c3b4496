/** What a store promises about leases, names and what lies below a path. */

import assert from 'node:assert/strict';
import { BELOW, begin, end, ROOT, rejects, type StoreTest } from './store-check.js';

/** Names that a store in files or tables might stumble over. */
const ODD_NAMES = [
  'Default',
  'DEFAULT',
  'a/b',
  'a\\b',
  '..',
  '.',
  '~',
  '~0123456789abcdef0123456789abcdef',
  ' ',
  'con',
  'nul',
  '__proto__',
  'constructor',
  'lease.1',
  'document.json',
  'journal.1.ndjson',
  'name.json',
  'store.json',
  '.removed',
  'emoji ☂ 🎭',
  'é',
  'e\u0301',
  '\ud800',
  '\ud801',
  'line\nbreak',
  'nul\0byte',
  '*',
  '>',
  'x'.repeat(64),
  'x'.repeat(65),
  'y'.repeat(1_000),
];

export function leaseChecks(test: StoreTest): void {
  test('a lease has one holder; the next one is told who holds it, and gets it after the release', async ({
    store,
    other,
  }) => {
    const lease = await store.acquire(ROOT);
    assert.deepEqual(lease.path, ROOT);
    assert.equal(await lease.isHeld(), true);
    await rejects('workflow_busy', () => other.acquire(ROOT));
    await rejects('workflow_busy', () => store.acquire(ROOT));
    await lease.release();
    assert.equal(await lease.isHeld(), false);
    const next = await other.acquire(ROOT);
    assert.ok(next.epoch > lease.epoch, `epoch ${next.epoch} came after ${lease.epoch}`);
    await lease.release();
    assert.equal(await next.isHeld(), true, 'a lease that is released again takes nothing from the next holder');
    await next.release();
  });

  test('leases of different paths are held side by side, also one below the other', async ({ store, other }) => {
    const leases = [await store.acquire(ROOT), await other.acquire(BELOW), await other.acquire(['sessions', 'b'])];
    for (const lease of leases) assert.equal(await lease.isHeld(), true);
    for (const lease of leases) await lease.release();
  });

  test('of many contenders at once one gets the lease', async ({ store, other }) => {
    const contenders = Array.from({ length: 20 }, async (_, index) => (index % 2 === 0 ? store : other).acquire(ROOT));
    const results = await Promise.allSettled(contenders);
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('without its lease nothing is written', async ({ store, other }) => {
    const lease = await store.acquire(ROOT);
    const { journal } = await store.openJournal(BELOW, lease);
    await journal.append('kept');
    await store.writeDocument(BELOW, 'kept', lease);
    await lease.release();
    await rejects('lease_lost', () => journal.append('late'));
    await rejects('lease_lost', () => journal.append('later'));
    await rejects('lease_lost', () => store.openJournal([...ROOT, 'b'], lease));
    await rejects('lease_lost', () => store.writeDocument(BELOW, 'late', lease));
    await rejects('lease_lost', () => store.remove(BELOW, lease));
    await journal.close();
    assert.deepEqual((await other.readJournal(BELOW))?.records, ['kept']);
    assert.equal(await other.readDocument(BELOW), 'kept');
  });

  test('a lease covers its path and what is below it, nothing else', async ({ store }) => {
    const lease = await store.acquire(ROOT);
    for (const path of [['sessions'], ['sessions', 'other'], ['sessions', 'default2'], []]) {
      await rejects('config_invalid', () => store.openJournal(path, lease));
      await rejects('config_invalid', () => store.writeDocument(path, 1, lease));
      await rejects('config_invalid', () => store.remove(path, lease));
    }
    await rejects('config_invalid', () => store.acquire([]));
    await rejects('config_invalid', () => store.acquire(['a', '']));
    await rejects('config_invalid', () => store.readJournal(['a', '']));
    await rejects('config_invalid', () => store.list(['']));
    await lease.release();
  });
}

export function treeChecks(test: StoreTest): void {
  test('list names what holds something, by its true name, directly below', async ({ store, other }) => {
    assert.deepEqual(await store.list([]), []);
    assert.deepEqual(await store.list(ROOT), []);
    const lease = await store.acquire(ROOT);
    await (await other.acquire(['sessions', 'empty'])).release();
    assert.deepEqual(await store.list(['sessions']), []);
    const { journal } = await store.openJournal(BELOW, lease);
    assert.deepEqual(await store.list(ROOT), []);
    await journal.append(1);
    await store.writeDocument([...ROOT, 'a'], 1, lease);
    assert.deepEqual(await other.list([]), ['sessions']);
    assert.deepEqual(await other.list(['sessions']), ['default']);
    assert.deepEqual(await other.list(ROOT), ['a', 'subagents']);
    assert.deepEqual(await other.list([...ROOT, 'subagents']), ['subagent-1']);
    assert.deepEqual(await other.list(BELOW), []);
    await end(lease, journal);
  });

  test('every name but the empty one is a place of its own', async ({ store, other }) => {
    const lease = await store.acquire(ROOT);
    for (const name of ODD_NAMES) {
      const { journal } = await store.openJournal([...ROOT, name], lease);
      await journal.append(name);
      await journal.close();
      await store.writeDocument([...ROOT, name, name], name, lease);
    }
    assert.deepEqual(await other.list(ROOT), [...ODD_NAMES].sort());
    for (const name of ODD_NAMES) {
      const path = [...ROOT, name];
      assert.deepEqual((await other.readJournal(path))?.records, [name]);
      assert.equal(await other.readDocument([...path, name]), name);
      assert.deepEqual(await other.list(path), [name]);
      const own = await other.acquire([...path, 'held']);
      await rejects('workflow_busy', () => store.acquire([...path, 'held']));
      await own.release();
    }
    await lease.release();
  });

  test('remove takes a path with everything below it and nothing beside it', async ({ store, other }) => {
    const lease = await store.acquire(ROOT);
    for (const path of [ROOT, BELOW, [...BELOW, 'deep'], [...ROOT, 'subagents', 'subagent-10']]) {
      await store.writeDocument(path, 'kept', lease);
      const { journal } = await store.openJournal(path, lease);
      await journal.append('kept');
      await journal.close();
    }
    await store.remove(BELOW, lease);
    await store.remove(BELOW, lease);
    for (const path of [BELOW, [...BELOW, 'deep']]) {
      assert.equal(await other.readDocument(path), undefined);
      assert.equal(await other.readJournal(path), undefined);
    }
    assert.deepEqual(await other.list([...ROOT, 'subagents']), ['subagent-10']);
    assert.equal(await lease.isHeld(), true);
    const { journal, contents } = await store.openJournal(BELOW, lease);
    assert.deepEqual(contents.records, []);
    await journal.append('anew');
    assert.deepEqual((await other.readJournal(BELOW))?.records, ['anew']);
    await end(lease, journal);
  });

  test('what is removed while its journal is open is told, not made anew', async ({ store }) => {
    const { lease, journal } = await begin(store);
    await journal.append(1);
    await store.remove(BELOW, lease);
    await rejects('store_io', () => journal.append(2));
    assert.equal(await store.readJournal(BELOW), undefined);
    await end(lease, journal);
  });

  test('removing the path of the lease gives up the lease too', async ({ store, other }) => {
    const lease = await store.acquire(ROOT);
    await store.writeDocument(ROOT, 1, lease);
    await store.remove(ROOT, lease);
    assert.equal(await lease.isHeld(), false);
    await rejects('lease_lost', () => store.writeDocument(ROOT, 2, lease));
    const next = await other.acquire(ROOT);
    assert.equal(await other.readDocument(ROOT), undefined);
    assert.equal(await lease.isHeld(), false);
    await rejects('lease_lost', () => store.writeDocument(ROOT, 3, lease));
    await lease.release();
    assert.equal(await next.isHeld(), true);
    await next.release();
  });

  test('a journal is written under leases of one path', async ({ store }) => {
    const { lease, journal } = await begin(store);
    await journal.append(1);
    await journal.close();
    const deeper = await store.acquire(BELOW);
    await rejects('config_invalid', () => store.openJournal(BELOW, deeper));
    await deeper.release();
    await lease.release();
  });
}
