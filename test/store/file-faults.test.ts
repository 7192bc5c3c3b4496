import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FileSessionStore } from '../../src/store/index.js';
import { makeFolder } from './support/folders.js';
import { canMount, onSmallDisk, StoreChild } from './support/store-child.js';

/** Every file and folder below, with its permission bits. */
function modesBelow(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(paths.map((path) => [path, (statSync(join(folder, path)).mode & 0o777).toString(8)]));
}

describe('what the store makes', () => {
  test.each(['000', '022', '077', '277', '777'])(
    'is for the owner only, and for the owner at all, under umask %s',
    async (umask) => {
      const folder = join(makeFolder(), 'deep', 'er');
      mkdirSync(folder, { recursive: true });
      const before = process.umask(Number.parseInt(umask, 8));
      onTestFinished(() => {
        process.umask(before);
      });
      const store = new FileSessionStore(join(folder, 'store'));
      const lease = store.acquire(['A', 'b']);
      const { journal } = await store.openJournal(['A', 'b', 'c'], lease);
      await journal.append(1);
      await store.writeDocument(['A', 'b', 'c'], 1, lease);
      process.umask(before);
      const modes = modesBelow(folder);
      const files = Object.entries(modes).filter(([path]) => /\.(json|ndjson|\d+)$/.test(path));
      expect(files.map(([, mode]) => mode)).toEqual(files.map(() => '600'));
      expect(files).toHaveLength(5);
      const folders = Object.entries(modes).filter(([path]) => !files.some(([file]) => file === path));
      expect(folders.map(([, mode]) => mode)).toEqual(folders.map(() => '700'));
      expect(folders).toHaveLength(4);
    },
  );

  test('is nothing before the first use, nor while it is only read', async () => {
    const folder = join(makeFolder(), 'store');
    const store = new FileSessionStore(folder);
    expect(store.list([])).toEqual([]);
    expect(await store.readJournal(['a'])).toBeUndefined();
    expect(await store.readDocument(['a'])).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
  });

  test('lies in the folder that the constructor was given, wherever the process goes', () => {
    const before = process.cwd();
    const [first, second] = [makeFolder(), makeFolder()];
    process.chdir(first);
    onTestFinished(() => process.chdir(before));
    const store = new FileSessionStore('./store');
    expect(store.name).toBe('file ./store');
    process.chdir(second);
    store.acquire(['a']);
    expect(readdirSync(first)).toEqual(['store']);
    expect(readdirSync(second)).toEqual([]);
  });

  test.each([[''], ['a\0b'], [undefined], [7]])('cannot lie in %j', (dir) => {
    expect(() => new FileSessionStore(dir as string)).toThrow(expect.objectContaining({ code: 'config_invalid' })); // as without types
  });
});

describe('a link', () => {
  test('may be the folder of the store', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    const store = new FileSessionStore(join(folder, 'link'));
    const lease = store.acquire(['a']);
    await store.writeDocument(['a'], 1, lease);
    expect(await store.readDocument(['a'])).toBe(1);
    expect(existsSync(join(folder, 'real', 'a', 'document.json'))).toBe(true);
  });

  test('inside the store is never followed', async () => {
    const folder = makeFolder();
    const outside = makeFolder();
    writeFileSync(join(outside, 'document.json'), '{}');
    const store = new FileSessionStore(folder);
    const lease = store.acquire(['a']);
    const { journal } = await store.openJournal(['a', 'c'], lease);
    await journal.append(1);
    symlinkSync(outside, join(folder, 'a', 'b'));
    symlinkSync(join(outside, 'new'), join(folder, 'a', 'journal.1.ndjson'));
    rmSync(join(folder, 'a', 'c', 'journal.1.ndjson'));
    symlinkSync(join(outside, 'new'), join(folder, 'a', 'c', 'journal.1.ndjson'));
    symlinkSync(join(outside, 'document.json'), join(folder, 'a', 'c', 'document.json'));
    const refused = { code: 'store_io', message: expect.stringContaining('symbolic link') };
    await expect(store.writeDocument(['a', 'b'], 1, lease)).rejects.toMatchObject(refused);
    await expect(store.readDocument(['a', 'b', 'deep'])).rejects.toMatchObject(refused);
    await expect(store.readDocument(['a', 'c'])).rejects.toMatchObject(refused);
    await expect(store.readJournal(['a'])).rejects.toMatchObject(refused);
    await expect(journal.append(2)).rejects.toMatchObject(refused);
    expect(() => store.acquire(['a', 'b'])).toThrow(expect.objectContaining(refused));
    expect(store.list(['a'])).toEqual([]);
    await store.writeDocument(['a', 'c'], 'mine', lease);
    await store.remove(['a'], lease);
    expect(readdirSync(outside)).toEqual(['document.json']);
    expect(readFileSync(join(outside, 'document.json'), 'utf8')).toBe('{}');
  });
});

