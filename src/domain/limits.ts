/** The numbers that bound a run, each in one place. Durations in ms, sizes in bytes or characters as named. */

export const DEFAULT_MAX_CONCURRENT_SUBAGENTS = 50;
export const DEFAULT_EVENT_BUFFER_SIZE = 1000;
export const DEFAULT_CONTROL_BUFFER_SIZE = 100;
export const DEFAULT_KEEP_ENDED = 1000;
export const DEFAULT_MAX_DEPTH = 3;
export const DEFAULT_PASSIVATE_AFTER_MS = 60_000;
export const DEFAULT_CONFIRM_TIMEOUT_MS = 60_000;
/** Steps of one session that run at once. */
export const DEFAULT_MAX_PARALLEL_TASKS = 8;
/** Of `metadata`, as JSON. */
export const MAX_METADATA_CHARACTERS = 65_536;
/** Levels of objects and lists in `metadata`. */
export const MAX_METADATA_DEPTH = 64;

/** Calls of one turn that run; the rest are answered as not run. */
export const MAX_CALLS_PER_TURN = 64;
/** Read-only tools of one turn that run side by side. */
export const MAX_PARALLEL_TOOLS = 8;
/** Malformed tool calls in a row that end a run. */
export const MAX_MALFORMED_CALLS = 3;
/** Tool output above this is cut in the middle. */
export const MAX_TOOL_OUTPUT_BYTES = 100_000;
/** When a store that failed is tried again; twice as long each time, up to the longest. */
export const FIRST_STORE_RETRY_MS = 1_000;
export const MAX_STORE_RETRY_MS = 30_000;
/** How long asynchronous refinements of a schema may take over the arguments of a call, or over an answer. */
export const MAX_CHECK_MS = 10_000;
/** Of what a tool keeps of a call in case of a crash, as JSON; more is not kept. */
export const MAX_TOOL_NOTE_BYTES = 4_096;
/** Of one glob, a model's or a rule's. */
export const MAX_GLOB_CHARACTERS = 1_000;
/** Globs that the braces of one may stand for. */
export const MAX_GLOB_ALTERNATIVES = 100;

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

/** Of an output schema, written as JSON. */
export const MAX_OUTPUT_SCHEMA_CHARACTERS = 100_000;
/** Levels of objects and lists in an output schema. */
export const MAX_OUTPUT_SCHEMA_DEPTH = 64;
/** Levels of objects and lists in a structured answer. */
export const MAX_STRUCTURED_DEPTH = 100;
/** A longer text is an answer only if all of it is JSON. */
export const MAX_PROSE_CHARACTERS = 200_000;
/** How long one check of an answer against a JSON Schema may hold the process, in real time. */
export const MAX_SCHEMA_CHECK_MS = 1_000;
/** What is wrong with a structured answer, as it is told to the model. */
export const MAX_PROBLEMS_CHARACTERS = 2_000;
export const MAX_PROBLEMS = 10;
/** Requests of one run to mend an answer that does not have its form. */
export const DEFAULT_REPAIRS = 2;
export const MAX_REPAIRS = 5;

/** For estimates, where no provider has counted. */
export const CHARACTERS_PER_TOKEN = 4;
/** What the first answer of a subagent is expected to take of a budget. */
export const EXPECTED_ANSWER_TOKENS = 1_000;
/** How long a request waits while others may use up a budget, before it looks again. */
export const BUDGET_RECHECK_MS = 250;

/** How often the holder of a lease shows other machines that it lives. */
export const LEASE_HEARTBEAT_MS = 5_000;
/** A holder on another machine that was silent for so long has lost its lease. */
export const LEASE_STALE_MS = 15_000;
/** Files that a store works on at once; a few more than what Node does at once. */
export const MAX_STORE_FILES = 16;
