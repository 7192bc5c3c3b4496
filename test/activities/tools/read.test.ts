import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MAX_TOOL_OUTPUT_BYTES } from '../../../src/domain/limits.js';
import { makeBench, SECRET, toolNamed } from './bench.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('what read shows', () => {
  it('is each line with its number', async () => {
    const bench = await makeBench({ 'a/b.txt': 'one\ntwo\n\nfour' });
    expect(await bench.call('read', { file_path: 'a/b.txt' })).toEqual({
      output: '     1\tone\n     2\ttwo\n     3\t\n     4\tfour',
      isError: false,
    });
  });

  it('is without byte order mark and carriage returns', async () => {
    const bench = await makeBench({ 'a.txt': '\ufeffone\r\ntwo\r\n' });
    expect((await bench.call('read', { file_path: 'a.txt' })).output).toBe('     1\tone\n     2\ttwo');
  });

  it('of an empty file says so', async () => {
    const bench = await makeBench({ 'a.txt': '' });
    expect(await bench.call('read', { file_path: 'a.txt' })).toEqual({ output: '(a.txt is empty)', isError: false });
  });

  it('is a window, and how to go on', async () => {
    const bench = await makeBench({ 'a.txt': Array.from({ length: 10 }, (_, line) => `l${line + 1}\n`).join('') });
    expect((await bench.call('read', { file_path: 'a.txt', offset: 3, limit: 2 })).output).toBe(
      '     3\tl3\n     4\tl4\n(lines 3 to 4 of 10; go on with offset 5)',
    );
    expect((await bench.call('read', { file_path: 'a.txt', offset: 9, limit: 2 })).output).toBe(
      '     9\tl9\n    10\tl10',
    );
  });

  it('ends after 2,000 lines', async () => {
    const bench = await makeBench({ 'a.txt': 'x\n'.repeat(2_001) });
    const { output } = await bench.call('read', { file_path: 'a.txt' });
    expect(output.split('\n')).toHaveLength(2_001);
    expect(output).toMatch(/ {2}2000\tx\n\(lines 1 to 2000 of 2001; go on with offset 2001\)$/);
  });

  it('ends below the size at which outputs are cut', async () => {
    const bench = await makeBench({ 'a.txt': `${'x'.repeat(1_000)}\n`.repeat(500) });
    const { output } = await bench.call('read', { file_path: 'a.txt' });
    expect(output.length).toBeLessThanOrEqual(MAX_TOOL_OUTPUT_BYTES);
    expect(output).not.toContain('were cut here');
    expect(output).toMatch(/\(lines 1 to (\d+) of 500; go on with offset \d+\)$/);
  });

  it('is at most 2,000 characters of a line, never half a character', async () => {
    const bench = await makeBench({ 'a.txt': `${'x'.repeat(1_999)}😀${'y'.repeat(500_000)}\r\nnext\n` });
    const { output } = await bench.call('read', { file_path: 'a.txt' });
    expect(output).toBe(`     1\t${'x'.repeat(1_999)} [... 500002 more characters]\n     2\tnext`);
  });

  it('is right where characters and line ends fall between two chunks', async () => {
    const text = `${'語'.repeat(600)}\r\n`.repeat(1_000);
    const bench = await makeBench({ 'a.txt': text });
    const { output } = await bench.call('read', { file_path: 'a.txt', offset: 995 });
    expect(output).not.toContain('\ufffd');
    expect(output).toBe(
      Array.from({ length: 6 }, (_, at) => `${String(995 + at).padStart(6)}\t${'語'.repeat(600)}`).join('\n'),
    );
  });

  it('past the end is a failure that tells how many lines there are', async () => {
    const bench = await makeBench({ 'a.txt': 'one\n' });
    expect(await bench.call('read', { file_path: 'a.txt', offset: 2 })).toEqual({
      output: 'a.txt has only 1 lines; line 2 does not exist.',
      isError: true,
    });
  });

  it('of a binary file is a description', async () => {
    const bench = await makeBench({ 'a.png': Buffer.from('89504e470d0a1a0a0000', 'hex'), 'a.bin': Buffer.alloc(10) });
    expect((await bench.call('read', { file_path: 'a.png' })).output).toBe(
      'a.png is a binary file (PNG image) of 10 bytes; not shown.',
    );
    expect((await bench.call('read', { file_path: 'a.bin' })).output).toBe(
      'a.bin is a binary file of 10 bytes; not shown.',
    );
  });

  it('of a very large file is a hint', async () => {
    const bench = await makeBench({ 'a.log': 'x' });
    await truncate(bench.path('a.log'), 50 * 1024 * 1024 + 1);
    expect(await bench.call('read', { file_path: 'a.log' })).toMatchObject({
      isError: true,
      output: expect.stringContaining('grep'),
    });
  });
});

