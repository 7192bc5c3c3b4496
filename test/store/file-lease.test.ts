import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { LEASE_HEARTBEAT_MS } from '../../src/domain/limits.js';
import { FileSessionStore } from '../../src/store/index.js';
import { isDead, type LeaseOwner, parseStat, type SeenProcess } from '../../src/store/lease-owner.js';
import { makeFolder } from './support/folders.js';
import { StoreChild } from './support/store-child.js';

const KILLS = 32;

describe('a lease between processes', () => {
  test('has one holder; the message of the refusal says which process it is', async () => {
    const folder = makeFolder();
    const child = new StoreChild(`
      const lease = new FileSessionStore(${JSON.stringify(folder)}).acquire(['a']);
      say('held');
      await order();
      lease.release();
      say('released');
      await order();
    `);
    expect(await child.next()).toBe('held');
    const store = new FileSessionStore(folder);
    expect(() => store.acquire(['a'])).toThrow(
      expect.objectContaining({
        code: 'workflow_busy',
        message: expect.stringContaining(`a in ${store.name} is in use by process ${child.pid} on `),
      }),
    );
    child.order('release');
    expect(await child.next()).toBe('released');
    expect(store.acquire(['a']).epoch).toBe(2);
    await child.kill('SIGKILL');
  });

  test.each(['before', 'after'])(
    'that was lost with its folder holds nobody off when that comes back %s it was let go',
    (when) => {
      const folder = makeFolder();
      const store = new FileSessionStore(folder);
      const lease = store.acquire(['a']);
      const away = `${folder}-away`;
      renameSync(folder, away);
      expect(lease.isHeld()).toBe(false);
      if (when === 'after') lease.release();
      renameSync(away, folder);
      expect(lease.isHeld()).toBe(false);
      lease.release();
      expect(store.acquire(['a']).epoch).toBe(2);
      expect(readdirSync(join(folder, 'a')).filter((name) => name.startsWith('lease'))).toEqual(['lease.2']);
    },
  );

  test('is taken over at once from a killed holder, and no acknowledged record is lost', {
    timeout: 60_000,
  }, async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    let least = 0;
    for (let round = 0; round < KILLS; round++) {
      const child = new StoreChild(`
        const store = new FileSessionStore(${JSON.stringify(folder)});
        const lease = store.acquire(['a']);
        const { journal, contents } = await store.openJournal(['a', 'b'], lease);
        say(lease.epoch);
        for (let n = contents.records.length; ; n++) { await journal.append({ n, text: 'x'.repeat(n % 50) }); say(n); }
      `);
      expect(await child.next()).toBe(String(round + 1));
      let last = least - 1;
      for (let count = 0; count <= (round * 7) % 11; count++) last = Number(await child.next());
      await child.kill('SIGKILL');
      const contents = await store.readJournal(['a', 'b']);
      const numbers = contents?.records.map((record) => (record as { n: number }).n); // as the child wrote them
      expect(numbers).toEqual(Array.from({ length: numbers?.length ?? 0 }, (_, n) => n));
      expect(numbers?.length).toBeGreaterThan(last);
      least = numbers?.length ?? 0;
    }
    expect(store.acquire(['a']).epoch).toBe(KILLS + 1);
  });

  test('of processes that contend for the lease of a dead one, exactly one gets it each time', async () => {
    const folder = makeFolder();
    const dead = new StoreChild(
      `new FileSessionStore(${JSON.stringify(folder)}).acquire(['a']); say('held'); await order();`,
    );
    await dead.next();
    const contender = () =>
      new StoreChild(`
        const store = new FileSessionStore(${JSON.stringify(folder)});
        for (;;) {
          const what = await order();
          if (what === 'check') { say(held.isHeld() ? 'holds' : 'lost'); continue; }
          var held = undefined;
          try { held = store.acquire(['a']); say('won ' + held.epoch); } catch (cause) { say(cause.code); }
          if (what === 'last') process.exit();
        }
      `);
    const contenders = [contender(), contender(), contender()];
    await dead.kill('SIGKILL');
    let losers = contenders;
    while (losers.length > 1) {
      for (const each of losers) each.order('acquire');
      const answers = await Promise.all(losers.map((each) => each.next()));
      expect(answers.filter((answer) => answer.startsWith('won'))).toHaveLength(1);
      expect(answers.filter((answer) => answer === 'workflow_busy')).toHaveLength(losers.length - 1);
      const winner = losers[answers.findIndex((answer) => answer.startsWith('won'))];
      winner?.order('check');
      expect(await winner?.next()).toBe('holds');
      await winner?.kill('SIGKILL');
      losers = losers.filter((each) => each !== winner);
    }
  });

  test('that is held, and journals that are open, keep no process alive and no file open', async () => {
    const folder = makeFolder();
    const child = new StoreChild(`
      const store = new FileSessionStore(${JSON.stringify(folder)});
      const lease = store.acquire(['a']);
      const open = () => fs.readdirSync('/dev/fd').length;
      const append = async (n) => (await store.openJournal(['a', 'b' + n], lease)).journal.append(n);
      await append(0);
      const before = open();
      for (let n = 1; n <= 50; n++) await append(n);
      say(open() - before);
      process.stdin.destroy();
    `);
    expect(await child.rest()).toEqual(['0']);
  });
});

