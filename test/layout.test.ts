import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';
import { describe, expect, test } from 'vitest';
import { checkLayout } from './support/check-layout.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const check = (files: Record<string, string>) => checkLayout(new Map(Object.entries(files)));

describe('the house', () => {
  test('every source keeps to the table of rooms', async () => {
    const paths = await glob(['src/**/*.ts', 'machines/**/*.ts', 'examples/**/*.ts'], { cwd: root });
    expect(paths.length).toBeGreaterThan(100);
    const files = await Promise.all(
      paths.sort().map(async (path) => [path, await readFile(`${root}/${path}`, 'utf8')]),
    );
    expect(check(Object.fromEntries(files))).toEqual([]);
  });
});

describe('what the check lets pass', () => {
  test('a neighbour, a door to the right, a file of the domain, and the packages of its room', () => {
    const text = `
      import { randomUUID } from 'node:crypto';
      import { z } from 'zod';
      import { subagentMachine } from '../../machines/index.js';
      import { LiveSubagent } from '../subagent/index.js';
      import { realClock } from '../domain/clock.js';
      import { provide } from './provide.js';
    `;
    expect(check({ 'src/orchestrator/supervisor.ts': text })).toEqual([]);
  });

  test('a public door that names doors', () => {
    expect(check({ 'src/index.ts': `export { Agent } from './agent/index.js';` })).toEqual([]);
  });

  test('an example that imports the package and its subpaths', () => {
    expect(
      check({ 'examples/a.ts': `import { Agent } from 'troupe'; import { scripted } from 'troupe/testing';` }),
    ).toEqual([]);
  });

  test('types of a room that is open for types only', () => {
    const files = {
      'src/subagent/a.ts': `import type { A } from '../config/index.js';`,
      'src/subagent/b.ts': `import { type A, type B } from '../config/index.js';`,
      'src/subagent/c.ts': `export type { A } from '../config/index.js';`,
      'src/subagent/d.ts': `type A = import('../config/index.js').A;`,
    };
    expect(check(files)).toEqual([]);
  });
});

describe('what the check finds', () => {
  test.each([
    [`import { a } from '../agent/index.js';`],
    [`import type { A } from '../agent/index.js';`],
    [`export { a } from '../agent/index.js';`],
    [`import '../agent/index.js';`],
    [`const a = await import('../agent/index.js');`],
    [`let a: typeof import('../agent/index.js');`],
    [`function f(): import('../agent/index.js').A {}`],
  ])('an arrow to the left, in any form: %s', (text) => {
    expect(check({ 'src/subagent/a.ts': text })).toEqual([
      'src/subagent/a.ts: imports src/agent/index.ts; src/subagent may not import src/agent',
    ]);
  });

  test('a way into a room that is not its door', () => {
    expect(check({ 'src/agent/a.ts': `import { b } from '../session/session.js';` })).toEqual([
      'src/agent/a.ts: imports src/session/session.ts; other rooms import src/session/index.js',
    ]);
    expect(check({ 'src/index.ts': `export { b } from './session/session.js';` })).toEqual([
      'src/index.ts: imports src/session/session.ts; other rooms import src/session/index.js',
    ]);
  });

  test('a way into its own room by the door', () => {
    expect(check({ 'src/agent/a.ts': `import { b } from './index.js';` })).toEqual([
      'src/agent/a.ts: imports the door of its own room; import the file',
    ]);
  });

  test('a value from a room that is open for types only', () => {
    expect(check({ 'src/subagent/a.ts': `import { type A, b } from '../config/index.js';` })).toEqual([
      'src/subagent/a.ts: imports src/config/index.ts; src/subagent may import src/config for types only',
    ]);
  });

  test('a domain that imports anything', () => {
    expect(
      check({ 'src/domain/a.ts': `import { z } from 'zod'; import type { E } from '../events/index.js';` }),
    ).toEqual([
      'src/domain/a.ts: imports zod; src/domain may not',
      'src/domain/a.ts: imports src/events/index.ts; src/domain may not import src/events',
    ]);
  });

  test('a chart that reaches for Node or the library', () => {
    expect(check({ 'machines/a.ts': `import 'node:fs'; import '../src/events/index.js';` })).toEqual([
      'machines/a.ts: imports node:fs; machines may not',
      'machines/a.ts: imports src/events/index.ts; machines may not import src/events',
    ]);
  });

  test('one activity that imports another', () => {
    expect(check({ 'src/activities/tools/a.ts': `import { b } from '../permissions/index.js';` })).toEqual([
      'src/activities/tools/a.ts: imports src/activities/permissions/index.ts; src/activities/tools may not import src/activities/permissions',
    ]);
  });

  test('a source that imports the public door', () => {
    expect(check({ 'src/agent/a.ts': `import { Agent } from '../index.js';` })).toEqual([
      'src/agent/a.ts: imports src/index.ts, which is for users alone',
    ]);
  });

  test('an example that goes behind the public door', () => {
    expect(check({ 'examples/a.ts': `import { Agent } from '../src/agent/index.js';` })).toEqual([
      'examples/a.ts: imports src/agent/index.ts; examples may not import src/agent',
    ]);
  });

  test('a client that two files import', () => {
    const files = {
      'src/activities/llm/a.ts': `import type { OpenAI } from 'openai';`,
      'src/activities/llm/b.ts': `await import('openai/resources');`,
    };
    expect(check(files)).toEqual([
      'openai is imported by src/activities/llm/a.ts and src/activities/llm/b.ts; one file may',
    ]);
  });

  test('a client in a room that has no business with it', () => {
    expect(check({ 'src/bus/a.ts': `import { connect } from '@nats-io/transport-node';` })).toEqual([
      'src/bus/a.ts: imports @nats-io/transport-node; src/bus may not',
    ]);
  });

  test.each([
    ['export default function a() {}'],
    ['export default class {}'],
    ['export default 1;'],
    ['const a = 1; export { a as default };'],
    [`export { default } from './b.js';`],
  ])('a default export: %s', (text) => {
    expect(check({ 'src/agent/a.ts': text })).toEqual(['src/agent/a.ts: has a default export']);
  });

  test('a door that exports everything of a file', () => {
    expect(check({ 'src/agent/index.ts': `export * from './agent.js';` })).toEqual([
      'src/agent/index.ts: exports everything of another file; name what it exports',
    ]);
  });

  test('a relative import without its ending', () => {
    expect(check({ 'src/agent/a.ts': `import { b } from './b'; import { c } from './c.ts';` })).toEqual([
      'src/agent/a.ts: imports ./b; relative imports end in .js',
      'src/agent/a.ts: imports ./c.ts; relative imports end in .js',
    ]);
  });

  test('an import whose module is computed', () => {
    expect(check({ 'src/agent/a.ts': 'await import(name);' })).toEqual([
      'src/agent/a.ts: imports what it computes; name the module',
    ]);
  });

  test('a file outside of every room', () => {
    expect(check({ 'src/utils/a.ts': '', 'src/activities/b.ts': '' })).toEqual([
      'src/utils/a.ts: is in no room; add its folder to test/support/rooms.ts',
      'src/activities/b.ts: is in no room; add its folder to test/support/rooms.ts',
    ]);
  });

  test('a file that is too long', () => {
    expect(check({ 'src/agent/a.ts': '\n'.repeat(350) })).toEqual([]);
    expect(check({ 'src/agent/a.ts': '\n'.repeat(351) })).toEqual([
      'src/agent/a.ts: has 351 lines; past 350 look for its second question',
    ]);
  });
});
