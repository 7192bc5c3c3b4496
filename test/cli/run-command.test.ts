import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { demo } from '../../src/cli/demo.js';
import { doctor } from '../../src/cli/doctor.js';
import { EXIT } from '../../src/cli/exit-code.js';
import { isInRange } from '../../src/cli/manifest.js';
import { monitor } from '../../src/cli/monitor.js';
import { resume } from '../../src/cli/resume.js';
import { run } from '../../src/cli/run.js';
import { runCommand } from '../../src/cli/run-command.js';
import { terminal } from '../../src/cli/terminal.js';
import { namesIn, tableOf } from '../docs/markdown.js';
import { freePort } from '../support/free-port.js';

const commands = { demo, run, resume, monitor, doctor };

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): boolean;
}

/** In this process: what the program prints, and its exit code. */
async function command(args: readonly string[]) {
  const printed = { stdout: '', stderr: '' };
  const code = await runCommand(args, streams(printed));
  return { code, ...printed };
}

function streams(printed: { stdout: string; stderr: string }, isTTY = false, env: Record<string, string> = {}) {
  const stream = (name: 'stdout' | 'stderr'): Stream => ({
    isTTY,
    write: (text) => {
      printed[name] += text;
      return true;
    },
  });
  const streams = { stdin: { isTTY }, stdout: stream('stdout'), stderr: stream('stderr'), env };
  return terminal(streams as never); // all that it uses of them
}

