/** The numbers that bound a run, each in one place. Durations in ms, sizes in bytes or characters as named. */

export const DEFAULT_MAX_CONCURRENT_SUBAGENTS = 50;
export const DEFAULT_EVENT_BUFFER_SIZE = 1000;
export const DEFAULT_CONTROL_BUFFER_SIZE = 100;
export const DEFAULT_KEEP_ENDED = 1000;
export const DEFAULT_MAX_DEPTH = 3;
export const DEFAULT_CONFIRM_TIMEOUT_MS = 60_000;

/** Calls of one turn that run; the rest are answered as not run. */
export const MAX_CALLS_PER_TURN = 64;
/** Read-only tools of one turn that run side by side. */
export const MAX_PARALLEL_TOOLS = 8;
/** Malformed tool calls in a row that end a run. */
export const MAX_MALFORMED_CALLS = 3;
/** Tool output above this is cut in the middle. */
export const MAX_TOOL_OUTPUT_BYTES = 100_000;

export const DEFAULT_MAX_RETRIES = 3;
/** A longer `Retry-After` is not waited for. */
export const MAX_RETRY_AFTER_MS = 60_000;
export const DEFAULT_FIRST_BYTE_TIMEOUT_MS = 60_000;
export const DEFAULT_IDLE_TIMEOUT_MS = 60_000;
export const DEFAULT_TURN_TIMEOUT_MS = 600_000;
/** How long usage is awaited after the finish reason. */
export const USAGE_GRACE_MS = 2_000;
export const DEFAULT_MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
export const MAX_LINE_BYTES = 1024 * 1024;
/** Text of a provider's error that is passed on. */
export const MAX_PROVIDER_TEXT = 500;
