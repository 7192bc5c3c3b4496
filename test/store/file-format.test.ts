import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FileSessionStore } from '../../src/store/index.js';
import { makeFolder } from './support/folders.js';

const PATH = ['a', 'b'];

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

async function begin() {
  const folder = makeFolder();
  const store = new FileSessionStore(folder);
  const lease = store.acquire(['a']);
  const { journal } = await store.openJournal(PATH, lease);
  await journal.append({ n: 1 });
  await journal.close();
  await store.writeDocument(PATH, { n: 1 }, lease);
  return { folder, store, lease };
}

describe('the format on the disk', () => {
  test('is what version 1 says', async () => {
    const { folder, lease } = await begin();
    expect(JSON.parse(readFileSync(join(folder, 'store.json'), 'utf8'))).toEqual({
      format: 'troupe-store',
      version: 1,
      storeId: expect.any(String),
      createdAt: expect.any(Number),
    });
    expect(readdirSync(join(folder, 'a'))).toEqual(['b', 'lease.1']);
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['document.json', 'journal.1.ndjson']);
    const open = '{"format":"troupe-journal","version":1,"path":["a","b"],"epoch":1,"leaseDepth":1,"former":null}';
    const first = hashOf(open);
    const second = hashOf(`${first}{"n":1}`);
    const journal = `${first} ${open}\n${second} {"n":1}\n`;
    expect(readFileSync(join(folder, 'a', 'b', 'journal.1.ndjson'), 'utf8')).toBe(journal);
    const rest = '"format":"troupe-document","version":1,"path":["a","b"],"value":{"n":1}}';
    const document = `{"hash":"${hashOf(`{${rest}`)}",${rest}`;
    expect(readFileSync(join(folder, 'a', 'b', 'document.json'), 'utf8')).toBe(document);
    lease.release();
    expect(readdirSync(join(folder, 'a'))).toEqual(['b', 'released.1']);
  });

  test('of a journal grows with its records only', async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    const lease = store.acquire(['a']);
    const record = { text: 'x'.repeat(4_000) };
    const payload = JSON.stringify(record).length;
    const sizes: number[] = [];
    for (const count of [100, 1_000]) {
      const path = ['a', String(count)];
      const { journal } = await store.openJournal(path, lease);
      await Promise.all(Array.from({ length: count }, () => journal.append(record)));
      await journal.close();
      const { length } = readFileSync(join(folder, ...path, 'journal.1.ndjson'));
      expect(length).toBeLessThan(count * payload * 1.1);
      sizes.push(length);
    }
    expect((sizes[1] ?? 0) / (sizes[0] ?? 1)).toBeLessThan(10.01);
  });

  test.each(['store.json', 'a/b/journal.1.ndjson', 'a/b/document.json'])(
    'of a newer %s is refused and left',
    async (name) => {
      const { folder, store, lease } = await begin();
      lease.release();
      const file = join(folder, name);
      const newer = readFileSync(file, 'utf8').replace('"version":1', '"version":2,"new":true');
      if (name.endsWith('journal.1.ndjson')) {
        const open = newer.slice(17, newer.indexOf('\n'));
        writeFileSync(file, `${hashOf(open)} ${open}\n`);
      } else if (name.endsWith('document.json')) {
        const rest = newer.replace(/"hash":"[^"]*",/, '');
        writeFileSync(file, `{"hash":"${hashOf(rest)}",${rest.slice(1)}`);
      } else {
        writeFileSync(file, newer);
      }
      const before = readFileSync(file, 'utf8');
      const expected = { code: 'store_version', message: expect.stringContaining(name) };
      const read = name.endsWith('document.json') ? store.readDocument(PATH) : store.readJournal(PATH);
      await expect(read).rejects.toMatchObject(expected);
      if (name === 'store.json') {
        expect(() => store.acquire(['b'])).toThrow(expect.objectContaining(expected));
        expect(() => store.list([])).toThrow(expect.objectContaining(expected));
        expect(existsSync(join(folder, 'b'))).toBe(false);
      } else if (name.endsWith('ndjson')) {
        await expect(store.openJournal(PATH, store.acquire(['a']))).rejects.toMatchObject(expected);
      }
      expect(readFileSync(file, 'utf8')).toBe(before);
    },
  );

  test.each(['', '{', 'null', '[]', '{"format":"other","version":1}'])(
    'of a store that begins with %j is refused',
    (text) => {
      const folder = makeFolder();
      writeFileSync(join(folder, 'store.json'), text);
      const store = new FileSessionStore(folder);
      for (const act of [() => store.acquire(['a']), () => store.list([])]) {
        expect(act).toThrow(
          expect.objectContaining({ code: 'store_corrupt', message: expect.stringContaining('store.json') }),
        );
      }
      expect(readdirSync(folder)).toEqual(['store.json']);
    },
  );

  test('of an odd name tells the true one, and another name of the same hash is refused', async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    const lease = store.acquire(['A']);
    await store.writeDocument(['A'], 1, lease);
    const [hashed = ''] = readdirSync(folder).filter((name) => name.startsWith('~'));
    const file = join(folder, hashed, 'name.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ name: 'A' });
    for (const text of ['{"name":"B"}', '{"name":""}', '{', 'null']) {
      writeFileSync(file, text);
      const expected = { code: 'store_corrupt', message: expect.stringContaining('name.json') };
      await expect(store.readDocument(['A'])).rejects.toMatchObject(expected);
      expect(() => store.list([])).toThrow(expect.objectContaining(expected));
      expect(() => store.acquire(['A', 'b'])).toThrow(expect.objectContaining(expected));
    }
  });
});
