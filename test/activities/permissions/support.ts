/** Tools and scopes as the tests of permissions need them. */

import {
  compilePermissions,
  type PermissionScope,
  type Permissions,
  type RuleList,
} from '../../../src/activities/permissions/index.js';
import type { Decision, PermissionRules } from '../../../src/domain/permission.js';
import type { PermissionSubject, Tool } from '../../../src/domain/tool.js';

type Kind = PermissionSubject['kind'] | 'json';
type Traits = Partial<Pick<Tool, 'readOnly' | 'idempotent' | 'subject'>>;

/** A tool whose input is its subject's text (`json`: any value). */
export function toolOf(name: string, kind: Kind, traits: Traits = {}): Tool {
  return {
    name,
    description: name,
    input: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
    parameters: {},
    readOnly: false,
    idempotent: false,
    ...(kind === 'json' ? {} : { subject: (input: unknown) => subjectOf(kind, String(input)) }),
    run: () => Promise.reject(new Error('permissions never run a tool')),
    ...traits,
  };
}

function subjectOf(kind: PermissionSubject['kind'], text: string): PermissionSubject {
  if (kind === 'path') return { kind, path: text };
  return kind === 'command' ? { kind, command: text } : { kind, host: text };
}

export const read = toolOf('read', 'path', { readOnly: true });
export const write = toolOf('write', 'path');
export const bash = toolOf('bash', 'command');
export const webFetch = toolOf('web_fetch', 'host', { readOnly: true });
export const deploy = toolOf('deploy', 'json');

export function rules(partial: Partial<PermissionRules> = {}): PermissionRules {
  return { allow: [], deny: [], ask: [], default: 'ask', ...partial };
}

/** A list whose default counts, unless it says otherwise. */
export function list(partial: Partial<PermissionRules> = {}, traits: Partial<Omit<RuleList, 'rules'>> = {}): RuleList {
  return { rules: rules(partial), hasDefault: true, ...traits };
}

/** Rules without an opinion on what they do not cover. */
export function limits(partial: Partial<PermissionRules>, traits: Partial<Omit<RuleList, 'rules'>> = {}): RuleList {
  return list(partial, { hasDefault: false, ...traits });
}

/** Somebody is there to ask, in a workspace that does not exist, unless it says otherwise. */
export function permissionsOf(lists: readonly RuleList[], scope: Partial<PermissionScope> = {}): Permissions {
  const defaults = {
    permissive: false,
    permissiveDeny: [],
    workspace: '/nowhere/workspace',
    approvals: 'ask',
  } as const;
  return compilePermissions({ ...defaults, rules: lists, ...scope });
}

export function decide(permissions: Permissions, tool: Tool, input: unknown, interrupted = false): Promise<Decision> {
  return permissions.decide({ tool, args: input, input, interrupted });
}

export async function kindOf(permissions: Permissions, tool: Tool, input: unknown): Promise<Decision['kind']> {
  return (await decide(permissions, tool, input)).kind;
}
