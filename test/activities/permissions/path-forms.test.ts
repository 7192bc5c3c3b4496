import { mkdir, mkdtemp, realpath, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathFormsOf } from '../../../src/activities/permissions/path-forms.js';
import { kindOf, limits, list, permissionsOf, read, toolOf, write } from './support.js';

let root: string;
let workspace: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'permissions-')));
  workspace = join(root, 'workspace');
  await mkdir(join(workspace, 'src'), { recursive: true });
  await mkdir(join(workspace, 'secrets'));
  await mkdir(join(root, 'outside'));
  await writeFile(join(workspace, 'src', 'a.ts'), '');
  await writeFile(join(workspace, 'secrets', 'key'), '');
  await symlink(join(workspace, 'secrets', 'key'), join(workspace, 'src', 'innocent.md'));
  await symlink('../secrets', join(workspace, 'src', 'folder'));
  await symlink(join(root, 'outside'), join(workspace, 'src', 'out'));
  await symlink(join(root, 'outside', 'new.txt'), join(workspace, 'src', 'dangling'));
  await symlink('../secrets/later', join(workspace, 'src', 'dangling-inside'));
  await symlink('circle', join(workspace, 'src', 'circle'));
  await symlink(workspace, join(root, 'alias'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const resolvedOf = async (path: string) => (await pathFormsOf(workspace, path)).resolved?.relative;

describe('the forms of a path', () => {
  it.each([
    ['src/a.ts', 'src/a.ts'],
    ['./src//../src/a.ts', 'src/a.ts'],
    ['.', ''],
    ['src/innocent.md', 'secrets/key'],
    ['src/folder/key', 'secrets/key'],
    ['src/folder/new/deep.txt', 'secrets/new/deep.txt'],
    ['src/a.ts/below-a-file', 'src/a.ts/below-a-file'],
    ['new/folder/file', 'new/folder/file'],
    ['src/out/x', '../outside/x'],
    ['src/dangling', '../outside/new.txt'],
    ['src/dangling-inside', 'secrets/later'],
    ['..', '..'],
    ['../outside', '../outside'],
  ])('%j resolves to %j', async (path, resolved) => {
    expect(await resolvedOf(path)).toBe(resolved);
  });

  it.each([
    ['a circle of links', 'src/circle'],
    ['a path below a circle', 'src/circle/x'],
    ['a name with a zero byte', 'src/a\0.ts'],
    ['a name that is too long', 'x'.repeat(5_000)],
  ])('%s resolves to nothing', async (_what, path) => {
    expect(await resolvedOf(path)).toBeUndefined();
  });

  it('a deep path that does not exist is resolved through its deepest existing parent', async () => {
    const deep = 'x/'.repeat(500);
    expect(await resolvedOf(`src/folder/${deep}y`)).toBe(`secrets/${deep}y`);
  });

  it('a workspace that is reached through a link is known by both names', async () => {
    const alias = join(root, 'alias');
    const byAlias = await pathFormsOf(alias, 'src/a.ts');
    expect(byAlias.given).toEqual(byAlias.resolved);
    expect(byAlias.given).toEqual({
      relative: 'src/a.ts',
      absolutes: [join(alias, 'src/a.ts'), join(workspace, 'src/a.ts')],
      inside: true,
    });
    expect((await pathFormsOf(alias, join(workspace, 'src/a.ts'))).given.relative).toBe('src/a.ts');
  });
});

describe('rules on paths in a real folder', () => {
  const search = toolOf('grep', 'path', { readOnly: true });
  const allowSrc = () =>
    permissionsOf([list({ allow: ['read(src/**)', 'write(src/**)', 'grep(src/**)'] })], { workspace });
  const denySecrets = () => permissionsOf([list({ allow: ['*'], deny: ['*(secrets/**)'] })], { workspace });

  it.each([
    ['src/a.ts', 'allow'],
    ['src', 'allow'],
    ['src/new/file.ts', 'allow'],
    ['src/../src/a.ts', 'allow'],
    ['src/innocent.md', 'ask'],
    ['src/folder/key', 'ask'],
    ['src/folder/new', 'ask'],
    ['src/out/x', 'ask'],
    ['src/dangling', 'ask'],
    ['src/circle', 'ask'],
    ['src/../secrets/key', 'ask'],
    ['.', 'ask'],
    ['..', 'ask'],
    ['SRC/a.ts', 'ask'],
  ] as const)('where src is allowed, %j: %s', async (path, kind) => {
    expect(await kindOf(allowSrc(), read, path)).toBe(kind);
    expect(await kindOf(allowSrc(), write, path)).toBe(kind);
    expect(await kindOf(allowSrc(), search, path)).toBe(kind);
  });

  it.each([
    ['secrets/key', 'deny'],
    ['secrets', 'deny'],
    ['secrets/new/file', 'deny'],
    ['src/innocent.md', 'deny'],
    ['src/folder', 'deny'],
    ['src/folder/new', 'deny'],
    ['src/dangling-inside', 'deny'],
    ['src/circle', 'deny'],
    ['src/a.ts', 'allow'],
    ['.', 'allow'],
  ] as const)('where secrets is denied, %j: %s', async (path, kind) => {
    expect(await kindOf(denySecrets(), read, path)).toBe(kind);
    expect(await kindOf(denySecrets(), write, path)).toBe(kind);
  });

  it('a link into a denied folder stays denied when it is allowed by its own name, and when permissive', async () => {
    const lists = [limits({ allow: ['read(src/**)'], deny: ['read(secrets/**)'] })];
    expect(await kindOf(permissionsOf(lists, { workspace, permissive: true }), read, 'src/innocent.md')).toBe('deny');
  });

  it('absolute patterns and absolute paths meet, by either name of the workspace', async () => {
    for (const base of [workspace, join(root, 'alias')]) {
      const permissions = permissionsOf([list({ allow: [`read(${base}/src/**)`] })], {
        workspace: join(root, 'alias'),
      });
      expect(await kindOf(permissions, read, 'src/a.ts')).toBe('allow');
      expect(await kindOf(permissions, read, join(workspace, 'src/a.ts'))).toBe('allow');
      expect(await kindOf(permissions, read, 'secrets/key')).toBe('ask');
    }
    const outside = permissionsOf([list({ allow: [`read(${root}/outside/**)`] })], { workspace });
    expect(await kindOf(outside, read, join(root, 'outside', 'x'))).toBe('allow');
    expect(await kindOf(outside, read, 'src/out/x')).toBe('ask');
  });

  it('rules that a child inherits hold from the folder of its parent, wherever the child works', async () => {
    const inherited = list({ allow: ['read(src/**)'], deny: ['read(secrets/**)'] }, { workspace });
    const own = list({ allow: ['read'] });
    const inSecrets = permissionsOf([own, inherited], { workspace: join(workspace, 'secrets') });
    expect(await kindOf(inSecrets, read, 'key')).toBe('deny');
    const inSource = permissionsOf([own, inherited], { workspace: join(workspace, 'src') });
    expect(await kindOf(inSource, read, 'a.ts')).toBe('allow');
    expect(await kindOf(inSource, read, 'innocent.md')).toBe('deny');
    expect(await kindOf(inSource, read, '../other')).toBe('ask');
    const byOwn = permissionsOf([list({ deny: ['read(a.ts)'], allow: ['*'] }), inherited], {
      workspace: join(workspace, 'src'),
    });
    expect(await kindOf(byOwn, read, 'a.ts')).toBe('deny');
  });

  it('a remembered "always" does not follow a link that was pointed elsewhere', async () => {
    const link = join(workspace, 'moving');
    await symlink(join(workspace, 'src', 'a.ts'), link);
    const permissions = permissionsOf([list()], { workspace });
    permissions.allowAlways({ tool: read, input: 'moving' });
    expect(await kindOf(permissions, read, 'moving')).toBe('allow');
    await unlink(link);
    await symlink(join(workspace, 'secrets', 'key'), link);
    expect(await kindOf(permissions, read, 'moving')).toBe('ask');
  });
});
