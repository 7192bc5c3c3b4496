import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, rename, stat, symlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeBench, SECRET, toolNamed } from './bench.js';

describe('write', () => {
  it('makes a file and the folders it needs', async () => {
    const bench = await makeBench();
    expect(await bench.call('write', { file_path: 'a/b/c.txt', content: 'é\n' })).toEqual({
      output: 'Created a/b/c.txt (3 bytes).',
      isError: false,
    });
    expect(await readFile(bench.path('a/b/c.txt'), 'utf8')).toBe('é\n');
    expect(await readdir(bench.path('a/b'))).toEqual(['c.txt']);
  });

  it('replaces a whole file and keeps its mode', async () => {
    const bench = await makeBench({ 'run.sh': 'a long old content' });
    await chmod(bench.path('run.sh'), 0o751);
    expect((await bench.call('write', { file_path: 'run.sh', content: 'new' })).output).toBe(
      'Replaced run.sh (3 bytes).',
    );
    expect(await readFile(bench.path('run.sh'), 'utf8')).toBe('new');
    expect((await stat(bench.path('run.sh'))).mode & 0o777).toBe(0o751);
  });

  it('never changes a file in place: who has it open goes on reading the old content', async () => {
    const bench = await makeBench({ 'a.txt': 'old' });
    const before = (await stat(bench.path('a.txt'))).ino;
    await bench.call('write', { file_path: 'a.txt', content: 'new' });
    expect((await stat(bench.path('a.txt'))).ino).not.toBe(before);
    expect(await readdir(bench.root)).toEqual(['a.txt']);
  });

  it('writes through a link that leads to a file inside, and keeps the link', async () => {
    const bench = await makeBench({ 'dir/a.txt': 'old' });
    await symlink('dir/a.txt', bench.path('link.txt'));
    expect((await bench.call('write', { file_path: 'link.txt', content: 'new' })).output).toContain('dir/a.txt');
    expect(await readFile(bench.path('dir/a.txt'), 'utf8')).toBe('new');
    expect((await lstat(bench.path('link.txt'))).isSymbolicLink()).toBe(true);
  });

  it('counts as having read what was written: an edit may follow', async () => {
    const bench = await makeBench({ 'a.txt': 'old' });
    await bench.call('read', { file_path: 'a.txt' });
    await bench.call('write', { file_path: 'a.txt', content: 'new' });
    const edited = await bench.call('edit', { file_path: 'a.txt', old_string: 'new', new_string: 'newer' });
    expect(edited.isError).toBe(false);
  });

  it('is judged by its path, changes something, and is not repeated blindly', () => {
    const write = toolNamed('write');
    expect(write.subject?.({ file_path: 'a', content: '' })).toEqual({ kind: 'path', path: 'a' });
    expect(write).toMatchObject({ readOnly: false, idempotent: false });
  });
});

describe('write stays in the workspace', () => {
  it.each(['../outside/new.txt', 'links/new.txt', 'links/deep/new.txt', 'chain/new.txt', 'dir/up/outside/new.txt'])(
    'refuses to make %s',
    async (file_path) => {
      const bench = await makeBench({ 'dir/x': '' });
      await symlink('../outside', bench.path('links'));
      await symlink('links', bench.path('chain'));
      await symlink('../..', bench.path('dir/up'));
      const reply = await bench.call('write', { file_path, content: 'x' });
      expect(reply).toMatchObject({ isError: true, output: expect.stringContaining('outside the workspace') });
      expect(await readdir(bench.outside)).toEqual(['secret.txt']);
    },
  );

  it('refuses to replace a file outside that a link leads to', async () => {
    const bench = await makeBench();
    await symlink('../outside/secret.txt', bench.path('link.txt'));
    expect(await bench.call('write', { file_path: 'link.txt', content: 'x' })).toMatchObject({ isError: true });
    expect(await readFile(`${bench.outside}/secret.txt`, 'utf8')).toContain(SECRET);
  });

  it('refuses a link that leads to nothing yet', async () => {
    const bench = await makeBench();
    await symlink('../outside/new.txt', bench.path('link.txt'));
    await symlink('../outside/new', bench.path('folder'));
    expect(await bench.call('write', { file_path: 'link.txt', content: 'x' })).toMatchObject({ isError: true });
    expect(await bench.call('write', { file_path: 'folder/a.txt', content: 'x' })).toMatchObject({ isError: true });
    expect(await readdir(bench.outside)).toEqual(['secret.txt']);
  });

  it('takes an absolute path inside', async () => {
    const bench = await makeBench();
    expect((await bench.call('write', { file_path: bench.path('a.txt'), content: 'x' })).isError).toBe(false);
  });
});

