import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TIME_LIMIT_MS = 60_000;

test(
  'the demo kills a workflow in its middle, and the next process repeats nothing of it',
  async () => {
    const demo = ['--import', 'tsx', 'scripts/demo-crash.ts'];
    const { stdout } = await promisify(execFile)(process.execPath, demo, { cwd: root, timeout: TIME_LIMIT_MS });
    expect(stdout).toContain('First process: ended by SIGKILL');
    expect(stdout).toMatch(/steps that succeeded +40 of 40\n/);
    expect(stdout).toMatch(/steps that came from the journal +[1-9]/);
    expect(stdout).toMatch(/lines written twice +0\n/);
    expect(stdout).toMatch(/recorded answers that were asked for again +0\n/);
    expect(stdout).toContain('Good: nothing that was on record was done again.');
  },
  TIME_LIMIT_MS,
);