describe('a command line that is none', () => {
  it.each([
    [['run'], '<agent type> is missing'],
    [['run', 'explore'], '"<prompt>" is missing'],
    [['run', 'explore', 'Find', 'it'], '"it" is one argument too many'],
    [['run', 'nobody', 'Look.'], 'no agent definition "nobody"'],
    [['run', 'explore', 'Look.', '--config', 'nowhere.acl'], 'nowhere.acl'],
    [['run', 'explore', 'Look.', '--workspace', 'no/such/folder'], 'no/such/folder'],
    [['run', 'explore', 'Look.', '--colour'], '--colour'],
    [['run', 'explore', 'Look.', '--store', ''], '--store is empty'],
    [['fly'], 'there is no command "fly"; there are demo, run, resume, monitor, doctor'],
    [['demo', 'all'], '"all" is one argument too many'],
    [['demo', '--store', 'kept'], '--store needs --crash beside it'],
    [['demo', '--crash', '--workspace', 'src'], '--workspace does not go with --crash'],
    [['demo', '--workspace', 'no/such/folder'], 'no/such/folder'],
    [['monitor'], '<store folder> is missing'],
    [['monitor', 'src'], 'there is no store in '],
  ])('ends with 2 and begins nothing for %j', async (args, problem) => {
    const { code, stdout, stderr } = await command(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(problem);
  });
});

describe('troupe', () => {
  it('without a command says what there is, and that this was none', async () => {
    const { code, stdout } = await command([]);
    expect(code).toBe(2);
    for (const name of Object.keys(commands)) expect(stdout).toContain(`  troupe ${name} `);
    expect(await command(['--help'])).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await command(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each(Object.keys(commands))('%s --help shows usage, options and examples', async (name) => {
    const { code, stdout } = await command([name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^troupe ${name} `));
    expect(stdout).toMatch(/\nOptions:\n {2}--/);
    expect(stdout).toMatch(new RegExp(`\nExamples:\n {2}npx troupe ${name}`));
  });
});

describe('the examples of --help', () => {
  it.each(Object.entries(commands))('of %s are command lines of it', async (name, { help }) => {
    const examples = help.slice(help.indexOf('Examples:')).matchAll(/npx troupe ((?:"[^"]*"|[^"\n&>])+)/g);
    const lines = [...examples].map(([, line = '']) => line.match(/[^\s"]+|(?<=")[^"]+(?=")/g) ?? []);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.some(([command]) => command === name)).toBe(true);
    for (const line of lines) expect([line, await command([...line, '--help'])]).toMatchObject([line, { code: 0 }]);
  });
});

describe('the page about the command line', async () => {
  const page = await readFile(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
  it('names every command, and every option with the commands that take it', () => {
    expect(tableOf(page, 'command').map(([name]) => namesIn(name)[0]?.split(' ')[0])).toEqual(Object.keys(commands));
    const told = tableOf(page, 'flag').flatMap(([flag, of]) =>
      namesIn(of).map((name) => `${namesIn(flag)[0]} of ${name}`),
    );
    const actual = Object.entries(commands).flatMap(([name, { options }]) =>
      Object.keys(options).map((option) => `--${option} of ${name}`),
    );
    expect(told.sort()).toEqual(actual.sort());
  });

  it('names every exit code', () => {
    expect(tableOf(page, 'exit code').map(([code]) => Number(code))).toEqual(Object.values(EXIT));
  });
});

describe('troupe doctor', () => {
  const examine = async (env: Record<string, string> = {}, args: readonly string[] = []) => {
    for (const name of ['OPENAI_API_KEY', 'NATS_URL']) vi.stubEnv(name, undefined);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return command(['doctor', ...args]).finally(() => vi.unstubAllEnvs());
  };

  it('finds here all that is needed, with versions, and says what is absent', async () => {
    const { code, stdout } = await examine();
    expect({ code, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, last: 'ready' });
    const [first] = stdout.split('\n');
    expect(first).toMatch(new RegExp(`^ok +Node +${process.versions.node.replaceAll('.', '\\.')} \\(>=20\\.19\\)$`));
    for (const name of ['rxjs', 'xstate', 'zod']) expect(stdout).toMatch(new RegExp(`^ok +${name} +\\d`, 'm'));
    expect(stdout).toMatch(/^absent +OPENAI_API_KEY +not set/m);
    expect(stdout).not.toContain('NATS');
  });

  it('never shows the key', async () => {
    const { stdout, stderr } = await examine({ OPENAI_API_KEY: 'sk-of-mine-123456' });
    expect(stdout).toMatch(/^ok +OPENAI_API_KEY +set$/m);
    expect(stdout + stderr).not.toContain('of-mine');
  });

  it('wants a folder that can be written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-doctor-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    expect((await examine({}, ['--workspace', folder])).stdout).toMatch(/^ok +workspace +.* can be written$/m);
    const missing = await examine({}, ['--workspace', join(folder, 'none')]);
    expect(missing.code).toBe(1);
    expect(missing.stdout).toMatch(/^NEEDED +workspace +ENOENT/m);
    expect(missing.stdout).toMatch(/\nnot ready: workspace\n$/);
  });

  it('wants programs as they are on PATH, and does without', async () => {
    const { code, stdout } = await examine({ PATH: '/nowhere' });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^absent +rg +not on PATH: grep searches by itself/m);
    expect(stdout).toMatch(/^absent +git +not on PATH/m);
  });

  it('wants NATS where it is configured, and shows no password of it', async () => {
    const port = await freePort();
    const gone = await examine({ NATS_URL: `nats://me:secret-word@127.0.0.1:${port}` });
    expect(gone.code).toBe(1);
    expect(gone.stdout).toMatch(new RegExp(`^NEEDED +NATS +127\\.0\\.0\\.1:${port}: connect ECONNREFUSED`, 'm'));
    expect(gone.stdout).not.toContain('secret-word');
    expect((await examine({ NATS_URL: 'nats://[' })).stdout).toMatch(/^NEEDED +NATS +NATS_URL is no address/m);

    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const there = await examine({ NATS_URL: `127.0.0.1:${port},127.0.0.1:1` });
    expect(there).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok +NATS .* takes connections$/m) });
  });
});

describe('ranges of versions', () => {
  it.each([
    ['5.33.3', '^5.28.0', true],
    ['5.27.9', '^5.28.0', false],
    ['6.0.0', '^5.28.0', false],
    ['6.0.0-alpha.1', '^5.28.0', false],
    ['0.7.2', '^0.7.2', true],
    ['0.8.0', '^0.7.2', false],
    ['20.19.0', '>=20.19', true],
    ['20.18.3', '>=20.19', false],
    ['22.1.0', '>=20.19', true],
    ['1.0.0', '1 || 2', false],
  ])('%s in %s: %s', (version, range, expected) => {
    expect(isInRange(version, range)).toBe(expected);
  });

  it('of our own package.json are all in a form that is known', async () => {
    const { engines, peerDependencies } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    for (const range of [engines.node, ...Object.values(peerDependencies)]) expect(range).toMatch(/^(\^|>=)[\d.]+$/);
  });
});

describe('what is printed', () => {
  const CLEAR = '\u001b[2J\u001b]0;title\u0007';

  it('cannot take over a screen; in a pipe an answer is what it is', () => {
    const [screen, pipe] = [
      { stdout: '', stderr: '' },
      { stdout: '', stderr: '' },
    ];
    for (const [printed, isTTY] of [
      [screen, true],
      [pipe, false],
    ] as const) {
      const { answer, say } = streams(printed, isTTY, { NO_COLOR: '1' });
      answer(`one\n\ttwo${CLEAR}`);
      say(`said${CLEAR}\r\nmore`);
    }
    expect(screen).toEqual({ stdout: 'one\n\ttwo\n', stderr: 'said more\n' });
    expect(pipe).toEqual({ stdout: `one\n\ttwo${CLEAR}\n`, stderr: 'said more\n' });
  });

  it('is one line, not longer than a reader can take in, and softer on a screen with colours only', () => {
    const printed = { stdout: '', stderr: '' };
    streams(printed, true, { TERM: 'xterm' }).say('x'.repeat(500), true);
    expect(printed.stderr).toBe(`\u001b[2m${'x'.repeat(200)}…\u001b[22m\n`);
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      printed.stderr = '';
      streams(printed, true, env).say('plain', true);
      expect(printed.stderr).toBe('plain\n');
    }
  });
});
