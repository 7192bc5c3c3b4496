import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { STORE_FILE } from '../../../src/store/index.js';
import { start, troupe } from '../support/program.js';

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('troupe demo --crash', { timeout: 120_000 }, () => {
  test('the demo kills a workflow in its middle, and the next process repeats nothing of it', async () => {
    const folder = await temporary();
    const { code, stdout } = await troupe(['demo', '--crash'], { env: { TMPDIR: folder } });
    expect(stdout).toContain('First process: ended by SIGKILL');
    expect(stdout).toMatch(/lines written +20\n/);
    expect(stdout).toMatch(/answers on record +[1-9]/);
    expect(stdout).toMatch(/steps that succeeded +40 of 40\n/);
    expect(stdout).toMatch(/steps that came from the journal +[1-9]/);
    expect(stdout).toMatch(/lines written twice +0\n/);
    expect(stdout).toMatch(/recorded answers that were asked for again +0\n/);
    expect(stdout).toContain('Good: nothing that was on record was done again.');
    expect(code).toBe(0);
    expect(await leftIn(folder)).toEqual([]);
  });

  test('keeps its work where it is told to, and takes no store that is there already', async () => {
    const folder = await temporary();
    const store = join(folder, 'a store');
    const first = await troupe(['demo', '--crash', '--store', store], { env: { TMPDIR: folder } });
    expect(first.stdout).toContain(`Look at it, step by step: npx troupe monitor '${store}'\n`);
    expect(first.code).toBe(0);
    expect(existsSync(join(store, STORE_FILE))).toBe(true);
    const second = await troupe(['demo', '--crash', '--store', store]);
    expect(second).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('there is a store in') });
  });

  test('Ctrl-C ends it, with nothing left behind', async () => {
    const folder = await temporary();
    const running = start(['demo', '--crash'], { env: { TMPDIR: folder } });
    await running.untilPrinted('40 steps');
    running.signal('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(await leftIn(folder)).toEqual([]);
  });
});

/** Without what the loader of the sources keeps there. */
async function leftIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('troupe-'));
}
