import { describe, expect, it } from 'vitest';
import type { PermissionScope, RuleList } from '../../../src/activities/permissions/index.js';
import type { Decision } from '../../../src/domain/permission.js';
import { bash, decide, list, permissionsOf, read, toolOf, write } from './support.js';

const reasonOf = (decision: Decision) => (decision.kind === 'allow' ? '' : decision.reason);
const all = list({ allow: ['*'] });

describe('a call that a crash cut off', () => {
  const settled = toolOf('put', 'path', { idempotent: true });

  it.each([
    ['allowed', [all], {}],
    ['permissive', [list()], { permissive: true }],
    ['asked', [list()], {}],
    ['allowed, with nobody to ask', [all], { approvals: 'deny' }],
  ] as const)(
    'is reported to the model when it changes something, also where it is %s',
    async (_what, lists, scope) => {
      for (const permissions of [
        permissionsOf(lists, scope),
        permissionsOf(lists, { ...scope, onInterrupted: 'report' }),
      ]) {
        const decision = await decide(permissions, bash, 'make', true);
        expect(decision.kind).toBe('deny');
        expect(reasonOf(decision)).toMatch(/unknown.*not run again.*check.*before you repeat it/s);
      }
    },
  );

  it.each(['report', 'ask', 'rerun', 'fail'] as const)(
    'is decided as usual under %j when the tool is read-only or idempotent, and when it was not cut off',
    async (onInterrupted) => {
      const [allowing, asking] = [permissionsOf([all], { onInterrupted }), permissionsOf([list()], { onInterrupted })];
      for (const tool of [read, settled]) {
        expect(await decide(allowing, tool, 'a', true)).toEqual({ kind: 'allow' });
        expect((await decide(asking, tool, 'a', true)).kind).toBe('ask');
      }
      expect(await decide(allowing, write, 'a')).toEqual({ kind: 'allow' });
    },
  );

  it('stays denied by a rule, and is told that its outcome is unknown', async () => {
    for (const onInterrupted of ['report', 'ask', 'rerun'] as const) {
      const permissions = permissionsOf([list({ deny: ['write'] })], { onInterrupted, permissive: true });
      const decision = await decide(permissions, write, 'a', true);
      expect(decision).toMatchObject({ kind: 'deny', rule: 'write' });
      expect(reasonOf(decision)).toContain('unknown');
    }
  });
});

describe("onInterrupted: 'ask'", () => {
  const asking = (lists: readonly RuleList[], scope: Partial<PermissionScope> = {}) =>
    permissionsOf(lists, { ...scope, onInterrupted: 'ask' });

  it.each([
    ['allowed', asking([all])],
    ['permissive', asking([list()], { permissive: true })],
    ['asked anyway', asking([list()])],
  ])('asks, also where the call is %s', async (_what, permissions) => {
    const decision = await decide(permissions, write, 'a', true);
    expect(decision.kind).toBe('ask');
    expect(reasonOf(decision)).toContain('unknown');
  });

  it('asks although such calls were allowed for always', async () => {
    const permissions = asking([list()]);
    permissions.allowAlways({ tool: write, input: 'a' });
    expect((await decide(permissions, write, 'a', true)).kind).toBe('ask');
    expect((await decide(permissions, write, 'a')).kind).toBe('allow');
  });

  it('reports to the model where nobody is there to ask', async () => {
    for (const permissive of [true, false]) {
      const decision = await decide(asking([all], { approvals: 'deny', permissive }), bash, 'make', true);
      expect(decision.kind).toBe('deny');
      expect(reasonOf(decision)).toMatch(/unknown.*not run again.*nobody.*check/s);
    }
  });
});

describe("onInterrupted: 'rerun'", () => {
  it('decides as usual: by rules, an earlier "always", and a question', async () => {
    const rerun = { onInterrupted: 'rerun' } as const;
    expect(await decide(permissionsOf([all], rerun), write, 'a', true)).toEqual({ kind: 'allow' });
    const permissions = permissionsOf([list()], rerun);
    expect((await decide(permissions, write, 'a', true)).kind).toBe('ask');
    permissions.allowAlways({ tool: write, input: 'a' });
    expect((await decide(permissions, write, 'a', true)).kind).toBe('allow');
    expect((await decide(permissionsOf([list()], { ...rerun, approvals: 'deny' }), write, 'a', true)).kind).toBe(
      'deny',
    );
  });
});

describe("onInterrupted: 'fail'", () => {
  it('ends the subagent, whatever the rules say of the call', async () => {
    for (const rules of [{ allow: ['*'] }, { deny: ['*'] }, {}]) {
      const permissions = permissionsOf([list(rules)], { onInterrupted: 'fail' });
      const decision = await decide(permissions, write, 'a', true);
      expect(decision.kind).toBe('fail');
      expect(reasonOf(decision)).toMatch(/write: .*unknown.*onInterrupted/s);
    }
  });
});
