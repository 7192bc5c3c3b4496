/** What a caller says of a session. */

import { z } from 'zod';
import { DEFAULT_MAX_PARALLEL_TASKS } from '../domain/limits.js';
import { toolsOption } from './agent-options.js';
import { issuesOf, parseValue, strict } from './config-schema.js';
import { confirmOption, OrchestratorConfig } from './orchestrator-config.js';
import { PermissionRulesConfig } from './permission-rules.js';

/** Checked like the whole config, and left without defaults: what is absent is the session's to choose. */
const orchestratorOptions = z.custom<Partial<OrchestratorConfig>>().superRefine((value, context) => {
  const parsed = OrchestratorConfig.safeParse(value);
  for (const { path, message } of parsed.error ? issuesOf(parsed.error) : [])
    context.addIssue({ code: 'custom', path: [...path], message });
});

export const SessionOptions = strict({
  /** Own tools of this session, beside the agent's. */
  tools: toolsOption.default([]),
  /** Answers what would be asked with yes, for every step that does not say otherwise; deny rules still hold. */
  permissive: z.boolean().default(false),
  /** Held beside the agent's and each definition's. */
  permissions: PermissionRulesConfig.optional(),
  confirm: confirmOption.optional(),
  /** Without a `confirm`: say no at once, or wait for `approve` and `deny`. */
  approvals: OrchestratorConfig.shape.approvals.unwrap().optional(),
  /** How long a question may stay unanswered, in ms; 60,000 where a `confirm` is set, else no limit. */
  confirmTimeoutMs: OrchestratorConfig.shape.confirmTimeoutMs,
  /** Name of a model of the agent, for every step that does not name one. */
  model: z.string().min(1).optional(),
  /** Steps that run at once; the rest queue. */
  maxParallelTasks: z.int().positive().default(DEFAULT_MAX_PARALLEL_TASKS),
  /** Of all its subagents together. */
  budget: OrchestratorConfig.shape.budget,
  /** Keeps the work: for `orchestrator.restore()` and `parallelResumable`. */
  sessionStore: OrchestratorConfig.shape.store,
  /** Scopes ids, leases and `restore()` within the store. */
  sessionId: z.string().min(1).optional(),
  /** What becomes of a call that a crash cut off and that may not simply run again. */
  onInterrupted: OrchestratorConfig.shape.onInterrupted.unwrap().optional(),
  /** When the store cannot write: hold and try again, end with `store_io`, or go on unsaved. */
  onPersistError: OrchestratorConfig.shape.onPersistError.unwrap().optional(),
  bus: OrchestratorConfig.shape.bus,
  orchestrator: orchestratorOptions.optional(),
});
export type SessionOptions = z.input<typeof SessionOptions>;
/** With the defaults filled in, save those of `orchestrator`. */
export type ResolvedSessionOptions = z.output<typeof SessionOptions>;

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseSessionOptions(value: unknown): ResolvedSessionOptions {
  return parseValue(SessionOptions, value, 'SessionOptions');
}
