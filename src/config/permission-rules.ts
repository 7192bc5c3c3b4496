/** How the rules of permissions are written in a config. What they match is decided where calls are judged. */

import { z } from 'zod';
import type { PermissionRules } from '../domain/permission.js';
import { block } from './config-schema.js';

const rule = z.string().regex(/^\s*[\w*.-]+\s*(\([\s\S]*\)\s*)?$/, 'expected a rule: Tool or Tool(pattern)');
const rules = z.array(rule).readonly().default([]);

/** `default`, of calls that no rule names, is `ask`. */
export const PermissionRulesConfig = block({
  allow: rules,
  deny: rules,
  ask: rules,
  default: z.enum(['ask', 'deny']).default('ask'),
});
export type PermissionRulesConfig = z.input<typeof PermissionRulesConfig>;

/** Tools that change nothing, run nothing and stay on this machine. */
export const READ_ONLY_TOOLS = ['read', 'grep', 'glob', 'ls', 'todo', 'skill'] as const;

/** Reading is allowed; everything else is asked, or denied. */
export function readOnlyPermissions(otherwise: PermissionRules['default']): PermissionRules {
  return { allow: READ_ONLY_TOOLS, deny: [], ask: [], default: otherwise };
}
