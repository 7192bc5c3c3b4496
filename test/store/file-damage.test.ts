import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import type { JsonValue } from '../../src/domain/json.js';
import { FileSessionStore } from '../../src/store/index.js';
import { makeFolder } from './support/folders.js';

const PATH = ['a', 'b'];
const RECORDS: JsonValue[] = [{ text: 'naïve ☂' }, [1, 2, 3], 'a longer text\nwith two lines', { last: true }];

interface Written {
  readonly store: FileSessionStore;
  readonly file: (name: string) => string;
}

/** A journal of one segment for each list of records, and a document. */
async function write(...epochs: JsonValue[][]): Promise<Written> {
  const folder = makeFolder();
  const store = new FileSessionStore(folder);
  for (const records of epochs) {
    const lease = store.acquire(['a']);
    const { journal } = await store.openJournal(PATH, lease);
    for (const record of records) await journal.append(record);
    await journal.close();
    await store.writeDocument(PATH, { at: 1, text: 'naïve ☂', list: [true, null, 1.5] }, lease);
    lease.release();
  }
  return { store, file: (name) => join(folder, ...PATH, name) };
}

/** What reading gives, or the error it fails with. */
async function attempt<Result>(read: Promise<Result>): Promise<Result | TroupeError> {
  return read.catch((cause) => {
    if (cause instanceof TroupeError) return cause;
    throw cause;
  });
}

function flips(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length * 8 }, (_, index) => {
    const copy = Buffer.from(bytes);
    copy[index >> 3] = (copy[index >> 3] ?? 0) ^ (1 << (index & 7));
    return copy;
  });
}

