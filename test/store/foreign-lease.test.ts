import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { LEASE_STALE_MS } from '../../src/domain/limits.js';
import { FileSessionStore } from '../../src/store/index.js';
import { makeFolder } from './support/folders.js';
import { StoreChild } from './support/store-child.js';

// To this process, every other one is on another machine.
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  hostname: () => 'elsewhere',
}));

test('a stopped holder on another machine loses its lease by silence, and what it writes when it wakes is never read', async () => {
  const folder = makeFolder();
  const holder = new StoreChild(`
    const store = new FileSessionStore(${JSON.stringify(folder)});
    const lease = store.acquire(['a']);
    const { journal } = await store.openJournal(['a', 'b'], lease);
    await journal.append('first');
    say('ready');
    await order();
    say(await codeOf(() => journal.append('late')));
    say(await codeOf(() => store.writeDocument(['a', 'b'], 'late', lease)));
    say(lease.isHeld());
    await order();
  `);
  expect(await holder.next()).toBe('ready');
  holder.kill('SIGSTOP');
  const store = new FileSessionStore(folder);
  expect(() => store.acquire(['a'])).toThrow(expect.objectContaining({ code: 'workflow_busy' }));
  const longAgo = new Date(Date.now() - LEASE_STALE_MS - 1_000);
  utimesSync(join(folder, 'a', 'lease.1'), longAgo, longAgo);
  const lease = store.acquire(['a']);
  expect(lease.epoch).toBe(2);
  const { journal } = await store.openJournal(['a', 'b'], lease);
  await journal.append('second');
  holder.kill('SIGCONT');
  holder.order('go on');
  expect(await holder.next()).toBe('lease_lost');
  expect(await holder.next()).toBe('lease_lost');
  expect(await holder.next()).toBe('false');
  await journal.append('third');
  expect((await store.readJournal(['a', 'b']))?.records).toEqual(['first', 'second', 'third']);
  expect(lease.isHeld()).toBe(true);
  await holder.kill('SIGKILL');
});
