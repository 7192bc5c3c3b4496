import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compilePermissions, type PermissionScope } from '../../../src/activities/permissions/index.js';
import { defineTool } from '../../../src/activities/tools/index.js';
import type { PermissionRules } from '../../../src/domain/permission.js';

const none: PermissionRules = { allow: [], deny: [], ask: [], default: 'deny' };
const scope = (rules: Partial<PermissionRules>, more: Partial<PermissionScope> = {}) =>
  compilePermissions({
    rules: [{ rules: { ...none, ...rules }, hasDefault: true }],
    permissive: false,
    permissiveDeny: [],
    workspace: '/',
    approvals: 'ask',
    ...more,
  });
const define = (name: string) =>
  defineTool({
    name,
    description: 'x',
    input: z.object({ path: z.string() }),
    run: () => '',
  });
const echo = { tool: define('echo'), input: { path: 'a' } };

describe('a call that the rules alone allow', () => {
  it('is allowed at once when its tool is, or these arguments are', () => {
    expect(scope({ allow: ['echo'] }).allowsAtOnce(echo)).toBe(true);
    expect(scope({ allow: ['echo(*"a"*)'] }).allowsAtOnce(echo)).toBe(true);
    expect(scope({ default: 'ask' }, { permissive: true }).allowsAtOnce(echo)).toBe(true);
  });

  it('is never allowed at once against a rule or a default that denies or asks', () => {
    expect(scope({}).allowsAtOnce(echo)).toBe(false);
    expect(scope({ default: 'ask' }).allowsAtOnce(echo)).toBe(false);
    expect(scope({ allow: ['echo'], deny: ['echo(*"a"*)'] }).allowsAtOnce(echo)).toBe(false);
    expect(scope({ allow: ['echo'] }, { permissiveDeny: ['echo'] }).allowsAtOnce(echo)).toBe(false);
    expect(scope({ allow: ['echo(*"b"*)'] }).allowsAtOnce(echo)).toBe(false);
  });

  it('is left to a decision of its own when its path has to be looked up, or its subject cannot be told', () => {
    const read = {
      ...define('read'),
      subject: () => ({ kind: 'path', path: 'a' }) as const,
    };
    const broken = {
      ...define('broken'),
      subject: () => {
        throw new Error('no');
      },
    };
    expect(scope({ allow: ['read'] }).allowsAtOnce({ tool: read, input: {} })).toBe(false);
    expect(scope({ allow: ['broken'] }).allowsAtOnce({ tool: broken, input: {} })).toBe(false);
  });
});