describe('write refuses', () => {
  it.each([
    '.git/config',
    '.troupe/agent.json',
    '.GIT/hooks/pre-commit',
    'sub/.git/config',
    '.git',
    'sub/.Troupe',
    '.git./config',
    '.g\u200cit/config',
  ])('%s, whether or not it exists', async (file_path) => {
    const bench = await makeBench();
    const reply = await bench.call('write', { file_path, content: 'x' });
    expect(reply).toMatchObject({ isError: true, output: expect.stringContaining('read-only') });
    expect(await readdir(bench.root)).toEqual([]);
  });

  it('.git reached through a link', async () => {
    const bench = await makeBench({ '.git/config': 'old' });
    await symlink('.git', bench.path('innocent'));
    await symlink('.git/config', bench.path('file'));
    for (const file_path of ['innocent/config', 'innocent/hooks/new', 'file']) {
      expect(await bench.call('write', { file_path, content: 'x' })).toMatchObject({
        isError: true,
        output: expect.stringContaining('read-only'),
      });
    }
    expect(await readFile(bench.path('.git/config'), 'utf8')).toBe('old');
    expect(await readdir(bench.path('.git'))).toEqual(['config']);
  });

  it('but not names that only look like it', async () => {
    const bench = await makeBench();
    for (const file_path of ['.gitignore', '.github/a', 'x.git/a']) {
      expect((await bench.call('write', { file_path, content: 'x' })).isError).toBe(false);
    }
  });

  it.each<[string, string]>([
    ['dir', 'folder'],
    ['.', 'folder'],
    ['a.txt/b', 'a part of its path is a file'],
    ['a\0b', 'NUL'],
  ])('%j', async (file_path, problem) => {
    const bench = await makeBench({ 'a.txt': 'one' });
    await mkdir(bench.path('dir'));
    expect(await bench.call('write', { file_path, content: 'x' })).toMatchObject({
      isError: true,
      output: expect.stringContaining(problem),
    });
  });

  it('a FIFO, without waiting', async () => {
    const bench = await makeBench();
    await promisify(execFile)('mkfifo', [bench.path('pipe')]);
    expect(await bench.call('write', { file_path: 'pipe', content: 'x' })).toMatchObject({
      isError: true,
      output: expect.stringContaining('not a regular file'),
    });
    expect(await bench.call('write', { file_path: 'pipe/x', content: 'x' })).toMatchObject({ isError: true });
  });
});

