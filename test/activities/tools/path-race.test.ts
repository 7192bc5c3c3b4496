import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { makeBench, SECRET } from './bench.js';

const TRIES = 300;
const workers: Worker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});

/** Another thread that makes `here` now one thing, now the other, as fast as it can. */
async function swap(here: string, one: string, other: string): Promise<void> {
  const source = `
    const { renameSync } = require('node:fs');
    const { parentPort, workerData: { here, one, other } } = require('node:worker_threads');
    parentPort.postMessage('swapping');
    for (;;) {
      for (const [from, to] of [[one, here], [here, one], [other, here], [here, other]]) {
        try { renameSync(from, to); } catch {}
      }
    }`;
  const worker = new Worker(source, { eval: true, workerData: { here, one, other }, execArgv: [] });
  workers.push(worker);
  await new Promise((resolve) => worker.once('message', resolve));
}

// Elsewhere than on Linux the check is weaker, as the guide says.
describe.runIf(process.platform === 'linux')('while links are swapped under a call', () => {
  it('no file outside is ever read', async () => {
    const bench = await makeBench({ 'real.txt': 'inside\n' });
    await symlink('../outside/secret.txt', bench.path('link.txt'));
    await swap(bench.path('a.txt'), bench.path('real.txt'), bench.path('link.txt'));
    let leaks = 0;
    for (let at = 0; at < TRIES; at++) {
      const { output } = await bench.call('read', { file_path: 'a.txt' });
      if (output.includes(SECRET)) leaks++;
    }
    expect(leaks).toBe(0);
  });

  it('no folder outside is ever read, searched or listed', async () => {
    const bench = await makeBench({ 'real/secret.txt': 'inside\n' });
    await symlink('../outside', bench.path('link'));
    await bench.call('write', { file_path: 'real/inside-only.txt', content: 'x' });
    await readFile(`${bench.outside}/secret.txt`);
    await mkdir(`${bench.outside}/outside-only`);
    await swap(bench.path('dir'), bench.path('real'), bench.path('link'));
    let leaks = 0;
    for (let at = 0; at < TRIES; at++) {
      const replies = await Promise.all([
        bench.call('read', { file_path: 'dir/secret.txt' }),
        bench.call('ls', { path: 'dir' }),
        bench.call('glob', { pattern: 'dir/**' }),
      ]);
      if (replies.some(({ output }) => output.includes(SECRET) || output.includes('outside-only'))) leaks++;
    }
    for (let at = 0; at < TRIES / 10; at++) {
      const { output } = await bench.call('grep', { pattern: '-secret' });
      if (output.includes(SECRET)) leaks++;
    }
    expect(leaks).toBe(0);
  });

  it('no file is ever made outside', async () => {
    const bench = await makeBench({ 'real/x': '' });
    await symlink('../outside', bench.path('link'));
    await swap(bench.path('dir'), bench.path('real'), bench.path('link'));
    for (let at = 0; at < TRIES; at++) {
      await bench.call('write', { file_path: `dir/new/${at}.txt`, content: 'x' });
    }
    expect(await readdir(bench.outside)).toEqual(['secret.txt']);
  });
});
