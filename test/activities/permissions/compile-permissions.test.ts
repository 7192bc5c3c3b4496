import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAlwaysMemory, type RuleList } from '../../../src/activities/permissions/index.js';
import type { Decision } from '../../../src/domain/permission.js';
import { bash, decide, deploy, kindOf, limits, list, permissionsOf, read, toolOf, webFetch, write } from './support.js';

const reasonOf = (decision: Decision) => (decision.kind === 'allow' ? '' : decision.reason);

describe('one list', () => {
  it.each([
    ['deny before allow', { deny: ['read'], allow: ['read'] }, 'deny'],
    ['allow before ask', { allow: ['read'], ask: ['read'] }, 'allow'],
    ['ask before the default', { ask: ['read'], default: 'deny' }, 'ask'],
    ['the default asks', {}, 'ask'],
    ['the default denies', { default: 'deny' }, 'deny'],
  ] as const)('%s', async (_what, rules, kind) => {
    expect(await kindOf(permissionsOf([list(rules)]), read, 'a.ts')).toBe(kind);
  });
});

describe('several lists', () => {
  const allowing = list({ allow: ['*'] });
  it.each<[string, readonly RuleList[], Decision['kind']]>([
    ['no list at all asks', [], 'ask'],
    ['lists without an opinion ask', [limits({}), limits({ allow: ['read'] })], 'ask'],
    ['a list without an opinion leaves an allow alone', [allowing, limits({}), limits({ deny: ['read'] })], 'allow'],
    ['one that denies by a rule wins', [allowing, limits({ deny: ['write'] })], 'deny'],
    ['one that denies by its default wins', [allowing, list({ default: 'deny' })], 'deny'],
    ['one that asks by a rule wins over an allow', [allowing, limits({ ask: ['write'] })], 'ask'],
    ['one that asks by its default wins over an allow', [allowing, list()], 'ask'],
    ['an allow does not lift the default of another list', [list(), limits({ allow: ['write'] })], 'ask'],
    ['unless its list grants', [list(), limits({ allow: ['write'] }, { grants: true })], 'allow'],
    ['a grant holds for what its rules cover', [list(), limits({ allow: ['read'] }, { grants: true })], 'ask'],
    [
      'a grant does not lift a rule that asks',
      [list({ ask: ['write'] }), limits({ allow: ['write'] }, { grants: true })],
      'ask',
    ],
    [
      'a grant does not lift a rule that denies',
      [list({ deny: ['write'] }), limits({ allow: ['write'] }, { grants: true })],
      'deny',
    ],
    [
      'a grant does not lift a default that denies',
      [list({ default: 'deny' }), limits({ allow: ['write'] }, { grants: true })],
      'deny',
    ],
  ])('%s', async (_what, lists, kind) => {
    expect(await kindOf(permissionsOf(lists), write, 'a.ts')).toBe(kind);
    expect(await kindOf(permissionsOf([...lists].reverse()), write, 'a.ts')).toBe(kind);
  });

  it('a child that allows everything is held by its parent', async () => {
    const parent = list({ allow: ['read', 'bash(npm test)'], default: 'deny' }, { from: 'the parent' });
    const child = permissionsOf([parent, list({ allow: ['*'] })]);
    expect(await kindOf(child, read, 'a.ts')).toBe('allow');
    expect(await kindOf(child, bash, 'npm test')).toBe('allow');
    expect(await kindOf(child, write, 'a.ts')).toBe('deny');
  });
});

describe('permissive', () => {
  const permissive = (lists: readonly RuleList[], permissiveDeny: readonly string[] = []) =>
    permissionsOf(lists, { permissive: true, permissiveDeny, approvals: 'deny' });

  it('answers what rules and defaults would ask with yes', async () => {
    expect(await kindOf(permissive([list()]), write, 'a.ts')).toBe('allow');
    expect(await kindOf(permissive([list({ ask: ['write'] })]), write, 'a.ts')).toBe('allow');
    expect(await kindOf(permissive([]), write, 'a.ts')).toBe('allow');
  });

  it('is held by deny rules, by a default that denies and by permissiveDeny', async () => {
    expect(await kindOf(permissive([list({ deny: ['write'] })]), write, 'a.ts')).toBe('deny');
    expect(await kindOf(permissive([list({ default: 'deny' })]), write, 'a.ts')).toBe('deny');
    expect(await kindOf(permissive([list()], ['bash(rm:*)']), bash, 'x; rm y')).toBe('deny');
    expect(await kindOf(permissive([list()], ['bash(rm:*)']), bash, 'ls')).toBe('allow');
  });

  it('permissiveDeny denies when not permissive too', async () => {
    const permissions = permissionsOf([list({ allow: ['*'] })], { permissiveDeny: ['write'] });
    expect(await kindOf(permissions, write, 'a.ts')).toBe('deny');
  });
});

