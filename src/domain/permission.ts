/** The words of permissions: rules as people write them, requests as people answer them. */

/** Rules are `Tool` or `Tool(pattern)`; checked deny, allow, ask, then `default`. */
export interface PermissionRules {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  readonly default: 'ask' | 'deny';
}

export type Decision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny'; readonly reason: string; readonly rule?: string }
  | { readonly kind: 'ask'; readonly reason: string; readonly rule?: string }
  | { readonly kind: 'fail'; readonly reason: string };

/**
 * What becomes of a call that a crash cut off, where neither its tool is read-only or idempotent nor anybody knows whether it
 * took effect. `report`: the model is told so, and the call is not run again; `ask`: a person decides; `rerun`: decided by the
 * rules like a new call; `fail`: the subagent ends with `tool_failed`.
 */
export type OnInterrupted = 'report' | 'ask' | 'rerun' | 'fail';

/** A question to a person about one call. */
export interface PermissionRequest {
  readonly requestId: string;
  readonly subagentId: string;
  readonly agentType: string;
  readonly toolId: string;
  readonly toolName: string;
  readonly args: unknown;
  /** Why it is asked. */
  readonly reason: string;
  /** The rule that asks; absent when the default does. */
  readonly rule?: string;
  /** Ms since the epoch; after it the answer is no. */
  readonly expiresAt?: number;
}

/** `always`: allow this call, and every like one for the rest of the session. */
export type ConfirmAnswer = 'allow' | 'always' | 'deny';
export type Confirm = (request: PermissionRequest) => ConfirmAnswer | Promise<ConfirmAnswer>;
/** Without a `confirm`: say no at once, or wait for `approve` and `deny`. */
export type Approvals = 'deny' | 'wait';
