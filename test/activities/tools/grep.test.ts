import { chmod, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { findRipgrep } from '../../../src/activities/tools/search-with-ripgrep.js';
import { needs } from '../../support/needs.js';
import { deferred, makeBench, SECRET, toolNamed } from './bench.js';

const engines: [string, string | false][] = [
  ['without rg', false],
  ['with rg', (await findRipgrep(process.env.PATH)) ?? 'rg'],
];
const lines = (output: string) => output.split('\n');

describe.each(engines)('grep %s', (_, ripgrep) => {
  beforeEach(() => {
    if (ripgrep !== false) needs('rg');
  });
  const bench = (files: Record<string, string | Buffer> = {}) => makeBench(files, { ripgrep });

  it('shows path, line number and line of each match, in the order of the paths', async () => {
    const { call } = await bench({ 'b.txt': 'x\nfoo 1\n\nfoo 2', 'a/z.txt': 'foo\r\nbar\r\n', 'a/b/c.txt': 'a foo' });
    expect(await call('grep', { pattern: 'foo' })).toEqual({
      output: 'a/b/c.txt:1:a foo\na/z.txt:1:foo\nb.txt:2:foo 1\nb.txt:4:foo 2',
      isError: false,
    });
  });

  it('says when nothing matches: that is no failure', async () => {
    const { call } = await bench({ 'a.txt': 'one' });
    expect(await call('grep', { pattern: 'two' })).toEqual({ output: 'No matches found.', isError: false });
  });

  it.each([
    ['^foo$', ['foo']],
    ['^$', ['']],
    ['fo+', ['foo', 'a foo bar', 'fooo()']],
    ['\\bfoo\\b', ['foo', 'a foo bar']],
    ['foo|BAR', ['foo', 'a foo bar', 'fooo()', 'BAR']],
    ['o\\(\\)', ['fooo()']],
    ['^[A-Z]+$', ['BAR']],
    ['\\d{2,}', ['n 123']],
    ['\\s\\w{3}$', ['a foo bar', 'n 123']],
    ['(?i)bar', ['a foo bar', 'BAR']],
    ['(?P<x>n) ', ['n 123']],
    ['[[:digit:]]+', ['n 123']],
    ['f\\-?oo$', ['foo']],
    ['[^a-z]$', ['fooo()', 'BAR', 'n 123', '😀é']],
    ['^..$', ['😀é']],
    ['é', ['😀é']],
    ['(a)(?= foo)', ['a foo bar']],
    ['(o)\\1\\1', ['fooo()']],
  ])('reads the regular expression %s', async (pattern, expected) => {
    const { call } = await bench({ 'a.txt': 'foo\n\na foo bar\nfooo()\nBAR\nn 123\n😀é\n' });
    const found = lines((await call('grep', { pattern })).output).map((line) => line.replace(/^a\.txt:\d+:/, ''));
    expect(found).toEqual(expected);
  });

  it('lets cases match each other when told to', async () => {
    const { call } = await bench({ 'a.txt': 'Foo\nÉ\n' });
    expect((await call('grep', { pattern: 'FOO' })).output).toBe('No matches found.');
    expect((await call('grep', { pattern: 'FOO|é', ignore_case: true })).output).toBe('a.txt:1:Foo\na.txt:2:É');
  });

  it('finds what is in many files, all in order', async () => {
    const files = Array.from({ length: 37 }, (_, at) => `d${at % 3}/f${String(at).padStart(2, '0')}`);
    const { call } = await bench(Object.fromEntries(files.map((path, at) => [path, at % 5 ? `x ${path}` : 'y'])));
    const expected = files.filter((_, at) => at % 5).sort();
    expect(lines((await call('grep', { pattern: 'x' })).output)).toEqual(expected.map((path) => `${path}:1:x ${path}`));
  });

  it('shows lines around the matches, each once, groups parted by --', async () => {
    const { call } = await bench({ 'a.txt': '1\n2 x\n3\n4 x\n5\n6\n7\n8 x\n', 'b.txt': 'x\n2\n' });
    expect(lines((await call('grep', { pattern: 'x', context: 1 })).output)).toEqual([
      ...['a.txt-1-1', 'a.txt:2:2 x', 'a.txt-3-3', 'a.txt:4:4 x', 'a.txt-5-5', '--'],
      ...['a.txt-7-7', 'a.txt:8:8 x', '--'],
      ...['b.txt:1:x', 'b.txt-2-2'],
    ]);
  });

  it('searches only files that the glob takes', async () => {
    const { call } = await bench({ 'a.ts': 'x', 'src/b.ts': 'x', 'src/c.js': 'x', 'lib/src/d.ts': 'x', '.e.ts': 'x' });
    const found = async (glob: string) =>
      lines((await call('grep', { pattern: 'x', glob })).output).map((line) => line.split(':')[0]);
    expect(await found('*.ts')).toEqual(['.e.ts', 'a.ts', 'lib/src/d.ts', 'src/b.ts']);
    expect(await found('src/*.ts')).toEqual(['src/b.ts']);
    expect(await found('**/src/*.{ts,js}')).toEqual(['lib/src/d.ts', 'src/b.ts', 'src/c.js']);
    expect(await found('!*.ts')).toEqual(['src/c.js']);
  });

  it('searches a folder or a single file when it is named', async () => {
    const { call } = await bench({ '.gitignore': 'a.txt\n', 'a.txt': 'x', 'd/a.txt': 'x', 'd/b.txt': 'x' });
    expect((await call('grep', { pattern: 'x', path: 'd' })).output).toBe('d/b.txt:1:x');
    expect((await call('grep', { pattern: 'x', path: 'a.txt' })).output).toBe('a.txt:1:x');
    expect((await call('grep', { pattern: 'x', path: './d/../d/' })).output).toBe('d/b.txt:1:x');
  });

  it('leaves out what .gitignore files name, and .git; looks into hidden files', async () => {
    const { call, root } = await bench({
      '.gitignore': 'node_modules\n*.log\n',
      'node_modules/a.js': 'x',
      'a.log': 'x',
      'pkg/.gitignore': '!b.log\n/out\n',
      'pkg/b.log': 'x',
      'pkg/out/c': 'x',
      'pkg/sub/d': 'x',
      'pkg/sub/node_modules/e': 'x',
      '.git/config': 'x',
      'pkg/.git/config': 'x',
      '.hidden/f': 'x',
      '.ignore': 'pkg\n',
    });
    await writeFile(`${root}/../.gitignore`, '*\n');
    expect(lines((await call('grep', { pattern: 'x' })).output)).toEqual([
      '.hidden/f:1:x',
      'pkg/b.log:1:x',
      'pkg/sub/d:1:x',
    ]);
    expect(lines((await call('grep', { pattern: 'x', path: 'pkg/sub' })).output)).toEqual(['pkg/sub/d:1:x']);
    expect(lines((await call('grep', { pattern: 'x', path: 'node_modules' })).output)).toEqual([
      'node_modules/a.js:1:x',
    ]);
  });

  it('leaves out binary and very large files', async () => {
    const { call, path } = await bench({ 'a.bin': Buffer.from('x\nfoo\n\0'), 'big.txt': 'foo\n', 'c.txt': 'foo' });
    await truncate(path('big.txt'), 10 * 1024 * 1024 + 1);
    expect((await call('grep', { pattern: 'foo' })).output).toBe('c.txt:1:foo');
    expect((await call('grep', { pattern: 'foo', path: 'a.bin' })).output).toBe('No matches found.');
  });

  it('shows at most 500 matches, and 500 characters of a line', async () => {
    const { call } = await bench({
      'a.txt': 'x\n'.repeat(400),
      'b.txt': 'x\n'.repeat(101),
      'c.txt': `${'y'.repeat(499)}😀${'z'.repeat(100_000)}\n`,
    });
    const found = lines((await call('grep', { pattern: 'x' })).output);
    expect(found).toHaveLength(501);
    expect(found[499]).toBe('b.txt:100:x');
    expect(found[500]).toContain('only the first 500 matches');
    expect((await call('grep', { pattern: 'yy' })).output).toBe(
      `c.txt:1:${'y'.repeat(499)} [... 100002 more characters]`,
    );
  });

  it.each(['--version', '-f/etc/passwd', '--pre=sh', '-e'])(
    'takes %s for a pattern and for a path, never for an option',
    async (text) => {
      const { call } = await bench({ 'a.txt': `say ${text}\n` });
      expect((await call('grep', { pattern: text })).output).toBe(`a.txt:1:say ${text}`);
      expect((await call('grep', { pattern: 'x', path: text })).isError).toBe(true);
      const { call: other, path } = await bench();
      await mkdir(path('-d'));
      await writeFile(path('-d/-x'), 'foo');
      expect((await other('grep', { pattern: 'foo', path: '-d' })).output).toBe('-d/-x:1:foo');
      expect((await other('grep', { pattern: 'foo', glob: '-x' })).output).toBe('-d/-x:1:foo');
    },
  );

  it('refuses a pattern that is no regular expression', async () => {
    const { call } = await bench({ 'a.txt': 'x' });
    for (const pattern of ['(', '[a', '*', 'a{2,1}']) {
      expect(await call('grep', { pattern })).toMatchObject({
        isError: true,
        output: expect.stringContaining('not a valid regular expression'),
      });
    }
  });

  it.each(['..', '/etc', 'out', 'out.txt', '../outside/secret.txt', 'none', 'a\0'])(
    'refuses the path %j',
    async (path) => {
      const { call, path: at } = await bench();
      await symlink('../outside', at('out'));
      await symlink('../outside/secret.txt', at('out.txt'));
      const reply = await call('grep', { pattern: SECRET, path });
      expect(reply.isError).toBe(true);
      expect(reply.output).not.toContain(`:${SECRET}`);
    },
  );

  it('does not follow links below its path', async () => {
    const { call, path } = await bench({ 'a.txt': 'one' });
    await symlink('../outside', path('out'));
    await symlink('../outside/secret.txt', path('out.txt'));
    await symlink('a.txt', path('b.txt'));
    expect((await call('grep', { pattern: `${SECRET}|one` })).output).toBe('a.txt:1:one');
  });

  it('leaves neither timer nor listener', async () => {
    const { call, clock } = await bench({ 'a.txt': 'one' });
    await call('grep', { pattern: 'one' });
    await call('grep', { pattern: '(' });
    expect(clock.pending).toBe(0);
  });
});

it('a regular expression that would run for ever is stopped at the time limit, and never blocks anyone else', async () => {
  const bench = await makeBench({ 'a.txt': 'first\n', 'b.txt': `${'a'.repeat(60)}!\n`, 'c.txt': 'first\n' });
  const timerSet = deferred<void>();
  const setTimeout = bench.clock.setTimeout.bind(bench.clock);
  bench.clock.setTimeout = (callback, delayMs) => {
    timerSet.resolve();
    return setTimeout(callback, delayMs);
  };
  const searching = bench.call('grep', { pattern: '^(a+)+$|first' });
  await timerSet.promise;
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve)); // others run meanwhile
  await bench.clock.advance(20_000);
  expect(await searching).toMatchObject({ isError: true, output: expect.stringContaining('Stopped after 20000 ms') });
});