describe('reasons', () => {
  it('a denied call names the rule and whose it is', async () => {
    const permissions = permissionsOf([
      list({ allow: ['*'] }),
      limits({ deny: ['bash(rm:*)'] }, { from: 'the session' }),
    ]);
    const decision = await decide(permissions, bash, 'rm x');
    expect(decision).toMatchObject({ kind: 'deny', rule: 'bash(rm:*)' });
    expect(reasonOf(decision)).toContain('the rule "bash(rm:*)" of the session denies this call of bash');
  });

  it('of two that deny, the rule is named rather than the default', async () => {
    const permissions = permissionsOf([list({ default: 'deny' }), limits({ deny: ['write'] })]);
    expect(await decide(permissions, write, 'a')).toMatchObject({ kind: 'deny', rule: 'write' });
  });

  it('a default that denies says so, and names no rule', async () => {
    const decision = await decide(permissionsOf([list({ default: 'deny' }, { from: 'explore' })]), write, 'a');
    expect(decision).not.toHaveProperty('rule');
    expect(reasonOf(decision)).toContain('no rule allows this call of write, and the default of explore is deny');
  });

  it('an asked call names the rule that asks, or that none allows it', async () => {
    const byRule = await decide(permissionsOf([list({ ask: ['Write'] })]), write, 'a');
    expect(byRule).toEqual({ kind: 'ask', reason: 'the rule "Write" asks before write runs', rule: 'Write' });
    const byDefault = await decide(permissionsOf([list()]), write, 'a');
    expect(byDefault).toEqual({ kind: 'ask', reason: 'no rule allows this call of write' });
  });

  it('where nobody is there to ask, the call is denied with every way to change that', async () => {
    const permissions = permissionsOf([list()], { approvals: 'deny' });
    const decision = await decide(permissions, write, 'a');
    expect(decision.kind).toBe('deny');
    for (const part of [
      'nobody is there to ask',
      'confirm',
      "approvals: 'wait'",
      'permissive',
      'allow rule for write',
    ]) {
      expect(reasonOf(decision)).toContain(part);
    }
    const byRule = await decide(permissionsOf([list({ ask: ['write'] })], { approvals: 'deny' }), write, 'a');
    expect(byRule).toMatchObject({ kind: 'deny', rule: 'write' });
  });

  it('holds nothing of the arguments, which may be secret', async () => {
    for (const scope of [{ approvals: 'ask' }, { approvals: 'deny' }] as const) {
      expect(reasonOf(await decide(permissionsOf([list()], scope), bash, 'login hunter2'))).not.toContain('hunter2');
    }
  });
});

describe('"always"', () => {
  it.each([
    ['a path', read, 'src/a.ts', ['./src/a.ts', '/nowhere/workspace/src/a.ts'], ['src/b.ts', 'src', 'SRC/a.ts']],
    ['a command', bash, 'npm test', [' npm test '], ['npm test; rm x', 'npm  test']],
    ['a host', webFetch, 'example.org', ['EXAMPLE.org', 'example.org:443'], ['www.example.org', 'not a host']],
    ['arguments', deploy, { env: 'test' }, [{ env: 'test' }], [{ env: 'prod' }, {}]],
  ] as const)('on %s holds for exactly that one', async (_what, tool, input, alike, others) => {
    const permissions = permissionsOf([list()], { approvals: 'deny' });
    expect(await kindOf(permissions, tool, input)).toBe('deny');
    permissions.allowAlways({ tool, input });
    for (const each of [input, ...alike]) expect(await kindOf(permissions, tool, each)).toBe('allow');
    for (const each of others) expect(await kindOf(permissions, tool, each)).toBe('deny');
    expect(await kindOf(permissions, toolOf('other', 'path'), 'src/a.ts')).toBe('deny');
  });

  it('answers a rule that asks, but none that denies', async () => {
    const asking = permissionsOf([list({ ask: ['write'] })]);
    asking.allowAlways({ tool: write, input: 'a' });
    expect(await kindOf(asking, write, 'a')).toBe('allow');
    const denying = permissionsOf([list({ deny: ['write'] })]);
    denying.allowAlways({ tool: write, input: 'a' });
    expect(await kindOf(denying, write, 'a')).toBe('deny');
  });

  it('holds for every scope that shares its memory, and within one workspace', async () => {
    const always = createAlwaysMemory();
    permissionsOf([list()], { always }).allowAlways({ tool: bash, input: 'make' });
    expect(await kindOf(permissionsOf([list()], { always }), bash, 'make')).toBe('allow');
    expect(await kindOf(permissionsOf([list()]), bash, 'make')).toBe('ask');
    expect(await kindOf(permissionsOf([list()], { always, workspace: '/nowhere/else' }), bash, 'make')).toBe('ask');
  });

  it('is not remembered for arguments that JSON cannot hold', async () => {
    const permissions = permissionsOf([list()]);
    permissions.allowAlways({ tool: deploy, input: { size: 1n } });
    expect(await kindOf(permissions, deploy, { size: 1n })).toBe('ask');
  });
});