describe('a fault of the disk', () => {
  test('is told with the file, relative to the store, the code and what to do', async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    const lease = store.acquire(['a']);
    const { journal } = await store.openJournal(['a', 'b'], lease);
    mkdirSync(join(folder, 'a', 'b', 'journal.1.ndjson'), { recursive: true });
    await expect(journal.append(1)).rejects.toMatchObject({
      code: 'store_io',
      message: `could not append to a/b/journal.1.ndjson of file ${folder}: a folder stands where a file should be; move it away (EISDIR)`,
    });
    rmSync(join(folder, 'a', 'b', 'journal.1.ndjson'), { recursive: true });
    await journal.append(2);
    expect((await store.readJournal(['a', 'b']))?.records).toEqual([2]);
    writeFileSync(join(folder, 'file'), '');
    expect(() => store.acquire(['file'])).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/ENOTDIR/) }),
    );
    const misplaced = new FileSessionStore(join(folder, 'file'));
    for (const act of [() => misplaced.acquire(['a']), () => misplaced.list([])]) {
      expect(act).toThrow(expect.objectContaining({ code: 'store_io' }));
    }
  });

  test.each(['a/b', 'a', '.'])('is also that the folder %s was deleted: nothing is made anew', async (gone) => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    const lease = store.acquire(['a']);
    const { journal } = await store.openJournal(['a', 'b'], lease);
    const { journal: fresh } = await store.openJournal(['a', 'c'], lease);
    await journal.append(1);
    rmSync(join(folder, gone), { recursive: true });
    for (const _ of [1, 2]) await expect(journal.append(2)).rejects.toMatchObject({ code: 'store_io' });
    expect(existsSync(join(folder, 'a', 'b'))).toBe(false);
    if (gone === 'a/b') {
      await fresh.append(1);
    } else {
      await expect(fresh.append(1)).rejects.toMatchObject({ code: 'store_io' });
      await expect(store.writeDocument(['a'], 1, lease)).rejects.toMatchObject({ code: 'store_io' });
      expect(lease.isHeld()).toBe(false);
      expect(existsSync(join(folder, 'a'))).toBe(false);
      lease.release();
    }
  });

  test('in a journal that a later lease goes on with: what vanished is not begun anew', async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    const first = store.acquire(['a']);
    const { journal } = await store.openJournal(['a', 'b'], first);
    await journal.append(1);
    await journal.close();
    first.release();
    const second = store.acquire(['a']);
    const { journal: next } = await store.openJournal(['a', 'b'], second);
    rmSync(join(folder, 'a', 'b', 'journal.1.ndjson'));
    await expect(next.append(2)).rejects.toMatchObject({ code: 'store_io' });
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual([]);
  });

  test('that comes in the middle of a write leaves none of it: all waiting records are refused, and may be appended again', async () => {
    const folder = makeFolder();
    const limit = ['sh', '-c', 'ulimit -f 16; exec "$0" "$@"']; // blocks of 512 bytes
    const child = new StoreChild(
      `
      const store = new FileSessionStore(${JSON.stringify(folder)});
      const lease = store.acquire(['a']);
      const { journal } = await store.openJournal(['a', 'b'], lease);
      for (let n = 0; n < 5; n++) await journal.append(n);
      const before = journal.position;
      const big = { big: 'x'.repeat(5_000) };
      const appended = [journal.append(5)];
      await Promise.resolve();
      await Promise.resolve();
      appended.push(journal.append(big), journal.append(big), journal.append('behind it'));
      const results = await Promise.allSettled(appended);
      say(results.map(({ reason }) => reason?.code ?? 'done').join());
      say(results[2].reason.message.includes('EFBIG'));
      say((await store.readJournal(['a', 'b'])).records.join());
      say(fs.statSync(${JSON.stringify(folder)} + '/a/b/journal.1.ndjson').size < 1_000);
      say(await codeOf(() => journal.append('again')));
      say(await codeOf(() => store.writeDocument(['a', 'b'], 'y'.repeat(20_000), lease)));
      say(fs.readdirSync(${JSON.stringify(folder)} + '/a/b').join());
      process.exit();
    `,
      limit,
    );
    expect(await child.rest()).toEqual([
      'done,store_io,store_io,store_io',
      'true',
      '0,1,2,3,4,5',
      'true',
      'done',
      'store_io',
      'journal.1.ndjson',
    ]);
    expect((await new FileSessionStore(folder).readJournal(['a', 'b']))?.records).toEqual([0, 1, 2, 3, 4, 5, 'again']);
  });

  test('does not come from a thousand journals that are read and written at once', async () => {
    const folder = makeFolder();
    const child = new StoreChild(
      `
      const store = new FileSessionStore(${JSON.stringify(folder)});
      const lease = store.acquire(['a']);
      const paths = Array.from({ length: 1_000 }, (_, n) => ['a', 'b' + n]);
      const opened = await Promise.all(paths.map((path) => store.openJournal(path, lease)));
      await Promise.all(opened.map(({ journal }, n) => journal.append(n)));
      await Promise.all(paths.map((path, n) => store.writeDocument(path, n, lease)));
      const read = await Promise.all(paths.map((path) => store.readJournal(path)));
      say(read.every(({ records }, n) => records[0] === n));
      process.exit();
    `,
      ['sh', '-c', 'ulimit -n 200; exec "$0" "$@"'],
    );
    expect(await child.rest()).toEqual(['true']);
  });

  test.skipIf(!canMount)('on a full or read-only disk loses nothing, and is over when there is room', async () => {
    const folder = makeFolder();
    const child = new StoreChild(
      `
      const dir = ${JSON.stringify(folder)};
      const { execFileSync } = await import('node:child_process');
      const store = new FileSessionStore(dir);
      const lease = store.acquire(['a']);
      const { journal } = await store.openJournal(['a', 'b'], lease);
      let count = 0;
      const text = 'x'.repeat(3_000);
      await store.writeDocument(['a', 'b'], 'former', lease);
      while ((await codeOf(() => journal.append({ count, text }))) === 'done') count++;
      say(count > 20);
      say((await journal.append({ count, text }).catch((cause) => cause.message)).includes('ENOSPC'));
      say((await store.readJournal(['a', 'b'])).records.length === count);
      say(await codeOf(() => store.writeDocument(['a', 'b'], text.repeat(3), lease)));
      say(await store.readDocument(['a', 'b']));
      say(fs.readdirSync(dir + '/a/b').join());
      execFileSync('mount', ['-o', 'remount,size=1m', dir]);
      say(await codeOf(() => journal.append({ count: count++, text })));
      execFileSync('mount', ['-o', 'remount,ro', dir]);
      say((await journal.append(1).catch((cause) => cause.message)).includes('EROFS'));
      say(await codeOf(() => store.acquire(['b'])));
      say((await new FileSessionStore(dir).readJournal(['a', 'b'])).records.every((record, n) => record.count === n));
      say(store.list(['a']).join());
      execFileSync('mount', ['-o', 'remount,rw', dir]);
      await journal.append({ count: count++, text });
      say((await store.readJournal(['a', 'b'])).position.count === count && journal.position.count === count);
      process.exit();
    `,
      onSmallDisk(folder, 128 * 1024),
    );
    expect(await child.rest()).toEqual([
      'true',
      'true',
      'true',
      'store_io',
      'former',
      'document.json,journal.1.ndjson',
      'done',
      'true',
      'store_io',
      'true',
      'b',
      'true',
    ]);
  });

  test.skipIf(process.getuid?.() !== 0)('of permissions is told to a user without them', async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    await store.writeDocument(['a'], 1, store.acquire(['a']));
    chmodSync(folder, 0o755);
    const child = new StoreChild(`
      const store = new FileSessionStore(${JSON.stringify(folder)});
      process.setuid(65534);
      const told = async (act) => { try { await act(); return 'done'; } catch ({ code, message }) { return code + ' ' + /\\(E\\w+\\)$/.exec(message); } };
      say(await told(() => store.acquire(['b'])));
      say(await told(() => store.readDocument(['a'])));
      process.exit();
    `);
    expect(await child.rest()).toEqual(['store_io (EACCES)', 'store_io (EACCES)']);
  });
});
