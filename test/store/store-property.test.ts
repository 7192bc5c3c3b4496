import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../src/domain/json.js';
import {
  FileSessionStore,
  type Lease,
  MemorySessionStore,
  passesThrough,
  type SessionStore,
} from '../../src/store/index.js';
import { makeFolder } from './support/folders.js';

const ROOT = ['a'];
const PATH = ['a', 'B'];

/** A store whose process can die. */
interface Mortal {
  readonly store: SessionStore;
  /** The lease's holder dies; half a record may be left behind. */
  readonly die: (lease: Lease, isTorn: boolean) => void;
}

type Step =
  | { readonly kind: 'append'; readonly records: readonly JsonValue[] }
  | { readonly kind: 'die'; readonly inFlight: readonly JsonValue[]; readonly isTorn: boolean }
  | { readonly kind: 'reopen' | 'release' | 'remove' }
  | { readonly kind: 'document'; readonly values: readonly JsonValue[] };

const value = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>; // which it is
const values = fc.array(value, { minLength: 1, maxLength: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('append' as const), records: values }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('die' as const), inFlight: values, isTorn: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('reopen' as const, 'release' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('document' as const), values }) },
);

async function play({ store, die }: Mortal, steps: readonly Step[]): Promise<void> {
  let lease = await store.acquire(ROOT);
  let journal = (await store.openJournal(PATH, lease)).journal;
  await journal.close();
  let records: JsonValue[] = [];
  let document: JsonValue | undefined;
  const open = async (inFlight: readonly JsonValue[] = []) => {
    const before = await store.readJournal(PATH);
    const opened = await store.openJournal(PATH, lease);
    const { contents } = opened;
    journal = opened.journal;
    if (before !== undefined) expect(contents).toEqual(before);
    const more = contents.records.length - records.length;
    records = [...records, ...inFlight.slice(0, Math.max(0, more))];
    expect(plain(contents.records)).toEqual(plain(records));
    expect(journal.position).toEqual(contents.position);
  };
  await open();
  for (const each of steps) {
    switch (each.kind) {
      case 'append': {
        const start = journal.position;
        await Promise.all(each.records.map((record) => journal.append(record)));
        records.push(...each.records);
        const contents = await store.readJournal(PATH);
        if (contents === undefined) throw new Error('the journal is gone');
        expect(passesThrough(contents, start)).toBe(true);
        expect(contents.position).toEqual(journal.position);
        break;
      }
      case 'die': {
        const late = each.inFlight.map((record) => journal.append(record));
        die(lease, each.isTorn);
        const settled = await Promise.allSettled(late);
        const done = settled.findIndex(({ status }) => status === 'rejected');
        const acknowledged = each.inFlight.slice(0, done < 0 ? each.inFlight.length : done);
        lease = await store.acquire(ROOT);
        records.push(...acknowledged);
        await open(each.inFlight.slice(acknowledged.length));
        break;
      }
      case 'reopen':
        await journal.close();
        await open();
        break;
      case 'release':
        await lease.release();
        lease = await store.acquire(ROOT);
        await open();
        break;
      case 'remove':
        await journal.close();
        await store.remove(PATH, lease);
        [records, document] = [[], undefined];
        await open();
        break;
      case 'document':
        await Promise.all(each.values.map((item) => store.writeDocument(PATH, item, lease)));
        document = each.values.at(-1);
        break;
    }
    expect(plain((await store.readJournal(PATH))?.records ?? [])).toEqual(plain(records));
    expect(plain(await store.readDocument(PATH))).toEqual(plain(document));
    const isThere = records.length > 0 || document !== undefined;
    expect(await store.list(ROOT)).toEqual(isThere ? ['B'] : []);
  }
  await lease.release();
}

/** As JSON says it: without the sign of zero. */
function plain(given: unknown): unknown {
  return given === undefined ? undefined : JSON.parse(JSON.stringify(given));
}

describe('whatever is appended, closed, crashed and opened again, a journal holds what was acknowledged', () => {
  test('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const store = new MemorySessionStore();
        await play({ store, die: () => store.abandonLeases() }, steps);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  test('on disk, also when half a record is left behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const folder = makeFolder();
        await play({ store: new FileSessionStore(folder), die: (lease, isTorn) => end(folder, lease, isTorn) }, steps);
      }),
      { numRuns: 40, seed: 1 },
    );
  });
});

function end(folder: string, lease: Lease, isTorn: boolean): void {
  writeFileSync(join(folder, 'a', `lease.${lease.epoch}`), ''); // as a loss of power leaves it
  if (!isTorn) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith(`journal.${lease.epoch}.ndjson`)) appendFileSync(join(folder, name), '0123456789abcdef {"half');
  }
}