describe('a tool that misbehaves', () => {
  it.each([
    ['throws', () => Promise.reject(new Error('no subject')), 'no subject'],
    ['names an unknown kind', () => ({ kind: 'planet', path: 'x' }), 'neither'],
    ['gives a path that is no text', () => ({ kind: 'path', path: 7 }), 'path'],
  ])('whose subject %s is denied, even when all is allowed', async (_what, subject, problem) => {
    const untyped = (() => {
      const result: unknown = subject();
      if (result instanceof Promise) {
        result.catch(() => {});
        throw new Error('no subject');
      }
      return result;
    }) as NonNullable<typeof read.subject>; // wrong on purpose, as a tool written without types may be
    const permissions = permissionsOf([list({ allow: ['*'] })]);
    const odd = toolOf('odd', 'json', { subject: untyped });
    permissions.allowAlways({ tool: odd, input: {} });
    const decision = await decide(permissions, odd, {});
    expect(decision.kind).toBe('deny');
    expect(reasonOf(decision)).toContain(problem);
  });
});

describe('nothing that is added widens', () => {
  const STRICTNESS = { allow: 0, ask: 1, deny: 2, fail: 3 } as const;
  const rule = fc.constantFrom(
    '*',
    'read',
    'WRITE',
    'read(src/**)',
    'write(src/*.ts)',
    '*(**/.env)',
    '*(*)',
    'bash',
    'bash(rm:*)',
    'bash(npm test)',
    'web_fetch(*.example.org)',
    'deploy(*"prod"*)',
  );
  const rulesOf = fc.array(rule, { maxLength: 3 });
  const anyList: fc.Arbitrary<RuleList> = fc.record({
    rules: fc.record({ allow: rulesOf, deny: rulesOf, ask: rulesOf, default: fc.constantFrom('ask', 'deny') }),
    hasDefault: fc.boolean(),
  });
  const anyGranting = fc.tuple(anyList, fc.boolean()).map(([each, grants]): RuleList => ({ ...each, grants }));
  /** A definition's list, whose default counts, and others. */
  const anyLists = fc
    .tuple(anyList, fc.array(anyGranting, { maxLength: 2 }))
    .map(([first, rest]): RuleList[] => [{ ...first, hasDefault: true }, ...rest]);
  const anyCall = fc.constantFrom(
    ...([
      [read, 'src/a.ts'],
      [read, '.env'],
      [write, 'src/a.ts'],
      [write, '../x'],
      [bash, 'npm test'],
      [bash, 'npm test && rm x'],
      [webFetch, 'www.example.org'],
      [deploy, { env: 'prod' }],
    ] as const),
  );
  const anyScope = fc.record({
    permissive: fc.boolean(),
    permissiveDeny: rulesOf,
    approvals: fc.constantFrom('ask', 'deny'),
  });
  const runs = { numRuns: 1_000, seed: 1 };

  it('a list that does not grant never makes a decision less strict', async () => {
    await fc.assert(
      fc.asyncProperty(anyLists, anyList, anyCall, anyScope, async (lists, added, [tool, input], scope) => {
        const before = await kindOf(permissionsOf(lists, scope), tool, input);
        const after = await kindOf(permissionsOf([...lists, added], scope), tool, input);
        expect(STRICTNESS[after]).toBeGreaterThanOrEqual(STRICTNESS[before]);
      }),
      runs,
    );
  });

  it('a rule that denies never makes a decision less strict, and one that covers the call denies it', async () => {
    await fc.assert(
      fc.asyncProperty(anyLists, rule, anyCall, anyScope, async (lists, added, [tool, input], scope) => {
        const [first = list(), ...rest] = lists;
        const stricter = { ...first, rules: { ...first.rules, deny: [...first.rules.deny, added] } };
        const before = await kindOf(permissionsOf(lists, scope), tool, input);
        const after = await kindOf(permissionsOf([stricter, ...rest], scope), tool, input);
        expect(STRICTNESS[after]).toBeGreaterThanOrEqual(STRICTNESS[before]);
        const allowed = (await kindOf(permissionsOf([list({ allow: [added] })]), tool, input)) === 'allow';
        if (allowed) expect(after).toBe('deny'); // a guard covers at least what a grant does
      }),
      runs,
    );
  });
});
