import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { endsWithProcess } from '../../../src/activities/tools/ends-with-process.js';
import { runProgram } from '../../support/child-process.js';

/** Starts a command that runs for long, tells its group, and then ends in the given way. */
const program = (end: string) => `
import { runCommand } from './src/activities/tools/run-command.ts';
import { realClock } from './src/domain/clock.ts';
const context = { signal: new AbortController().signal, clock: realClock, emit: (text) => { console.log(text); setImmediate(() => { ${end} }); } };
await runCommand({ argv: ['bash', '-c', 'echo $$; sleep 300 & wait'], cwd: '.', env: process.env, timeoutMs: 60_000 }, context);
`;

/** Resolves when the process is gone, or a zombie that nobody has taken away yet; else the test runs into its time limit. */
async function death(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (stat === '' || /\) [ZX] /.test(stat)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const listeners = () => ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name));

describe.runIf(process.platform === 'linux')('a command that runs', () => {
  it.each([
    ['exits', 'process.exit(7)', 7],
    ['throws', "throw new Error('mine')", 1],
    ['is ended by Ctrl+C', "process.kill(process.pid, 'SIGINT')", null],
    ['is told to end', "process.kill(process.pid, 'SIGTERM')", null],
  ])('goes with its process when that %s', async (_how, end, code) => {
    const ended = await runProgram(program(end), { isBare: true });
    expect(ended.code).toBe(code);
    const group = Number.parseInt(ended.stdout, 10);
    expect(group).toBeGreaterThan(1);
    await death(group);
  });
});

describe('what ends with the process', () => {
  it('has listeners only while there is something to end, one for all', () => {
    const before = listeners();
    const letGo = [1, 2, 3].map(() => endsWithProcess(() => {}));
    expect(listeners()).toEqual(before.map((count) => count + 1));
    for (const go of letGo) go();
    letGo[0]?.();
    expect(listeners()).toEqual(before);
  });

  it('leaves a signal to the program where that has listeners of its own', () => {
    let ends = 0;
    let heard = 0;
    const letGo = endsWithProcess(() => {
      ends += 1;
    });
    const own = () => {
      heard += 1;
    };
    process.once('SIGHUP', own);
    process.emit('SIGHUP', 'SIGHUP');
    letGo();
    expect([heard, ends]).toEqual([1, 0]);
  });
});
