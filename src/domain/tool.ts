/** The port to tools: what a model may call. */

import type { Clock } from './clock.js';
import type { JsonValue } from './json.js';
import type { JsonSchema, StandardSchema } from './schema.js';

export const TASK_STATUSES = ['pending', 'in_progress', 'completed'] as const;

/** One entry of a subagent's own task list. */
export interface Task {
  readonly content: string;
  readonly status: (typeof TASK_STATUSES)[number];
}

/** How far a tool is. */
export interface Progress {
  readonly step: number;
  readonly totalSteps?: number;
  readonly message: string;
}

/** What a running tool may use. Everything a tool emits is published at once and belongs to its call. */
export interface ToolContext {
  readonly subagentId: string;
  readonly toolId: string;
  /** Aborts when the call must stop: cancel, timeout, close. */
  readonly signal: AbortSignal;
  /** Absolute path of the folder that file tools are confined to. */
  readonly workspace: string;
  readonly clock: Clock;
  /** Publishes a `tool_output_delta`. */
  emit(text: string): void;
  /** Publishes a `subagent_progress`. */
  progress(progress: Progress): void;
  /** Replaces the subagent's task list and publishes `tasks_updated`. */
  setTasks(tasks: readonly Task[]): void;
  /**
   * Waits for other subagents, such as children that this tool has spawned: meanwhile the slot of its own subagent is lent to
   * whoever is next, and it is taken back before this settles. Without it, a tool that waits in a full house waits for ever.
   */
  awaitChildren<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Hashes of files as this subagent last saw them, by resolved path: how `edit` knows that a file has changed since. */
  readonly filesSeen: Map<string, string>;
  /**
   * Whether a rule opens this place in `.git` or `.troupe` to this tool; absent: none does. For tools that write: ask for the
   * real place of what is open, relative to the workspace.
   */
  mayWriteProtected?(place: string): Promise<boolean>;
}

/** What a call's arguments are judged by: rules are held against this text. */
export type PermissionSubject =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'host'; readonly host: string };

export interface Tool {
  readonly name: string;
  readonly description: string;
  /** Validates the arguments before `run`. */
  readonly input: StandardSchema;
  /** What the model is shown of `input`. */
  readonly parameters: JsonSchema;
  /** Changes nothing: may run beside others and again after a crash. */
  readonly readOnly: boolean;
  /** May run twice with the effect of once. */
  readonly idempotent: boolean;
  /** Absent: rules are held against the arguments as JSON. Called with arguments that passed `input`. */
  subject?(input: unknown): PermissionSubject;
  /** A string, a `ToolReply`, or an object, which is told to the model as JSON. What it throws is told as a failure. */
  run(input: unknown, context: ToolContext): Promise<unknown>;
  /**
   * Asked just before `run`; what it gives is on disk before `run` begins, and is handed to `recover` after a crash. Facts to
   * compare with, such as hashes or ids: at most 4,096 bytes of JSON, no content and no secret.
   */
  note?(input: unknown, context: ToolContext): Promise<JsonValue>;
  /**
   * Asked in place of `run` for a call that a crash cut off: whether its effect is there. It changes nothing of it.
   *
   * @param note Undefined: `note` is missing, failed or gave too much.
   */
  recover?(input: unknown, note: JsonValue | undefined, context: ToolContext): Promise<ToolRecovery>;
}

/**
 * What a tool finds out about a call that a crash cut off: the reply, where the effect is there, told to the model as if it had
 * just come; `not_begun`, where it surely is not, so that the call is decided and run like a new one; else `unknown`.
 */
export type ToolRecovery = ToolReply | 'not_begun' | 'unknown';

/** A tool's answer with more than text. */
export class ToolReply {
  readonly output: string;
  readonly exitCode?: number;
  readonly isError: boolean;

  constructor(output: string, details: { readonly exitCode?: number; readonly isError?: boolean } = {}) {
    this.output = output;
    if (details.exitCode !== undefined) this.exitCode = details.exitCode;
    this.isError = details.isError ?? false;
  }
}

export function isTool(value: unknown): value is Tool {
  if (typeof value !== 'object' || value === null) return false;
  const tool = value as Partial<Tool>;
  return typeof tool.name === 'string' && typeof tool.run === 'function' && typeof tool.parameters === 'object';
}
