import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { deferred, makeBench, toolNamed } from './bench.js';

const lines = (output: string) => output.split('\n');

describe('glob', () => {
  it('finds files by name, relative to the workspace, in order', async () => {
    const bench = await makeBench({ 'b.ts': '', 'a/z.ts': '', 'a/b/c.ts': '', 'a/x.js': '', '.dot/d.ts': '' });
    expect(lines((await bench.call('glob', { pattern: '**/*.ts' })).output)).toEqual([
      '.dot/d.ts',
      'a/b/c.ts',
      'a/z.ts',
      'b.ts',
    ]);
    expect(lines((await bench.call('glob', { pattern: '*.{ts,js}' })).output)).toEqual(['b.ts']);
  });

  it('takes the pattern relative to its path', async () => {
    const bench = await makeBench({ 'a/b/c.ts': '', 'a/c.ts': '', 'c.ts': '' });
    expect((await bench.call('glob', { pattern: 'b/*.ts', path: 'a' })).output).toBe('a/b/c.ts');
    expect((await bench.call('glob', { pattern: '*.ts', path: bench.path('a') })).output).toBe('a/c.ts');
  });

  it('says when nothing is found: that is no failure', async () => {
    const bench = await makeBench({ 'a.ts': '' });
    for (const pattern of ['*.none', 'none/**/*.ts', 'a.ts/*']) {
      expect(await bench.call('glob', { pattern })).toEqual({ output: 'No files found.', isError: false });
    }
  });

  it('leaves out what .gitignore files name, nested ones too, and .git', async () => {
    const bench = await makeBench({
      '.gitignore': 'node_modules/\n*.log\n/top.txt\n',
      'node_modules/p/i.js': '',
      'a.log': '',
      'top.txt': '',
      'sub/.gitignore': '!keep.log\nlocal.txt\n',
      'sub/keep.log': '',
      'sub/other.log': '',
      'sub/local.txt': '',
      'sub/top.txt': '',
      'local.txt': '',
      '.git/config': '',
      'sub/.git/config': '',
    });
    expect(lines((await bench.call('glob', { pattern: '**' })).output)).toEqual([
      '.gitignore',
      'local.txt',
      'sub/.gitignore',
      'sub/keep.log',
      'sub/top.txt',
    ]);
  });

  it('heeds the rules of folders above its path, save of an ignored folder that was named', async () => {
    const bench = await makeBench({
      '.gitignore': 'out/\n*.log\n',
      'src/a.log': '',
      'src/a.ts': '',
      'out/lib/a.js': '',
      'out/lib/out/b.js': '',
    });
    expect((await bench.call('glob', { pattern: '**', path: 'src' })).output).toBe('src/a.ts');
    expect(lines((await bench.call('glob', { pattern: '**', path: 'out/lib' })).output)).toEqual([
      'out/lib/a.js',
      'out/lib/out/b.js',
    ]);
    expect(lines((await bench.call('glob', { pattern: 'out/**' })).output)).toEqual([
      'out/lib/a.js',
      'out/lib/out/b.js',
    ]);
    expect(lines((await bench.call('glob', { pattern: '**' })).output)).toEqual(['.gitignore', 'src/a.ts']);
  });

  it('shows links but never follows them', async () => {
    const bench = await makeBench({ 'dir/a.txt': '' });
    await symlink('../outside', bench.path('out'));
    await symlink('.', bench.path('dir/round'));
    expect(lines((await bench.call('glob', { pattern: '**' })).output)).toEqual(['dir/a.txt', 'dir/round', 'out']);
    expect((await bench.call('glob', { pattern: 'out/*' })).output).toBe('No files found.');
  });

  it.each(['/etc/*', '../*', 'a/../../*', '{..,a}/*', 'C:/x', '\\..\\x'])(
    'refuses the pattern %s, which leaves the workspace',
    async (pattern) => {
      const bench = await makeBench();
      expect(await bench.call('glob', { pattern })).toMatchObject({
        isError: true,
        output: expect.stringContaining('must stay inside'),
      });
    },
  );

  it.each(['..', '/etc', 'out', 'none', 'a.txt'])('refuses the path %s', async (path) => {
    const bench = await makeBench({ 'a.txt': '' });
    await symlink('../outside', bench.path('out'));
    expect((await bench.call('glob', { pattern: '*', path })).isError).toBe(true);
  });

  it('shows at most 1,000 files and says so', async () => {
    const bench = await makeBench();
    await mkdir(bench.path('d'));
    await Promise.all(
      Array.from({ length: 1_001 }, (_, at) => writeFile(bench.path(`d/f${String(at).padStart(4, '0')}`), '')),
    );
    const found = lines((await bench.call('glob', { pattern: '**/f*' })).output);
    expect(found).toHaveLength(1_001);
    expect(found[999]).toBe('d/f0999');
    expect(found[1_000]).toContain('only the first 1000');
  });

  it('stops at its time limit, and leaves neither timer nor listener', async () => {
    const bench = await makeBench(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`d${at}/f`, ''])), {
      searchTimeoutMs: 500,
    });
    const set = deferred<void>();
    const { clock } = bench;
    const setTimeout = clock.setTimeout.bind(clock);
    clock.setTimeout = (callback, delayMs) => {
      set.resolve();
      return setTimeout(callback, delayMs);
    };
    const searching = bench.call('glob', { pattern: '**' });
    await set.promise;
    await clock.advance(500);
    expect(await searching).toMatchObject({ isError: true, output: expect.stringContaining('Stopped after 500 ms') });
    await bench.call('glob', { pattern: '*' });
    expect(clock.pending).toBe(0);
  });

  it('is judged by its path and changes nothing', () => {
    const glob = toolNamed('glob');
    expect(glob.subject?.({ pattern: '*', path: 'src' })).toEqual({ kind: 'path', path: 'src' });
    expect(glob).toMatchObject({ readOnly: true, idempotent: true });
  });
});