describe('a lease in one process', () => {
  test('that nobody can say anything about, because its file is unreadable, is taken over', async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    const lease = store.acquire(['a']);
    writeFileSync(join(folder, 'a', 'lease.1'), '');
    expect(lease.isHeld()).toBe(false);
    expect(store.acquire(['a']).epoch).toBe(2);
    await expect(store.openJournal(['a'], lease)).rejects.toMatchObject({ code: 'lease_lost' });
  });

  test('that is lost while a record is written refuses the record, though it reached the disk', async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    const lease = store.acquire(['a']);
    const { journal } = await store.openJournal(['a', 'b'], lease);
    const appended = journal.append('late');
    for (let tick = 0; tick < 10; tick++) await Promise.resolve(); // the write has begun; no file is written within microtasks
    writeFileSync(join(folder, 'a', 'lease.1'), '');
    await expect(appended).rejects.toMatchObject({ code: 'lease_lost' });
    expect(readFileSync(join(folder, 'a', 'b', 'journal.1.ndjson'), 'utf8')).toContain('"late"');
    expect(journal.position.count).toBe(0);
  });

  test('leaves no temporary files, and sweeps those of dead writers', async () => {
    const folder = makeFolder();
    const store = new FileSessionStore(folder);
    store.acquire(['a']).release();
    const stale = ['.t0.left', '.t1.left'];
    for (const name of stale) writeFileSync(join(folder, 'a', name), 'half');
    const lease = store.acquire(['a']);
    expect(readdirSync(join(folder, 'a'))).toEqual(['lease.2']);
    await store.writeDocument(['a', 'b'], 1, lease);
    for (const name of stale) writeFileSync(join(folder, 'a', 'b', name), 'half');
    await store.openJournal(['a', 'b'], lease);
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['document.json']);
  });

  test('is not of another store, though on the same folder', async () => {
    const folder = makeFolder();
    const lease = new FileSessionStore(folder).acquire(['a']);
    await expect(new FileSessionStore(folder).writeDocument(['a'], 1, lease)).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  test('is shown to be alive by one timer, as long as any is held', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const store = new FileSessionStore(makeFolder());
      expect(vi.getTimerCount()).toBe(0);
      const [first, second] = [store.acquire(['a']), store.acquire(['b'])];
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(LEASE_HEARTBEAT_MS);
      first.release();
      expect(vi.getTimerCount()).toBe(1);
      second.release();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a holder is taken for dead', () => {
  const here = { host: 'here', boot: 'b1', pidNamespace: 'n1' };
  const owner: LeaseOwner = { ...here, pid: 7, born: '100', since: 0, nonce: 'n' };
  const alive = (born: string) => (): SeenProcess => ({ isAlive: true, born });
  const gone = (): SeenProcess => ({ isAlive: false, born: '' });

  test.each([
    ['its process is gone', owner, gone, 0, true],
    ['its process lives', owner, alive('100'), 60_000, false],
    ['its number is now that of another process', owner, alive('200'), 0, true],
    ['it is on another machine and was heard of lately', { ...owner, host: 'there' }, gone, 15_000, false],
    ['it is on another machine and was silent for long', { ...owner, host: 'there' }, alive('100'), 15_001, true],
    ['it is in another container and was heard of lately', { ...owner, pidNamespace: 'n2' }, gone, 0, false],
    ['the machine was started anew and it was heard of lately', { ...owner, boot: 'b0' }, gone, 0, false],
    ['births are not told and it was heard of lately', { ...owner, born: '' }, alive(''), 0, false],
    ['births are not told and it was silent for long', { ...owner, born: '' }, alive(''), 15_001, true],
  ])('or not: when %s', (_, candidate, look, ageMs, expected) => {
    expect(isDead(candidate, here, look, ageMs)).toBe(expected);
  });

  test('when it is a process that died and was not yet buried, whatever its program is called', () => {
    const rest = Array.from({ length: 18 }, (_, index) => index).join(' ');
    expect(parseStat(`7 (a) Z (b) S ${rest} 4242 1`)).toEqual({ isAlive: true, born: '4242' });
    expect(parseStat(`7 (node) Z ${rest} 4242 1`)).toEqual({ isAlive: false, born: '4242' });
    expect(parseStat('')).toEqual({ isAlive: true, born: '' });
  });
});
