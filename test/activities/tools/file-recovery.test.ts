import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { compareFile, FileNote } from '../../../src/activities/tools/file-note.js';
import { noteCall, settleInterrupted } from '../../../src/activities/tools/index.js';
import { hashOf } from '../../../src/activities/tools/replace-file.js';
import type { JsonValue } from '../../../src/domain/json.js';
import { ToolReply } from '../../../src/domain/tool.js';
import { type Bench, makeBench, SECRET, toolNamed } from './bench.js';

interface Args {
  readonly file_path: string;
  readonly [key: string]: unknown;
}
type Call = readonly [name: 'write' | 'edit', args: Args];
const writing = (content: string, file_path = 'a.txt'): Call => ['write', { file_path, content }];
const editing = (old_string: string, new_string: string, replace_all = false): Call => [
  'edit',
  { file_path: 'a.txt', old_string, new_string, replace_all },
];

const noteOf = (bench: Bench, [name, args]: Call) => noteCall(toolNamed(name), args, bench.context);
const settle = (bench: Bench, [name, args]: Call, note: JsonValue | undefined) =>
  settleInterrupted(toolNamed(name), args, note, bench.context);
const hash = (text: string) => hashOf(Buffer.from(text));

describe.each<[string, string, Record<string, string>, Call]>([
  ['write', 'a new file', {}, writing('new', 'dir/b.txt')],
  ['write', 'another content', { 'a.txt': 'one' }, writing('two')],
  ['edit', 'once', { 'a.txt': 'x\none' }, editing('one', 'two')],
  ['edit', 'every occurrence', { 'a.txt': 'one\none' }, editing('one', 'two', true)],
])('a cut-off %s of %s', (_name, _what, files, call) => {
  it('that was done is answered as the tool had answered', async () => {
    const bench = await makeBench(files);
    const note = await noteOf(bench, call);
    const reply = await bench.call(...call);
    expect(reply.isError).toBe(false);
    expect(await settle(bench, call, note)).toEqual(reply);
  });

  it('that was not done has not begun, and its note changed nothing', async () => {
    const bench = await makeBench(files);
    const note = await noteOf(bench, call);
    expect(await settle(bench, call, note)).toBe('not_begun');
    expect(await readdir(bench.root)).toEqual(Object.keys(files));
  });

  it('is unknown where somebody else has changed the file since, or the note is missing', async () => {
    const bench = await makeBench(files);
    const note = await noteOf(bench, call);
    await bench.call(...call);
    for (const strange of [undefined, null, 'text', { path: call[1].file_path }, { after: 1 }]) {
      expect(await settle(bench, call, strange)).toBe('unknown');
    }
    await writeFile(bench.path(call[1].file_path), 'three');
    expect(await settle(bench, call, note)).toBe('unknown');
    await rm(bench.path(call[1].file_path));
    expect(await settle(bench, call, note)).toBe(
      note && FileNote.parse(note).before === null ? 'not_begun' : 'unknown',
    );
  });
});

describe('the note of a change', () => {
  it('holds hashes, and nothing of the content', async () => {
    const bench = await makeBench({ 'a.txt': 'secret-one' });
    expect(await noteOf(bench, writing('secret-two'))).toEqual({
      path: 'a.txt',
      before: hash('secret-one'),
      after: hash('secret-two'),
      sizeBytes: 10,
    });
    expect(await noteOf(bench, editing('-one', '-two'))).toEqual({
      path: 'a.txt',
      before: hash('secret-one'),
      after: hash('secret-two'),
      count: 1,
      line: 1,
    });
  });

  it('names the file as it resolves', async () => {
    const bench = await makeBench({ 'dir/a.txt': 'one' });
    await symlink('dir', bench.path('link'));
    for (const [path, before] of [
      ['link/a.txt', hash('one')],
      ['link/new/b.txt', null],
    ] as const) {
      expect(await noteOf(bench, writing('two', path))).toMatchObject({ path: path.replace('link', 'dir'), before });
    }
  });

  it('leaves the content before out where the file is too large to be read for that', async () => {
    const bench = await makeBench({ 'a.txt': 'one' });
    await truncate(bench.path('a.txt'), 200 * 1024 * 1024); // without a byte on the disk
    const note = await noteOf(bench, writing('two'));
    expect(note).toMatchObject({ after: hash('two') });
    expect(note).not.toHaveProperty('before');
    expect(await settle(bench, writing('two'), note)).toBe('unknown');
    await bench.call(...writing('two'));
    expect(await settle(bench, writing('two'), note)).toBeInstanceOf(ToolReply);
  });
});

describe('what the file says of a change', () => {
  const note = { path: 'a', before: 'one', after: 'two' };
  it.each<[string, FileNote, string | null | undefined, ReturnType<typeof compareFile>]>([
    ['done: it holds what was to be written', note, 'two', 'done'],
    ['not begun: it holds what it held', note, 'one', 'not_begun'],
    ['unknown: it holds something else', note, 'three', 'unknown'],
    ['unknown: it is gone', note, null, 'unknown'],
    ['unknown: it cannot be read', note, undefined, 'unknown'],
    ['unknown: nothing is known of it', { path: 'a' }, undefined, 'unknown'],
    ['done: both are the same', { ...note, before: 'two' }, 'two', 'done'],
    ['not begun: there was no file, and is none', { ...note, before: null }, null, 'not_begun'],
    ['unknown: there was no file, and is another', { ...note, before: null }, 'three', 'unknown'],
    ['not begun: the call would have been refused', { path: 'a', before: 'one' }, 'one', 'not_begun'],
    ['unknown: it would have been refused, had the file not changed', { path: 'a', before: 'one' }, 'two', 'unknown'],
  ])('%s', (_what, known, now, found) => {
    expect(compareFile(known, { path: 'a', hash: now })).toBe(found);
    expect(compareFile(known, { path: 'b', hash: now })).toBe('unknown');
  });
});