it('read remembers the hash of the whole file by its real path', async () => {
  const bench = await makeBench({ 'dir/a.txt': 'one\ntwo\n' });
  await symlink('dir', bench.path('link'));
  await bench.call('read', { file_path: 'link/a.txt', limit: 1 });
  expect([...bench.context.filesSeen]).toEqual([['dir/a.txt', sha256('one\ntwo\n')]]);
});

it('read is judged by its path and changes nothing', () => {
  const read = toolNamed('read');
  expect(read.subject?.({ file_path: 'a/../b', offset: 1, limit: 1 })).toEqual({ kind: 'path', path: 'a/../b' });
  expect(read).toMatchObject({ readOnly: true, idempotent: true });
});

describe('read stays in the workspace', () => {
  it('takes an absolute path inside', async () => {
    const bench = await makeBench({ 'a.txt': 'one' });
    expect((await bench.call('read', { file_path: bench.path('a.txt') })).output).toContain('one');
  });

  it('takes an absolute path through a link to the workspace when the workspace was named so', async () => {
    const bench = await makeBench({ 'a.txt': 'one' });
    await symlink(bench.root, `${bench.outside}/link`);
    Object.assign(bench.context, { workspace: `${bench.outside}/link` });
    expect((await bench.call('read', { file_path: `${bench.outside}/link/a.txt` })).output).toContain('one');
    expect((await bench.call('read', { file_path: bench.path('a.txt') })).output).toContain('one');
  });

  it.each([
    '../outside/secret.txt',
    'dir/../../outside/secret.txt',
    'link.txt',
    'links/secret.txt',
    'chain/secret.txt',
    '/etc/passwd',
    '../workspace-2/secret.txt',
  ])('refuses %s', async (file_path) => {
    const bench = await makeBench({ 'dir/x': '' });
    await symlink(`${bench.outside}/secret.txt`, bench.path('link.txt'));
    await symlink('../outside', bench.path('links'));
    await symlink('links', bench.path('chain'));
    await mkdir(`${bench.root}-2`);
    await writeFile(`${bench.root}-2/secret.txt`, SECRET);
    const reply = await bench.call('read', { file_path });
    expect(reply).toMatchObject({ isError: true, output: expect.stringContaining('outside the workspace') });
    expect(reply.output).not.toContain(SECRET);
  });

  it('refuses an absolute path outside', async () => {
    const bench = await makeBench();
    expect(await bench.call('read', { file_path: `${bench.outside}/secret.txt` })).toMatchObject({ isError: true });
  });

  it('follows links that stay inside', async () => {
    const bench = await makeBench({ 'dir/a.txt': 'one', '..b/..c': 'two' });
    await symlink('dir/a.txt', bench.path('link.txt'));
    expect((await bench.call('read', { file_path: 'link.txt' })).output).toContain('one');
    expect((await bench.call('read', { file_path: 'dir/../..b/..c' })).output).toContain('two');
  });

  it('cannot judge a hard link: that is the known limit', async () => {
    const bench = await makeBench();
    await link(`${bench.outside}/secret.txt`, bench.path('hard.txt'));
    expect((await bench.call('read', { file_path: 'hard.txt' })).isError).toBe(false);
  });
});

describe('read takes only regular files', () => {
  it.each<[string, string, string]>([
    ['a folder', 'dir', 'Use ls'],
    ['a missing file', 'none.txt', 'none.txt does not exist.'],
    ['a file below a file', 'a.txt/b', 'does not exist'],
    ['a link that leads nowhere', 'dangling', 'does not exist'],
    ['a link to itself', 'loop', 'too many symbolic links'],
    ['a name with NUL', 'a\0.txt', 'NUL'],
    ['an empty name', '', 'empty'],
    ['a name that is too long', 'x'.repeat(300), 'too long'],
  ])('not %s', async (_, file_path, problem) => {
    const bench = await makeBench({ 'a.txt': 'one', 'dir/x': '' });
    await symlink('nowhere', bench.path('dangling'));
    await symlink('loop', bench.path('loop'));
    const reply = await bench.call('read', { file_path });
    expect(reply).toMatchObject({ isError: true, output: expect.stringContaining(problem) });
    expect(reply.output).not.toContain('/proc/');
  });

  it('not a FIFO, and does not wait for its other end', async () => {
    const bench = await makeBench();
    await promisify(execFile)('mkfifo', [bench.path('pipe')]);
    expect(await bench.call('read', { file_path: 'pipe' })).toMatchObject({
      isError: true,
      output: expect.stringContaining('not a regular file'),
    });
  });

  it('not a socket', async () => {
    const bench = await makeBench();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(bench.path('sock'), resolve));
    const reply = await bench.call('read', { file_path: 'sock' });
    await new Promise((resolve) => server.close(resolve));
    expect(reply).toMatchObject({ isError: true, output: expect.stringContaining('not a regular file') });
  });

  it('not a device that a link leads to', async () => {
    const bench = await makeBench();
    await symlink('/dev/zero', bench.path('zero'));
    expect(await bench.call('read', { file_path: 'zero' })).toMatchObject({ isError: true });
  });
});
