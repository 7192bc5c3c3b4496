import { mkdir, readdir, readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { makeBench, SECRET } from './bench.js';

const TRIES = 300;
const workers: Worker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});

/** Another thread that makes the link `here` lead now inside, now outside, as fast as it can; it is there at every moment. */
async function swap(here: string, ...targets: [string, string]): Promise<void> {
  const source = `
    const { renameSync, symlinkSync } = require('node:fs');
    const { parentPort, workerData: { here, targets } } = require('node:worker_threads');
    const put = (target) => {
      symlinkSync(target, here + '.next');
      renameSync(here + '.next', here);
    };
    put(targets[0]);
    parentPort.postMessage('swapping');
    for (;;) for (const target of targets) put(target);`;
  const worker = new Worker(source, { eval: true, workerData: { here, targets }, execArgv: [] });
  workers.push(worker);
  await new Promise((resolve) => worker.once('message', resolve));
}

// Elsewhere than on Linux the check is weaker, as the guide says.
describe.runIf(process.platform === 'linux')('while links are swapped under a call', () => {
  it('no file outside is ever read', async () => {
    const bench = await makeBench({ 'real.txt': 'inside\n' });
    await swap(bench.path('a.txt'), 'real.txt', '../outside/secret.txt');
    const outputs: string[] = [];
    for (let at = 0; at < TRIES; at++) outputs.push((await bench.call('read', { file_path: 'a.txt' })).output);
    expect(outputs.filter((output) => output.includes(SECRET))).toEqual([]);
  });

  it('no folder outside is ever read, searched or listed', async () => {
    const bench = await makeBench({ 'real/secret.txt': 'inside\n' });
    await mkdir(`${bench.outside}/outside-only`);
    await swap(bench.path('dir'), 'real', '../outside');
    const outputs: string[] = [];
    for (let at = 0; at < TRIES; at++) {
      const replies = [
        bench.call('read', { file_path: 'dir/secret.txt' }),
        bench.call('ls', { path: 'dir' }),
        bench.call('glob', { pattern: '**', path: 'dir' }),
      ];
      if (at % 10 === 0) replies.push(bench.call('grep', { pattern: '-secret', path: 'dir' }));
      for (const { output } of await Promise.all(replies)) outputs.push(output);
    }
    expect(outputs.filter((output) => output.includes(SECRET) || output.includes('outside-only'))).toEqual([]);
  });

  it('no file is ever made or changed outside', async () => {
    const bench = await makeBench({ 'real/secret.txt': 'inside\n' });
    await swap(bench.path('dir'), 'real', '../outside');
    for (let at = 0; at < TRIES; at++) {
      await Promise.all([
        bench.call('write', { file_path: `dir/new/${at}.txt`, content: 'x' }),
        bench.call('write', { file_path: 'dir/secret.txt', content: 'x' }),
        bench.call('edit', { file_path: 'dir/secret.txt', old_string: SECRET, new_string: 'x' }),
      ]);
    }
    expect(await readdir(bench.outside)).toEqual(['secret.txt']);
    expect(await readFile(`${bench.outside}/secret.txt`, 'utf8')).toBe(`${SECRET}\n`);
  });

  it('no file is ever made or changed in a protected folder', async () => {
    const bench = await makeBench({ 'real/config': 'inside\n', '.git/config': 'inside\n' });
    Object.assign(bench.context, { mayWriteProtected: async (place: string) => !place.startsWith('.git') });
    await swap(bench.path('dir'), 'real', '.git');
    for (let at = 0; at < TRIES; at++) {
      await Promise.all([
        bench.call('write', { file_path: `dir/new/${at}.txt`, content: 'x' }),
        bench.call('write', { file_path: 'dir/config', content: 'inside\n' }),
        bench.call('edit', { file_path: 'dir/config', old_string: 'inside', new_string: 'inside ' }),
      ]);
    }
    expect(await readdir(bench.path('.git'))).toEqual(['config']);
    expect(await readFile(bench.path('.git/config'), 'utf8')).toBe('inside\n');
  });
});
