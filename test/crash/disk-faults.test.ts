import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { builtSources } from './support/built-sources.js';

function run(fault: string): Promise<unknown[]> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(builtSources(), 'test/crash/support/fault-child.js');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, folder, fault], { timeout: 100_000, killSignal: 'SIGKILL' });
    let [said, complaint] = ['', ''];
    child.stdout.on('data', (text) => {
      said += text;
    });
    child.stderr.on('data', (text) => {
      complaint += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0 || complaint !== '') reject(new Error(`exit code ${code}: ${complaint}\n${said}`));
      else
        resolve(
          said
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line)),
        );
    });
  });
}

/** Without effects while it waits for the disk; nothing twice; a typed error; and in the end all is done. */
const whole = { faults: ['store_io'], during: 0, twice: [], unknown: 0 };

/** Another holder is refused meanwhile, by the disk or by the lease. */
const HELD: Record<string, object> = {
  eacces: { refused: 'store_io', outcome: 'all done' },
  fsize: { refused: 'workflow_busy', outcome: 'all done' },
};
/** The workflow had ended before the disk worked again: what was not written is lost. */
const UNSAVED = { again: 'all done', twice: ['n3', 'n4', 'n5'], unknown: 1 };

describe.each(['eacces', 'fsize'])('a disk that refuses writes in the middle of a session (%s)', (fault) => {
  const isRoot = process.getuid?.() === 0;
  // Who may become another user, and change its own limits.
  it.skipIf(!isRoot)(
    'does to the work what onPersistError says, and what is on disk is gone on from',
    async () => {
      expect(await run(fault)).toEqual([
        { ...whole, onPersistError: 'hold', kind: 'live', ...HELD[fault], again: 'completed' },
        { ...whole, onPersistError: 'hold', kind: 'workflow', ...HELD[fault], again: 'replayed: all done' },
        // The call whose result is not on record may have been made: the model is told so.
        { ...whole, onPersistError: 'fail', kind: 'live', outcome: 'store_io', again: 'all done', unknown: 1 },
        { ...whole, onPersistError: 'fail', kind: 'workflow', outcome: 'store_io', again: 'all done', unknown: 1 },
        { ...whole, onPersistError: 'continue', kind: 'live', during: 3, outcome: 'all done', again: 'completed' },
        { ...whole, onPersistError: 'continue', kind: 'workflow', during: 3, outcome: 'all done', ...UNSAVED },
      ]);
    },
    120_000,
  );
});
