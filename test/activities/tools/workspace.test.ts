import { open, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { pathByIdentity } from '../../../src/activities/tools/confined-files.js';
import { resolveInWorkspace } from '../../../src/activities/tools/index.js';
import { makeBench } from './bench.js';

async function workspace() {
  const bench = await makeBench({ 'dir/a.txt': 'one' });
  await symlink('dir', bench.path('link'));
  await symlink('../outside', bench.path('out'));
  await symlink('../outside/new', bench.path('dangling'));
  await symlink('round', bench.path('round'));
  return bench;
}

describe('a path as given and as resolved', () => {
  it.each([
    ['dir/a.txt', 'dir/a.txt', 'dir/a.txt'],
    ['./dir//./a.txt', 'dir/a.txt', 'dir/a.txt'],
    ['.', '.', '.'],
    ['', '.', '.'],
    ['dir/..', '.', '.'],
    ['link/a.txt', 'link/a.txt', 'dir/a.txt'],
    ['link/new/b.txt', 'link/new/b.txt', 'dir/new/b.txt'],
    ['dir/a.txt/b', 'dir/a.txt/b', 'dir/a.txt/b'],
    ['..a/b', '..a/b', '..a/b'],
  ])('%j is inside', async (path, given, resolved) => {
    const { root } = await workspace();
    expect(await resolveInWorkspace(root, path)).toEqual({ given, resolved, inside: true });
    if (path !== '')
      expect(await resolveInWorkspace(root, `${root}/${path}`)).toEqual({ given, resolved, inside: true });
  });

  it.each([
    ['../outside/secret.txt', '../outside/secret.txt', '../outside/secret.txt'],
    ['..', '..', '..'],
    ['out', 'out', '../outside'],
    ['out/secret.txt', 'out/secret.txt', '../outside/secret.txt'],
    ['out/new/deep.txt', 'out/new/deep.txt', '../outside/new/deep.txt'],
    ['dangling', 'dangling', '../outside/new'],
    ['dangling/deep.txt', 'dangling/deep.txt', '../outside/new/deep.txt'],
    ['round', 'round', 'round'],
    ['a\0b', 'a\0b', 'a\0b'],
  ])('%j is not inside', async (path, given, resolved) => {
    const { root } = await workspace();
    expect(await resolveInWorkspace(root, path)).toEqual({ given, resolved, inside: false });
  });

  it('of a workspace that is itself a link are relative to it', async () => {
    const bench = await workspace();
    const link = `${bench.outside}/ws`;
    await symlink(bench.root, link);
    for (const path of ['link/a.txt', `${link}/link/a.txt`, `${bench.root}/link/a.txt`]) {
      expect(await resolveInWorkspace(link, path)).toEqual({
        given: 'link/a.txt',
        resolved: 'dir/a.txt',
        inside: true,
      });
    }
  });

  it('of a workspace that does not exist are not inside', async () => {
    const { root } = await workspace();
    expect(await resolveInWorkspace(`${root}/none`, 'a')).toEqual({ given: 'a', resolved: 'a', inside: false });
  });
});

it('where descriptors have no path, a file is known by its identity', async () => {
  const bench = await makeBench({ 'a.txt': 'one' });
  await symlink('a.txt', bench.path('link.txt'));
  const handle = await open(bench.path('link.txt'));
  try {
    expect(await pathByIdentity(handle, bench.path('link.txt'))).toBe(bench.path('a.txt'));
    await writeFile(bench.path('b.txt'), 'other');
    await expect(pathByIdentity(handle, bench.path('b.txt'))).rejects.toThrow('replaced');
  } finally {
    await handle.close();
  }
});
