/** What a store promises about journals and documents. */

import assert from 'node:assert/strict';
import type { JsonValue } from '../domain/json.js';
import { passesThrough } from '../store/index.js';
import { BELOW, begin, end, ROOT, rejects, type StoreTest } from './store-check.js';

export function journalChecks(test: StoreTest): void {
  test('records come back as they were, in the order of appending, for every reader', async ({ store, other }) => {
    const records: JsonValue[] = [
      { text: 'naïve ☂ \u2028 "quoted"\n', list: [1, -0.5, 1e21, null, true, { deep: [] }] },
      'text',
      0,
      null,
      [],
      JSON.parse('{"__proto__":{"a":1},"constructor":2,"10":"b","9":"a"}'),
      { empty: '' },
    ];
    const { lease, journal } = await begin(store);
    assert.equal(await other.readJournal(BELOW), undefined);
    for (const record of records) await journal.append(record);
    const read = await other.readJournal(BELOW);
    assert.equal(JSON.stringify(read?.records), JSON.stringify(records));
    assert.equal(read?.tornBytes, 0);
    assert.deepEqual(read?.position, journal.position);
    await end(lease, journal);
  });

  test('a record is copied when it is appended', async ({ store }) => {
    const { lease, journal } = await begin(store);
    const record = { list: ['as appended'] };
    const appended = journal.append(record);
    record.list.push('changed later');
    await appended;
    const read = await store.readJournal(BELOW);
    assert.deepEqual(read?.records, [{ list: ['as appended'] }]);
    await end(lease, journal);
  });

  test('records that are appended at once keep their order, and resolve in it', async ({ store }) => {
    const { lease, journal } = await begin(store);
    const resolved: number[] = [];
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    await Promise.all(numbers.map((number) => journal.append(number).then(() => resolved.push(number))));
    assert.deepEqual(resolved, numbers);
    assert.deepEqual((await store.readJournal(BELOW))?.records, numbers);
    assert.equal(journal.position.count, 100);
    await end(lease, journal);
  });

  test('a journal goes on where it ended, within a lease and under the next ones', async ({ store, other }) => {
    for (const [index, each] of [store, other, store].entries()) {
      const lease = await each.acquire(ROOT);
      for (const half of [0, 1]) {
        const { journal, contents } = await each.openJournal(BELOW, lease);
        const before = Array.from({ length: index * 2 + half }, (_, number) => number);
        assert.deepEqual(contents.records, before);
        assert.deepEqual(contents.position, journal.position);
        await journal.append(before.length);
        await journal.close();
      }
      await lease.release();
    }
    assert.deepEqual((await other.readJournal(BELOW))?.records, [0, 1, 2, 3, 4, 5]);
  });

  test('a position says whether a journal went through it', async ({ store, other }) => {
    const { lease, journal } = await begin(store);
    const start = journal.position;
    assert.deepEqual(start, { count: 0, hash: '' });
    await journal.append('a');
    const first = journal.position;
    await journal.append('b');
    const second = journal.position;
    await end(lease, journal);
    const next = await other.acquire(ROOT);
    const { journal: reopened, contents } = await other.openJournal(BELOW, next);
    for (const position of [start, first, second]) assert.equal(passesThrough(contents, position), true);
    assert.equal(passesThrough(contents, { ...first, hash: second.hash }), false);
    assert.equal(passesThrough(contents, { count: 3, hash: second.hash }), false);
    assert.deepEqual(reopened.position, second);
    await reopened.append('c');
    const read = await store.readJournal(BELOW);
    assert.deepEqual(read?.hashes.slice(0, 2), [first.hash, second.hash]);
    assert.deepEqual(read?.position, reopened.position);
    await end(next, reopened);
  });

  test('a journal is open once at a time under a lease', async ({ store }) => {
    const { lease, journal } = await begin(store);
    await rejects('wrong_state', () => store.openJournal(BELOW, lease));
    await journal.close();
    await journal.close();
    await rejects('closed', () => journal.append(1));
    await (await store.openJournal(BELOW, lease)).journal.close();
    assert.equal(await store.readJournal(BELOW), undefined, 'a journal begins with its first record');
    await lease.release();
  });

  test('close waits for what was appended', async ({ store }) => {
    const { lease, journal } = await begin(store);
    const appended = Promise.allSettled([journal.append(1), journal.append(2)]);
    await journal.close();
    assert.deepEqual((await store.readJournal(BELOW))?.records, [1, 2]);
    assert.ok((await appended).every(({ status }) => status === 'fulfilled'));
    await lease.release();
  });

  test('what JSON cannot say is refused and leaves no trace', async ({ store }) => {
    const { lease, journal } = await begin(store);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const value of [undefined, () => 1, 1n, circle]) {
      const wrong = value as JsonValue; // as a caller without types would
      await rejects('config_invalid', () => journal.append(wrong));
      await rejects('config_invalid', () => store.writeDocument(BELOW, wrong, lease));
    }
    await journal.append('next');
    assert.deepEqual((await store.readJournal(BELOW))?.records, ['next']);
    assert.equal(await store.readDocument(BELOW), undefined);
    await end(lease, journal);
  });
}

export function documentChecks(test: StoreTest): void {
  test('a document is replaced whole, and read by others as it was when it was written', async ({ store, other }) => {
    const lease = await store.acquire(ROOT);
    assert.equal(await other.readDocument(BELOW), undefined);
    const value = { list: ['☂'], deep: { nothing: null } };
    const written = store.writeDocument(BELOW, value, lease);
    value.list.push('changed later');
    await written;
    assert.deepEqual(await other.readDocument(BELOW), { list: ['☂'], deep: { nothing: null } });
    await store.writeDocument(BELOW, null, lease);
    assert.equal(await other.readDocument(BELOW), null);
    await lease.release();
  });

  test('of documents that are written at once the last one stays, and every write is answered', async ({ store }) => {
    const lease = await store.acquire(ROOT);
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    await Promise.all(numbers.map((number) => store.writeDocument(BELOW, number, lease)));
    assert.equal(await store.readDocument(BELOW), 49);
    await lease.release();
  });
}