describe('write to what is protected, where a rule opens a place', () => {
  /** Opens exactly these places, and remembers what was asked for. */
  function opening(...places: string[]) {
    const asked: string[] = [];
    const mayWriteProtected = async (place: string) => {
      asked.push(place);
      return places.includes(place);
    };
    return { asked, mayWriteProtected };
  }

  it('makes and replaces the file that is opened, with its folders, and no other', async () => {
    const bench = await makeBench();
    Object.assign(bench.context, opening('.git/hooks/pre-commit'));
    for (const content of ['one', 'two']) {
      const reply = await bench.call('write', { file_path: './.git/hooks/../hooks/pre-commit', content });
      expect(reply.isError).toBe(false);
    }
    expect(await readFile(bench.path('.git/hooks/pre-commit'), 'utf8')).toBe('two');
    for (const file_path of ['.git/hooks/other', '.git/config', '.git/new/x', '.GIT/hooks/pre-commit', '.git']) {
      expect(await bench.call('write', { file_path, content: 'x' })).toMatchObject({ isError: true });
    }
    expect(await readdir(bench.path('.git'), { recursive: true })).toEqual(['hooks', 'hooks/pre-commit']);
    expect(await readdir(bench.root)).toEqual(['.git']);
  });

  it('takes a .git that is a file, as worktrees have it', async () => {
    const bench = await makeBench({ '.git': 'gitdir: old\n', 'sub/.git': 'gitdir: old\n' });
    expect((await bench.call('write', { file_path: '.git', content: 'x' })).output).toContain('read-only');
    Object.assign(bench.context, opening('.git'));
    expect((await bench.call('write', { file_path: '.git', content: 'x' })).isError).toBe(false);
    expect((await bench.call('write', { file_path: 'sub/.git', content: 'x' })).output).toContain('read-only');
    expect(await readFile(bench.path('sub/.git'), 'utf8')).toBe('gitdir: old\n');
  });

  it('asks for the real place of what it opened, not for the name that led there', async () => {
    const bench = await makeBench({ '.git/config': 'old', 'a/.git/config': 'old' });
    await symlink('.git', bench.path('folder'));
    await symlink('a/.git/config', bench.path('file'));
    const { asked, mayWriteProtected } = opening('folder/config', 'file', 'folder/new/x');
    Object.assign(bench.context, { mayWriteProtected });
    for (const file_path of ['folder/config', 'file', 'folder/new/x']) {
      expect(await bench.call('write', { file_path, content: 'x' })).toMatchObject({ isError: true });
    }
    expect(asked).toEqual(['.git/config', 'a/.git/config', '.git/new/x']);
    expect(await readdir(bench.path('.git'))).toEqual(['config']);
  });

  it('follows no link out of an opened place into a closed one', async () => {
    const bench = await makeBench({ '.git/config': 'old', '.troupe/notes.md': 'old' });
    await symlink('../.git/config', bench.path('.troupe/link'));
    await symlink('../.git', bench.path('.troupe/folder'));
    Object.assign(bench.context, opening('.troupe/link', '.troupe/folder/config', '.troupe/folder/new'));
    for (const file_path of ['.troupe/link', '.troupe/folder/config', '.troupe/folder/new']) {
      expect((await bench.call('write', { file_path, content: 'x' })).output).toContain('read-only');
    }
    expect(await readFile(bench.path('.git/config'), 'utf8')).toBe('old');
    expect(await readdir(bench.path('.git'))).toEqual(['config']);
  });

  it('looks once more when the folder was moved into a closed place while the content was written', async () => {
    const bench = await makeBench({ '.troupe/notes/a.md': 'old' });
    let asked = 0;
    const mayWriteProtected = async (place: string) => {
      // Asked by its name, at each folder on the way, and last just before the new file is put in place.
      if (++asked === 3) await rename(bench.path('.troupe'), bench.path('.git'));
      return place.startsWith('.troupe/');
    };
    Object.assign(bench.context, { mayWriteProtected });
    const reply = await bench.call('write', { file_path: '.troupe/notes/a.md', content: 'x' });
    expect(reply).toMatchObject({
      isError: true,
      output: expect.stringContaining('.git/notes/a.md cannot be changed'),
    });
    expect(await readFile(bench.path('.git/notes/a.md'), 'utf8')).toBe('old');
    expect(await readdir(bench.path('.git/notes'))).toEqual(['a.md']);
  });

  it('refuses a path that names a folder', async () => {
    const bench = await makeBench();
    const reply = await bench.call('write', { file_path: 'made/', content: 'x' });
    expect(reply).toMatchObject({ isError: true, output: expect.stringContaining('names a folder') });
  });
});
