/** The door of permissions: whether a call may run, decided by rules, and what a person's answer counts as. */

export { type AlwaysMemory, createAlwaysMemory } from './always-memory.js';
export {
  compilePermissions,
  type PermissionCall,
  type PermissionScope,
  type Permissions,
} from './compile-permissions.js';
export { answerByConfirm } from './confirm.js';
export type { RuleList } from './rule-list.js';