describe('after a crash', () => {
  it('writing what was there already counts as done', async () => {
    const bench = await makeBench({ 'a.txt': 'one' });
    const note = await noteOf(bench, writing('one'));
    expect(await settle(bench, writing('one'), note)).toEqual(new ToolReply('Replaced a.txt (3 bytes).'));
  });

  it('the subagent has seen what its call wrote: an edit may follow', async () => {
    const bench = await makeBench({ 'a.txt': 'one' });
    await bench.call('read', { file_path: 'a.txt' });
    const note = await noteOf(bench, writing('two'));
    await writeFile(bench.path('a.txt'), 'two');
    expect(await settle(bench, writing('two'), note)).toBeInstanceOf(ToolReply);
    expect((await bench.call(...editing('two', 'three'))).isError).toBe(false);
  });

  it('an edit that was to be refused has not begun', async () => {
    const bench = await makeBench({ 'a.txt': 'one' });
    for (const call of [editing('missing', 'x'), editing('', 'x'), editing('one', 'one')]) {
      expect(await settle(bench, call, await noteOf(bench, call))).toBe('not_begun');
    }
    await bench.call('read', { file_path: 'a.txt' });
    await writeFile(bench.path('a.txt'), 'one and more');
    const stale = editing('one', 'two');
    expect(await settle(bench, stale, await noteOf(bench, stale))).toBe('not_begun');
  });
});

describe('note and recover stay in the workspace', () => {
  it.each(['../outside/secret.txt', 'link.txt', 'folder/secret.txt', 'folder/new.txt', 'dangling', '', '.'])(
    '%j is not looked at',
    async (file_path) => {
      const bench = await makeBench();
      await symlink('../outside/secret.txt', bench.path('link.txt'));
      await symlink('../outside', bench.path('folder'));
      await symlink('../outside/new.txt', bench.path('dangling'));
      const call = writing(`${SECRET}\n`, file_path);
      expect(await noteOf(bench, call)).toBeUndefined();
      for (const path of ['../outside/secret.txt', file_path]) {
        const note = { path, before: null, after: hash(`${SECRET}\n`), sizeBytes: 1 };
        expect(await settle(bench, call, note)).toBe('unknown');
      }
    },
  );

  it('a link that leads to another file by now makes the outcome unknown', async () => {
    const bench = await makeBench({ 'a.txt': 'one', 'b.txt': 'two' });
    await symlink('a.txt', bench.path('link'));
    const note = await noteOf(bench, writing('two', 'link'));
    await rm(bench.path('link'));
    await symlink('b.txt', bench.path('link'));
    expect(await settle(bench, writing('two', 'link'), note)).toBe('unknown');
  });

  it('a folder in the place of the file makes the outcome unknown', async () => {
    const bench = await makeBench();
    const note = await noteOf(bench, writing('two'));
    await mkdir(bench.path('a.txt'));
    expect(await settle(bench, writing('two'), note)).toBe('unknown');
  });
});

describe('temporary files of a killed process', () => {
  const host = hash(hostname()).slice(0, 8);
  const random = 'ab'.repeat(12);
  const GONE = 2 ** 31 - 1; // above the highest process id that systems give
  const leftOver = `.tmp-troupe-${host}-${GONE}-${random}`;
  const ownEarlier = `.tmp-troupe-${host}-${process.pid}-${random}`;
  const kept = [
    `.tmp-troupe-${host}-${process.ppid}-${random}`, // lives
    `.tmp-troupe-00000000-${GONE}-${random}`, // of another machine
    `.tmp-troupe-${host}-${GONE}-short`,
    `.tmp-troupe-${host}-0-${random}`,
    `x.tmp-troupe-${host}-${GONE}-${random}`,
  ];
  const files = (folder: string) =>
    Object.fromEntries([leftOver, ownEarlier, ...kept].map((name) => [`${folder}${name}`, 'half']));

  it('are cleared away when a file is written beside them; those that may be in use stay', async () => {
    const bench = await makeBench(files(''));
    await bench.call(...writing('new'));
    expect((await readdir(bench.root)).sort()).toEqual(['a.txt', ...kept].sort());
  });

  it('are cleared away when the cut-off call is settled, whatever came of it', async () => {
    for (const now of ['one', 'two', 'three']) {
      const bench = await makeBench({ 'dir/a.txt': 'one', ...files('dir/') });
      const call = writing('two', 'dir/a.txt');
      const note = await noteOf(bench, call);
      await writeFile(bench.path('dir/a.txt'), now);
      await settle(bench, call, note);
      expect((await readdir(bench.path('dir'))).sort()).toEqual(['a.txt', ...kept].sort());
    }
  });

  it('stay in .git and .troupe unless a rule opens the place', async () => {
    const bench = await makeBench({ '.git/config': 'one', [`.git/${leftOver}`]: 'half' });
    const call = writing('two', '.git/config');
    const note = await noteOf(bench, call);
    expect(await settle(bench, call, note)).toBe('not_begun');
    expect((await readdir(bench.path('.git'))).sort()).toEqual([leftOver, 'config']);
    Object.assign(bench.context, { mayWriteProtected: async (place: string) => place === '.git/config' });
    expect(await settle(bench, call, note)).toBe('not_begun');
    expect(await readdir(bench.path('.git'))).toEqual(['config']);
  });

  it('that cannot be removed are in nobody’s way', async () => {
    const bench = await makeBench();
    await mkdir(bench.path(leftOver));
    expect((await bench.call(...writing('new'))).isError).toBe(false);
    expect(await readFile(bench.path('a.txt'), 'utf8')).toBe('new');
  });
});