it('an abort ends a search in the middle of a regular expression', async () => {
  const bench = await makeBench({ 'b.txt': `${'a'.repeat(60)}!\n` });
  const searching = bench.call('grep', { pattern: '^(a+)+$' });
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  bench.abort.abort('cancelled');
  await expect(searching).rejects.toBe('cancelled');
});

it('grep is judged by its path, the workspace by default, and changes nothing', async () => {
  const grep = toolNamed('grep');
  const checked = await grep.input['~standard'].validate({ pattern: 'x' });
  expect(grep.subject?.(checked.issues ? undefined : checked.value)).toEqual({ kind: 'path', path: '.' });
  expect(grep).toMatchObject({ readOnly: true, idempotent: true });
});

describe('a program given as rg', () => {
  /** Notes how it was called, and says what it is told to. */
  async function withProgram(script: string, files: Record<string, string> = {}) {
    const bench = await makeBench();
    const program = `${bench.outside}/rg`;
    await writeFile(program, `#!/bin/sh\n(printf '%s\\n' "$@"; echo; env) > '${bench.outside}/called'\n${script}\n`);
    await chmod(program, 0o755);
    const searching = await makeBench(files, { ripgrep: program });
    return { ...searching, program, called: () => readFile(`${bench.outside}/called`, 'utf8') };
  }

  it('gets pattern and path so that they cannot be options, and an empty environment', async () => {
    const bench = await withProgram('', { '-dir/a.txt': '' });
    await bench.call('grep', { pattern: '--pre=evil', path: '-dir' });
    const called = await bench.called();
    const [args = '', env = ''] = called.split('\n\n');
    expect(lines(args)).toContain('--no-config');
    expect(lines(args).slice(-3)).toEqual(['--regexp=--pre=evil', '--', './-dir']);
    expect(
      lines(env)
        .map((line) => line.split('=')[0])
        .filter((name) => name && !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name)),
    ).toEqual([]);
  });

  it('is not believed: only lines of files in the workspace are shown, as they are there', async () => {
    const found = ['a.txt', '../outside/secret.txt', 'out/secret.txt', '.git/config', 'gone.txt', 'ignored.txt'].map(
      (path) => `printf './%s\\0001:planted\\n' ${path}`,
    );
    const bench = await withProgram(found.join('\n'), {
      'a.txt': 'true\n',
      '.git/config': 'git\n',
      'ignored.txt': 'x\n',
      '.gitignore': 'ignored.txt\n',
    });
    await symlink('../outside', bench.path('out'));
    expect((await bench.call('grep', { pattern: 'x' })).output).toBe('a.txt:1:true');
  });

  it('that fails or cannot be started is done without', async () => {
    for (const script of ['echo "unknown option" >&2; exit 2', 'kill -9 $$']) {
      const bench = await withProgram(script, { 'a.txt': 'one\n' });
      if (script.startsWith('kill')) await chmod(bench.program, 0o644);
      expect((await bench.call('grep', { pattern: 'one' })).output).toBe('a.txt:1:one');
    }
  });

  it('that goes on for ever is ended at the time limit', async () => {
    const bench = await withProgram("printf './a.txt\\0001:\\n./b.txt\\0001:\\n'; exec sleep 300", {
      'a.txt': 'one\n',
      'b.txt': '',
    });
    const timerSet = deferred<void>();
    const setTimeout = bench.clock.setTimeout.bind(bench.clock);
    bench.clock.setTimeout = (callback, delayMs) => {
      timerSet.resolve();
      return setTimeout(callback, delayMs);
    };
    const searching = bench.call('grep', { pattern: 'one' });
    await timerSet.promise;
    await bench.clock.advance(20_000);
    expect(await searching).toMatchObject({ isError: true, output: expect.stringContaining('Stopped after 20000 ms') });
  });

  it('is never looked for in a folder that is not absolute', async () => {
    const bench = await withProgram('');
    const folder = bench.program.slice(0, -'/rg'.length);
    expect(await findRipgrep(`.:bin::${folder}`)).toBe(bench.program);
    expect(await findRipgrep('.:bin')).toBeUndefined();
    expect(await findRipgrep(undefined)).toBeUndefined();
  });
});
