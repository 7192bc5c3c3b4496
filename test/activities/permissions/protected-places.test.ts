import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RuleList } from '../../../src/activities/permissions/index.js';
import { bash, decide, kindOf, limits, list, permissionsOf, read, toolOf, write } from './support.js';

let workspace = '';
beforeAll(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'protected-')));
  await mkdir(join(workspace, '.git'));
  await mkdir(join(workspace, 'sub'));
  await writeFile(join(workspace, '.git', 'config'), '');
  await symlink('.git', join(workspace, 'innocent'));
  await symlink('.git/config', join(workspace, 'file'));
});
afterAll(() => rm(workspace, { recursive: true, force: true }));

const here = (lists: readonly RuleList[], more = {}) => permissionsOf(lists, { workspace, ...more });
const all = list({ allow: ['*'] });

describe('what would change .git or .troupe is denied', () => {
  it.each([
    '.git/config',
    './.git/config',
    'foo/../.git/config',
    '.GIT/config',
    '.git',
    'sub/.git',
    'sub/.git/hooks/x',
    '.troupe/agent.json',
    '.troupe./x',
    'innocent/config',
    'innocent/new',
    'file',
  ])('for %j', async (path) => {
    expect(await kindOf(here([all]), write, path)).toBe('deny');
    expect(await kindOf(here([list({ allow: ['Write', 'Write(**)', 'Write(*/*)'] })]), write, path)).toBe('deny');
    expect(await kindOf(here([list()], { permissive: true }), write, path)).toBe('deny');
  });

  it('and not asked, since no answer would help: the reason says what would', async () => {
    const decision = await decide(here([list()]), write, '.git/hooks/x');
    expect(decision).toEqual({
      kind: 'deny',
      reason:
        '.git/hooks/x cannot be changed: .git and .troupe are read-only, and no answer to a question opens them. ' +
        'It was not run. Only an allow rule that names the place does, such as write(.git/hooks/x).',
    });
  });

  it('whatever was answered with always before', async () => {
    const permissions = here([list()]);
    permissions.allowAlways({ tool: write, input: '.git/config' });
    expect(await kindOf(permissions, write, '.git/config')).toBe('deny');
  });

  it('for own tools that change the path they are judged by, and after a crash', async () => {
    const index = toolOf('index_files', 'path');
    expect(await kindOf(here([all]), index, '.git/index')).toBe('deny');
    expect(await kindOf(here([list({ allow: ['index_files(.git/index)'] })]), index, '.git/index')).toBe('allow');
    const decision = await decide(here([all]), index, '.git/index', true);
    expect(decision).toMatchObject({ kind: 'deny', reason: expect.stringContaining('cut off by a crash') });
  });

  it('by the rule that denies, where there is one', async () => {
    const permissions = here([list({ allow: ['Write(.git/**)'], deny: ['write'] })]);
    expect(await decide(permissions, write, '.git/config')).toMatchObject({ kind: 'deny', rule: 'write' });
  });

  it('but reading, commands and names that only look like it are judged as ever', async () => {
    expect(await kindOf(here([all]), read, '.git/config')).toBe('allow');
    expect(await kindOf(here([all]), bash, 'touch .git/config')).toBe('allow');
    for (const path of ['.gitignore', '.github/x', 'x.git/y', 'git']) {
      expect(await kindOf(here([all]), write, path)).toBe('allow');
    }
  });
});

describe('an allow rule that names the folder opens', () => {
  it.each([
    ['Write(.git/**)', '.git/hooks/x'],
    ['write(.git/**)', './sub/../.git/config'],
    ['*(.git/config)', '.git/config'],
    ['write(**/.git/*)', 'sub/.git/config'],
    ['write(.troupe/notes.md)', '.troupe/notes.md'],
    ['write(.git)', '.git'],
  ])('%j: %j', async (rule, path) => {
    expect(await kindOf(here([list({ allow: [rule] })]), write, path)).toBe('allow');
    expect(await here([list({ allow: [rule] })]).opens('write', path)).toBe(true);
  });

  it.each([
    ['Write(.git/hooks/*)', '.git/config'],
    ['Write(.git/**)', 'sub/.git/config'],
    ['Write(.git/**)', '.GIT/config'],
    ['Write(.git/**)', '.troupe/x'],
    ['Write(.git/**)', 'innocent/config'],
    ['Write(innocent/**)', 'innocent/config'],
    ['Edit(.git/**)', '.git/config'],
    ['Write(.g*/**)', '.git/config'],
  ])('not more than it says, %j: %j', async (rule, path) => {
    expect(await kindOf(here([list({ allow: [rule, 'write'] })]), write, path)).toBe('deny');
  });

  it('and a rule that asks opens nothing, but may ask about what is open', async () => {
    expect(await kindOf(here([list({ ask: ['Write(.git/**)'] })]), write, '.git/config')).toBe('deny');
    const both = here([list({ ask: ['write'] }), limits({ allow: ['Write(.git/**)'] }, { grants: true })]);
    expect(await kindOf(both, write, '.git/config')).toBe('ask');
  });
});

describe('of several lists', () => {
  const opening = list({ allow: ['Write(.git/**)'] });
  const program = limits({ allow: ['Write(.git/**)'] }, { grants: true });
  const kind = (...lists: readonly RuleList[]) => kindOf(here(lists), write, '.git/config');

  it('the program’s opens for all, and so does the definition’s alone', async () => {
    expect(await kind(opening, limits({}))).toBe('allow');
    expect(await kind(list(), program)).toBe('allow');
    expect(await kind(all, program, limits({ allow: ['*'] }, { grants: true }))).toBe('allow');
  });

  it('a child opens only what its parent opens too', async () => {
    expect(await kind(opening, all)).toBe('deny');
    expect(await kind(all, opening)).toBe('deny');
    expect(await kind(opening, opening)).toBe('allow');
    expect(await kind(all, all, program)).toBe('allow');
  });

  it('each has its own folder: a parent’s rule opens the same files to a child below', async () => {
    const parent = list({ allow: ['Write(sub/.git/**)'] }, { workspace });
    const child = permissionsOf([parent, list({ allow: ['Write(.git/**)'] })], { workspace: join(workspace, 'sub') });
    expect(await kindOf(child, write, '.git/config')).toBe('allow');
    expect(await child.opens('write', '.git/config')).toBe(true);
    expect(await kindOf(child, write, '../.git/config')).toBe('deny');
  });
});
