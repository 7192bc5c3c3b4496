import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeBench, toolNamed } from './bench.js';

describe('ls', () => {
  it('shows folders with /, links with @, files with their size, in order', async () => {
    const bench = await makeBench({ 'b.txt': '12345', 'a/x': '', '.hidden': '', 'B.txt': 'é' });
    await symlink('../outside', bench.path('link'));
    await promisify(execFile)('mkfifo', [bench.path('pipe')]);
    expect(await bench.call('ls', {})).toEqual({
      output: '.hidden (0)\nB.txt (2)\na/\nb.txt (5)\nlink@\npipe',
      isError: false,
    });
    expect((await bench.call('ls', { path: 'a' })).output).toBe('x (0)');
  });

  it('says that a folder is empty', async () => {
    const bench = await makeBench();
    await mkdir(bench.path('dir'));
    expect((await bench.call('ls', { path: 'dir/' })).output).toBe('(empty folder)');
  });

  it('shows at most 1,000 entries and says how many more there are', async () => {
    const bench = await makeBench();
    await Promise.all(
      Array.from({ length: 1_003 }, (_, at) => writeFile(bench.path(`f${String(at).padStart(4, '0')}`), '')),
    );
    const lines = (await bench.call('ls', {})).output.split('\n');
    expect(lines).toHaveLength(1_001);
    expect(lines[999]).toBe('f0999 (0)');
    expect(lines[1_000]).toContain('3 more');
  });

  it.each<[string, string]>([
    ['..', 'outside the workspace'],
    ['/', 'outside the workspace'],
    ['out', 'outside the workspace'],
    ['a.txt', 'is a file'],
    ['none', 'does not exist'],
    ['a\0', 'NUL'],
  ])('refuses %j', async (path, problem) => {
    const bench = await makeBench({ 'a.txt': '' });
    await symlink('../outside', bench.path('out'));
    const reply = await bench.call('ls', { path });
    expect(reply).toMatchObject({ isError: true, output: expect.stringContaining(problem) });
    expect(reply.output).not.toContain('secret.txt');
  });

  it('is judged by its path, the workspace by default', async () => {
    const ls = toolNamed('ls');
    const checked = await ls.input['~standard'].validate({});
    expect(ls.subject?.(checked.issues ? undefined : checked.value)).toEqual({ kind: 'path', path: '.' });
  });
});