describe('a journal that was damaged', () => {
  test('cut at any length gives the records that are whole, and says how many bytes were torn', async () => {
    const { store, file } = await write(RECORDS);
    const whole = readFileSync(file('journal.1.ndjson'));
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([index]) => index + 1);
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(file('journal.1.ndjson'), whole.subarray(0, length));
      const lines = ends.filter((end) => end <= length).length;
      const contents = await store.readJournal(PATH);
      expect(contents?.records, `cut at ${length}`).toEqual(RECORDS.slice(0, Math.max(0, lines - 1)));
      expect(contents?.tornBytes).toBe(length - (ends[lines - 1] ?? 0));
    }
  });

  test('with any bit flipped gives the records before it, or refuses and names the file', async () => {
    const { store, file } = await write(RECORDS);
    const whole = readFileSync(file('journal.1.ndjson'));
    let [dropped, refused] = [0, 0];
    for (const damaged of flips(whole)) {
      writeFileSync(file('journal.1.ndjson'), damaged);
      const result = await attempt(store.readJournal(PATH));
      if (result instanceof TroupeError) {
        refused++;
        expect(result.code).toBe('store_corrupt');
        expect(result.message).toMatch(
          /a\/b\/journal\.1\.ndjson of file .* is damaged at byte \d+; its first \d records/,
        );
      } else {
        dropped++;
        expect(result?.tornBytes).toBeGreaterThan(0);
        const { length } = result?.records ?? [];
        expect(length).toBeLessThan(RECORDS.length);
        expect(result?.records).toEqual(RECORDS.slice(0, length));
      }
      expect(readFileSync(file('journal.1.ndjson')).equals(damaged), 'reading changes nothing').toBe(true);
    }
    expect(refused).toBeGreaterThan(dropped);
  });

  test('in a part that a later one builds on is refused, wherever the damage is', async () => {
    const { store, file } = await write(RECORDS.slice(0, 2), RECORDS.slice(2));
    const whole = readFileSync(file('journal.1.ndjson'));
    const damaged = [...flips(whole), ...Array.from(whole.keys(), (length) => whole.subarray(0, length))];
    for (const bytes of damaged) {
      writeFileSync(file('journal.1.ndjson'), bytes);
      const result = await attempt(store.readJournal(PATH));
      expect(result).toMatchObject({ code: 'store_corrupt', message: expect.stringContaining('journal.1.ndjson') });
    }
    writeFileSync(file('journal.1.ndjson'), Buffer.concat([whole, Buffer.from('what a former holder wrote late\n')]));
    expect((await store.readJournal(PATH))?.records).toEqual(RECORDS);
  });

  test('goes on after a torn end as if that had never been', async () => {
    const { store, file } = await write(RECORDS);
    const whole = readFileSync(file('journal.1.ndjson'));
    for (const length of [whole.length - 1, whole.length - 5, 10, 0]) {
      writeFileSync(file('journal.1.ndjson'), whole.subarray(0, length));
      const before = await store.readJournal(PATH);
      const lease = store.acquire(['a']);
      const { journal, contents } = await store.openJournal(PATH, lease);
      expect(contents).toEqual(before ?? { ...contents, records: [] });
      await journal.append('after');
      await journal.append('and after');
      await journal.close();
      const after = await store.readJournal(PATH);
      expect(after?.records).toEqual([...contents.records, 'after', 'and after']);
      expect(after?.position).toEqual(journal.position);
      await store.remove(PATH, lease);
      lease.release();
      const again = store.acquire(['a']);
      await store.writeDocument(PATH, 1, again); // makes the folder
      again.release();
    }
  });

  test('with its file torn within the same lease is cut back before the next record', async () => {
    const { store, file } = await write();
    const lease = store.acquire(['a']);
    const first = await store.openJournal(PATH, lease);
    await first.journal.append(1);
    await first.journal.close();
    const name = `journal.${lease.epoch}.ndjson`;
    const whole = readFileSync(file(name));
    writeFileSync(file(name), Buffer.concat([whole, Buffer.from('0123456789abcdef {"to')]));
    const { journal, contents } = await store.openJournal(PATH, lease);
    expect(contents).toMatchObject({ records: [1], tornBytes: 21 });
    await journal.append(2);
    expect(await store.readJournal(PATH)).toMatchObject({ records: [1, 2], tornBytes: 0 });
    await journal.close();
  });

  test('while it is open is noticed by the next append', async () => {
    const { store, file } = await write();
    const lease = store.acquire(['a']);
    const { journal } = await store.openJournal(PATH, lease);
    await journal.append(1);
    const name = file(`journal.${lease.epoch}.ndjson`);
    const whole = readFileSync(name);
    writeFileSync(name, whole.subarray(0, whole.length - 3));
    await expect(journal.append(2)).rejects.toMatchObject({ code: 'store_corrupt' });
    writeFileSync(name, whole);
    await journal.append(2);
    expect((await store.readJournal(PATH))?.records).toEqual([1, 2]);
    await journal.close();
  });

  test('by the loss of its lease files goes on', async () => {
    const { store, file } = await write(RECORDS.slice(0, 2), RECORDS.slice(2));
    rmSync(join(file('..'), 'released.2'));
    for (const record of ['after', 'and after']) {
      const lease = store.acquire(['a']);
      const { journal } = await store.openJournal(PATH, lease);
      await journal.append(record);
      await journal.close();
      lease.release();
    }
    expect((await store.readJournal(PATH))?.records).toEqual([...RECORDS, 'after', 'and after']);
  });

  test('by a part that was renamed is refused', async () => {
    const { store, file } = await write(RECORDS.slice(0, 2), RECORDS.slice(2));
    const text = readFileSync(file('journal.2.ndjson'));
    writeFileSync(file('journal.3.ndjson'), text);
    await expect(store.readJournal(PATH)).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining('belongs to another place'),
    });
  });
});

describe('a document that was damaged', () => {
  test('anywhere, or cut at any length, is refused and names the file', async () => {
    const { store, file } = await write([1]);
    const whole = readFileSync(file('document.json'));
    const damaged = [...flips(whole), ...Array.from(whole.keys(), (length) => whole.subarray(0, length))];
    for (const bytes of damaged) {
      writeFileSync(file('document.json'), bytes);
      const result = await attempt(store.readDocument(PATH));
      expect(result).toMatchObject({ code: 'store_corrupt', message: expect.stringContaining('a/b/document.json') });
    }
    writeFileSync(file('document.json'), whole);
    expect(await store.readDocument(PATH)).toMatchObject({ text: 'naïve ☂' });
  });

  test('is replaced by the next write', async () => {
    const { store, file } = await write([1]);
    writeFileSync(file('document.json'), 'null');
    await expect(store.readDocument(PATH)).rejects.toMatchObject({ code: 'store_corrupt' });
    const lease = store.acquire(['a']);
    await store.writeDocument(PATH, 'anew', lease);
    expect(await store.readDocument(PATH)).toBe('anew');
  });
});
