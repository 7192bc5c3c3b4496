import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readdir, readFile, symlink } from 'node:fs/promises';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MAX_TOOL_OUTPUT_BYTES } from '../../../src/domain/limits.js';
import { type Bench, makeBench, toolNamed } from './bench.js';

const env = { PATH: process.env.PATH };

/** A pipe that a command's processes hold open: its end is the death of the last of them. */
async function lifeline(bench: Bench): Promise<{ ended: Promise<void> }> {
  await promisify(execFile)('mkfifo', [bench.path('life')]);
  const stream = createReadStream(bench.path('life'));
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('end', resolve).on('error', reject).resume();
  });
  return { ended };
}

/** Resolves when the process is gone, or a zombie that nobody has taken away yet; else the test runs into its time limit. */
async function death(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (stat === '' || /\) [ZX] /.test(stat)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const numberIn = (text: string, name: string) => Number(new RegExp(`${name}=(\\d+)`).exec(text)?.[1]);

describe('bash', () => {
  it('runs a command line in the workspace and tells its output and exit code', async () => {
    const bench = await makeBench({ 'a.txt': 'one\n' }, { env });
    expect(await bench.call('bash', { command: 'pwd && cat a.txt | tr o 0' })).toEqual({
      output: `${bench.root}\n0ne\n`,
      exitCode: 0,
      isError: false,
    });
  });

  it('tells a failure with all its output', async () => {
    const bench = await makeBench({}, { env });
    expect(await bench.call('bash', { command: 'echo out; echo err >&2; exit 3' })).toEqual({
      output: 'out\nerr\n(exit code 3)',
      exitCode: 3,
      isError: true,
    });
  });

  it('tells a signal that ended it', async () => {
    const bench = await makeBench({}, { env });
    expect(await bench.call('bash', { command: 'kill -9 $$' })).toMatchObject({
      output: '(ended by SIGKILL, exit code 137)',
      exitCode: 128 + constants.signals.SIGKILL,
      isError: true,
    });
  });

  it('keeps both outputs in the order they were written', async () => {
    const bench = await makeBench({}, { env });
    const command = 'for n in 1 2 3 4 5; do echo out $n; echo err $n >&2; done';
    const expected = [1, 2, 3, 4, 5].map((n) => `out ${n}\nerr ${n}\n`).join('');
    expect((await bench.call('bash', { command })).output).toBe(expected);
    expect(bench.emitted.join('')).toBe(expected);
  });

  it('says so when there is no output', async () => {
    const bench = await makeBench({}, { env });
    expect((await bench.call('bash', { command: 'true' })).output).toBe('(no output)');
  });

  it('tells of a mistake in the command line as bash does', async () => {
    const bench = await makeBench({}, { env });
    const reply = await bench.call('bash', { command: 'echo "' });
    expect(reply).toMatchObject({ isError: true, exitCode: 2, output: expect.stringContaining('line 1') });
  });

  it('emits output while it runs, never half a character', async () => {
    const bench = await makeBench({}, { env });
    await promisify(execFile)('mkfifo', [bench.path('go')]);
    const running = bench.call('bash', {
      command: "printf 'first \\xf0\\x9f'; read line < go; printf '\\x98\\x80 last'",
    });
    await bench.heard('first ');
    expect(bench.emitted.join('')).toBe('first ');
    await promisify(execFile)('sh', ['-c', 'echo go > go'], { cwd: bench.root });
    expect((await running).output).toBe('first 😀 last');
    expect(bench.emitted.join('')).toBe('first 😀 last');
  });

  it('has its input closed', async () => {
    const bench = await makeBench({}, { env });
    expect((await bench.call('bash', { command: 'cat; echo end' })).output).toBe('end\n');
  });

  it('is a new shell each time', async () => {
    const bench = await makeBench({ 'd/x': '' }, { env });
    await bench.call('bash', { command: 'cd d; X=1' });
    expect((await bench.call('bash', { command: 'pwd; echo "[$X]"' })).output).toBe(`${bench.root}\n[]\n`);
  });

  it('keeps a bounded part of endless output, its two ends', async () => {
    const bench = await makeBench({}, { env });
    const { output } = await bench.call('bash', { command: 'seq 1 400000; echo finished' });
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(MAX_TOOL_OUTPUT_BYTES);
    expect(output).toMatch(/^1\n2\n.*bytes of output were cut here.*400000\nfinished\n$/s);
    const emitted = bench.emitted.join('');
    expect(emitted.length).toBeLessThan(1_200_000);
    expect(emitted).toContain('further output is not shown');
  });

  it.each<[string, object]>([
    ['no command', {}],
    ['an empty command', { command: '' }],
    ['a timeout above 600,000 ms', { command: 'true', timeout: 600_001 }],
    ['a NUL', { command: 'echo a\0b' }],
  ])('refuses %s', async (_, args) => {
    const bench = await makeBench({}, { env });
    expect((await bench.call('bash', { ...args })).isError).toBe(true);
  });

  it('is judged by its command and changes something', () => {
    const bash = toolNamed('bash');
    expect(bash.subject?.({ command: 'ls', timeout: 1 })).toEqual({ kind: 'command', command: 'ls' });
    expect(bash).toMatchObject({ readOnly: false, idempotent: false });
  });

  it('can be wrapped into something that confines it', async () => {
    const wrapCommand = (argv: readonly string[], workspace: string) => ['env', `CONFINED=${workspace}`, ...argv];
    const bench = await makeBench({}, { env, wrapCommand });
    expect((await bench.call('bash', { command: 'echo "$CONFINED"' })).output).toBe(`${bench.root}\n`);
  });

  it.each([{ gives: [] }, { gives: [''] }, { gives: ['env', 1] }, { gives: 'bash' }, { gives: undefined }])(
    'is not run at all where the wrapper gives back $gives',
    async ({ gives }: { readonly gives: unknown }) => {
      const wrapCommand = () => gives as string[]; // on purpose: a caller may come without types
      const bench = await makeBench({}, { env, wrapCommand });
      const reply = await bench.call('bash', { command: 'touch here' });
      expect(reply).toMatchObject({ isError: true, output: expect.stringContaining('wrapCommand gave back no list') });
      expect(await readdir(bench.root)).toEqual([]);
    },
  );

  it('is not run where the wrapper throws', async () => {
    const wrapCommand = () => {
      throw new Error('no sandbox here');
    };
    const bench = await makeBench({}, { env, wrapCommand });
    const reply = await bench.call('bash', { command: 'touch here' });
    expect(reply).toMatchObject({ isError: true, output: 'no sandbox here' });
    expect(await readdir(bench.root)).toEqual([]);
  });

  it('works in a workspace that is a link', async () => {
    const bench = await makeBench({}, { env });
    await symlink(bench.root, `${bench.outside}/link`);
    Object.assign(bench.context, { workspace: `${bench.outside}/link` });
    expect((await bench.call('bash', { command: 'pwd' })).output).toBe(`${bench.root}\n`);
  });

  it('fails where the workspace is missing', async () => {
    const bench = await makeBench({}, { env });
    Object.assign(bench.context, { workspace: `${bench.root}/none` });
    expect(await bench.call('bash', { command: 'pwd' })).toMatchObject({
      isError: true,
      output: expect.stringContaining('does not exist'),
    });
  });
});

it('a command gets only the variables of the allow list', async () => {
  const secrets = {
    OPENAI_API_KEY: 'sk-secret',
    AWS_SECRET_ACCESS_KEY: 'secret',
    GITHUB_TOKEN: 'secret',
    NODE_OPTIONS: '--no-warnings',
    BASH_ENV: '/dev/null',
    ENV: '/dev/null',
    LD_PRELOAD: '',
    GIT_DIR: 'x',
    GIT_SSH_COMMAND: 'x',
    SSH_AUTH_SOCK: 'x',
    PYTHONPATH: 'x',
    'BASH_FUNC_ls%%': '() { echo hijacked; }',
  };
  const allowed = {
    PATH: process.env.PATH,
    HOME: '/home/x',
    LANG: 'C',
    LC_ALL: 'C',
    TERM: 'dumb',
    TZ: 'UTC',
    TMPDIR: '/tmp',
    USER: 'x',
    SHELL: '/bin/sh',
  };
  const bench = await makeBench({}, { env: { ...secrets, ...allowed } });
  const { output } = await bench.call('bash', { command: 'env' });
  const names = output
    .split('\n')
    .map((line) => line.split('=')[0] ?? '')
    .filter((name) => name !== '');
  expect(names.sort()).toEqual(
    [...Object.keys(allowed), 'PWD', 'SHLVL', '_', ...(names.includes('OLDPWD') ? ['OLDPWD'] : [])].sort(),
  );
  expect(output).not.toContain('secret');
});

describe('the end of a command', () => {
  it('by abort is the end of all its processes', async () => {
    const bench = await makeBench({}, { env });
    const { ended } = await lifeline(bench);
    const running = bench.call('bash', { command: 'exec 3> life; sleep 300 & echo "child=$! self=$$;"; wait' });
    await bench.heard(';');
    const pids = ['child', 'self'].map((name) => numberIn(bench.emitted.join(''), name));
    bench.abort.abort('cancelled');
    await expect(running).rejects.toBe('cancelled');
    await ended;
    await Promise.all(pids.map(death));
  });

  it('by its time limit tells so, with the output so far', async () => {
    const bench = await makeBench({}, { env });
    const { ended } = await lifeline(bench);
    const running = bench.call('bash', { command: 'exec 3> life; echo begun; sleep 300', timeout: 5_000 });
    await bench.heard('begun');
    await bench.clock.advance(4_999);
    expect(bench.emitted.join('')).toBe('begun\n');
    await bench.clock.advance(1);
    expect(await running).toEqual({ output: 'begun\nStopped after 5000 ms.', isError: true });
    await ended;
  });

  it('comes 2 seconds later for processes that do not listen', async () => {
    const bench = await makeBench({}, { env });
    const { ended } = await lifeline(bench);
    const command = "trap '' TERM; exec 3> life; echo begun; while :; do read -t 1 x <> life || :; done";
    const running = bench.call('bash', { command, timeout: 1_000 });
    await bench.heard('begun');
    await bench.clock.advance(1_000);
    await bench.clock.advance(2_000);
    expect(await running).toMatchObject({ isError: true, output: expect.stringContaining('Stopped after 1000 ms') });
    await ended;
  });

  it('is not held up by a background process that holds the pipe, and ends that one too', async () => {
    const bench = await makeBench({}, { env });
    const { ended } = await lifeline(bench);
    const reply = await bench.call('bash', { command: 'exec 3> life; sleep 300 & echo "child=$!"' });
    expect(reply).toMatchObject({ exitCode: 0, isError: false });
    await ended;
    await death(numberIn(reply.output, 'child'));
  });

  it('ends background processes that hold no pipe', async () => {
    const bench = await makeBench({}, { env });
    const { ended } = await lifeline(bench);
    const reply = await bench.call('bash', {
      // It has the lifeline in its hand before the shell ends.
      command:
        'mkfifo begun && { (exec 3> life; echo > begun; exec sleep 300) > /dev/null 2>&1 & } && echo "child=$!" && read < begun',
    });
    expect(reply.exitCode).toBe(0);
    await ended;
    await death(numberIn(reply.output, 'child'));
  });

  it.runIf(process.platform === 'linux')('is not held up by a process that left the group', async () => {
    const bench = await makeBench({}, { env });
    const running = bench.call('bash', { command: 'setsid sleep 300 & echo "child=$!;"' });
    await bench.heard(';');
    let isOver = false;
    void running.finally(() => {
      isOver = true;
    });
    while (!isOver) await bench.clock.advance(2_000); // as soon as the shell has ended, the 2 seconds run
    const child = numberIn((await running).output, 'child');
    process.kill(child, 'SIGKILL'); // by its own id: it was started by this test and is out of the group's reach
  });

  it('leaves no timer', async () => {
    const bench = await makeBench({}, { env });
    await bench.call('bash', { command: 'echo x' });
    expect(bench.clock.pending).toBe(0);
  });
});
