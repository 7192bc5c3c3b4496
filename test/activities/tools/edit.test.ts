import { chmod, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { makeBench, SECRET, toolNamed } from './bench.js';

const edit = (old_string: string, new_string: string, more = {}) => ({
  file_path: 'a.txt',
  old_string,
  new_string,
  ...more,
});

describe('edit', () => {
  it('replaces the one occurrence, without a read before', async () => {
    const bench = await makeBench({ 'a.txt': 'one\ntwo\nthree\n' });
    expect(await bench.call('edit', edit('two\nthr', '2\n3'))).toEqual({
      output: 'Replaced once in a.txt (first at line 2).',
      isError: false,
    });
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe('one\n2\n3ee\n');
  });

  it('takes both texts literally', async () => {
    const bench = await makeBench({ 'a.txt': 'a.c [x] abc' });
    await bench.call('edit', edit('a.c [x]', "$& $1 $$ $` $' \\n"));
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe("$& $1 $$ $` $' \\n abc");
  });

  it('keeps the mode', async () => {
    const bench = await makeBench({ 'a.txt': 'one' });
    await chmod(bench.path('a.txt'), 0o755);
    await bench.call('edit', edit('one', 'two'));
    expect((await stat(bench.path('a.txt'))).mode & 0o777).toBe(0o755);
  });

  it('replaces every occurrence when told to', async () => {
    const bench = await makeBench({ 'a.txt': 'x y x\nx' });
    expect((await bench.call('edit', edit('x', 'xx', { replace_all: true }))).output).toContain('3 times');
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe('xx y xx\nxx');
  });

  it('may delete a text', async () => {
    const bench = await makeBench({ 'a.txt': 'one two' });
    await bench.call('edit', edit(' two', ''));
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe('one');
  });

  it('keeps CRLF line ends and a byte order mark', async () => {
    const bench = await makeBench({ 'a.txt': '\ufeffone\r\ntwo\r\n' });
    expect((await bench.call('edit', edit('one\ntwo', 'one\n1.5\r\ntwo'))).isError).toBe(false);
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe('\ufeffone\r\n1.5\r\ntwo\r\n');
  });

  it('leaves line ends alone where a file mixes them', async () => {
    const bench = await makeBench({ 'a.txt': 'one\r\ntwo\nthree\n' });
    await bench.call('edit', edit('two\n', 'two\n2.5\n'));
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe('one\r\ntwo\n2.5\nthree\n');
  });

  it('is judged by its path and changes something', () => {
    const tool = toolNamed('edit');
    expect(tool.subject?.(edit('a', 'b'))).toEqual({ kind: 'path', path: 'a.txt' });
    expect(tool).toMatchObject({ readOnly: false, idempotent: false });
  });
});

describe('edit refuses', () => {
  it.each<[string, string, string, string]>([
    ['a text that is not there', 'three', 'x', 'was not found'],
    ['a text that is there twice', 'one', 'x', 'was found 2 times'],
    ['an empty text', '', 'x', 'old_string is empty'],
    ['to change nothing', 'two', 'two', 'are the same'],
    ['a text with line numbers, with a hint', '     2\ttwo', 'x', 'line numbers'],
    ['a text with other white space, with a hint', '  two  ', 'x', 'white space'],
  ])('%s', async (_, old_string, new_string, problem) => {
    const bench = await makeBench({ 'a.txt': 'one\ntwo\none\n' });
    const reply = await bench.call('edit', edit(old_string, new_string));
    expect(reply).toMatchObject({ isError: true, output: expect.stringContaining(problem) });
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe('one\ntwo\none\n');
  });

  it('a file that changed since this subagent read it, until it is read again', async () => {
    const bench = await makeBench({ 'a.txt': 'one\n' });
    await bench.call('read', { file_path: 'a.txt' });
    await writeFile(bench.path('a.txt'), 'one\nnews\n');
    expect(await bench.call('edit', edit('one', 'two'))).toMatchObject({
      isError: true,
      output: expect.stringContaining('changed since you last read it'),
    });
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe('one\nnews\n');
    await bench.call('read', { file_path: 'a.txt' });
    expect((await bench.call('edit', edit('one', 'two'))).isError).toBe(false);
  });

  it('what changed, by whatever link it was read', async () => {
    const bench = await makeBench({ 'a.txt': 'one\n' });
    await symlink('a.txt', bench.path('link.txt'));
    await bench.call('read', { file_path: 'link.txt' });
    await writeFile(bench.path('a.txt'), 'one!\n');
    expect((await bench.call('edit', edit('one', 'two'))).isError).toBe(true);
  });

  it('what is not UTF-8 text', async () => {
    const bench = await makeBench({ 'a.txt': Buffer.from([0x61, 0xe9, 0x62]) });
    expect(await bench.call('edit', edit('a', 'b'))).toMatchObject({
      isError: true,
      output: expect.stringContaining('UTF-8'),
    });
    expect(await readFile(bench.path('a.txt'))).toEqual(Buffer.from([0x61, 0xe9, 0x62]));
  });

  it('a missing file, a folder, and what lies outside or in .git', async () => {
    const bench = await makeBench({ '.git/config': 'one', 'dir/x': '' });
    await symlink('../outside/secret.txt', bench.path('link.txt'));
    for (const file_path of ['none.txt', 'dir', 'link.txt', '../outside/secret.txt', '.git/config']) {
      const old_string = file_path.includes('config') ? 'one' : SECRET;
      const reply = await bench.call('edit', { file_path, old_string, new_string: 'x' });
      expect(reply.isError, file_path).toBe(true);
    }
    expect(await readFile(`${bench.outside}/secret.txt`, 'utf8')).toBe(`${SECRET}\n`);
    expect(await readFile(bench.path('.git/config'), 'utf8')).toBe('one');
  });
});

it('edits of one file at the same time all take effect, in turn', async () => {
  const bench = await makeBench({ 'a.txt': Array.from({ length: 20 }, (_, at) => `<${at}>`).join('') });
  await symlink('a.txt', bench.path('link.txt'));
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      bench.call('edit', { file_path: at % 2 ? 'a.txt' : 'link.txt', old_string: `<${at}>`, new_string: `(${at})` }),
    ),
  );
  expect(replies.filter((reply) => reply.isError)).toEqual([]);
  expect(await readFile(bench.path('a.txt'), 'utf8')).toBe(Array.from({ length: 20 }, (_, at) => `(${at})`).join(''));
});

it('changes what is protected only where a rule opens the very file', async () => {
  const bench = await makeBench({ '.troupe/notes.md': 'old', '.troupe/agent.json': 'old' });
  Object.assign(bench.context, { mayWriteProtected: async (place: string) => place === '.troupe/notes.md' });
  const edit = (file_path: string) => bench.call('edit', { file_path, old_string: 'old', new_string: 'new' });
  expect((await edit('.troupe/notes.md')).isError).toBe(false);
  expect((await edit('.troupe/agent.json')).output).toContain('read-only');
  expect(await readFile(bench.path('.troupe/notes.md'), 'utf8')).toBe('new');
  expect(await readFile(bench.path('.troupe/agent.json'), 'utf8')).toBe('old');
});
