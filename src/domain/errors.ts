/** Which errors there are: one base class, a closed list of codes, and what a caller can do about each. */

const FAMILIES = {
  fix_the_call: [
    'config_invalid',
    'unknown_agent',
    'unknown_subagent',
    'concurrency_limit',
    'wrong_state',
    'workflow_mismatch',
    'closed',
  ],
  try_again: ['model_unavailable', 'rate_limited', 'workflow_busy', 'bus_unavailable', 'store_io', 'lease_lost'],
  ran_and_failed: [
    'bad_response',
    'model_auth',
    'quota_exceeded',
    'model_refused',
    'context_overflow',
    'output_limit',
    'tool_failed',
    'stage_failed',
    'permission_denied',
    'max_steps',
    'timeout',
    'structured_output',
    'budget_exceeded',
    'store_corrupt',
    'store_version',
  ],
  stopped_on_purpose: ['cancelled'],
  our_defect: ['bug'],
} as const;

export type ErrorFamily = keyof typeof FAMILIES;
export type TroupeErrorCode = (typeof FAMILIES)[ErrorFamily][number];

/** An error as it travels in outcomes and events: never a stack, never a secret. */
export interface ErrorInfo {
  readonly code: TroupeErrorCode;
  readonly message: string;
}

const familyByCode = new Map<string, ErrorFamily>(
  Object.entries(FAMILIES).flatMap(([family, codes]) => codes.map((code) => [code, family as ErrorFamily] as const)),
);

/** What a caller can do about an error of this code. */
export function familyOf(code: TroupeErrorCode): ErrorFamily {
  return familyByCode.get(code) ?? 'our_defect';
}

/** Base of every error this library throws or rejects with. Switch on `code`; the message is for people. */
export class TroupeError extends Error {
  override readonly name: string = 'TroupeError';
  readonly code: TroupeErrorCode;

  constructor(code: TroupeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `rate_limited`: the provider asked for a pause. */
export class RateLimitedError extends TroupeError {
  /** How long the provider asked to wait, in ms; absent where it did not say. */
  readonly retryAfterMs?: number;

  constructor(message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super('rate_limited', message, options);
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** Whether it is one of the codes above: errors also come from outside, where types hold nobody. */
export function isErrorCode(code: unknown): code is TroupeErrorCode {
  return typeof code === 'string' && familyByCode.has(code);
}

/**
 * The plain form of anything thrown; what is not a `TroupeError` of a known code is a defect (`bug`) unless `otherwise` names a code.
 * Never throws.
 */
export function toErrorInfo(cause: unknown, otherwise: TroupeErrorCode = 'bug'): ErrorInfo {
  return { code: codeOf(cause) ?? otherwise, message: messageOf(cause) };
}

/** What anything thrown says. Never throws: an own error may have getters or be a proxy. */
export function messageOf(cause: unknown): string {
  try {
    if (cause instanceof Error) return textIn(cause.message) ?? textIn(cause.name) ?? 'unknown error';
    return String(cause);
  } catch {
    return 'unknown error'; // it cannot be read, or has no usable toString
  }
}

function codeOf(cause: unknown): TroupeErrorCode | undefined {
  try {
    return cause instanceof TroupeError && isErrorCode(cause.code) ? cause.code : undefined;
  } catch {
    return undefined;
  }
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
