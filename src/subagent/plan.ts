/** Everything that is settled about a subagent before it starts. */

import type { SubagentInput } from '../../machines/index.js';
import type { OutputForm } from '../activities/llm/index.js';
import type { PermissionScope, Permissions } from '../activities/permissions/index.js';
import type { ResolvedSubAgentConfig } from '../config/index.js';
import type { AgentDefinition } from '../domain/agent.js';
import type { Budget } from '../domain/budget.js';
import type { Clock } from '../domain/clock.js';
import type { TroupeError } from '../domain/errors.js';
import { MAX_PARALLEL_TOOLS } from '../domain/limits.js';
import type { ModelProvider, ToolSpec } from '../domain/model.js';
import type { Confirm } from '../domain/permission.js';
import type { Redact } from '../domain/redact.js';
import type { Tool } from '../domain/tool.js';
import type { EventHub } from '../events/index.js';

/** What bounds the calls of a subagent and of all below it. */
export type PermissionBounds = Pick<PermissionScope, 'rules' | 'permissive' | 'permissiveDeny'>;

export interface SubagentPlan {
  readonly id: string;
  readonly parentId?: string;
  /** 0 for one that a caller spawned. */
  readonly depth: number;
  readonly config: ResolvedSubAgentConfig;
  readonly definition: AgentDefinition;
  readonly model: ModelProvider;
  /** The system prompt. */
  readonly system: string;
  readonly tools: ReadonlyMap<string, Tool>;
  /** What the model is shown of the tools. */
  readonly toolSpecs: readonly ToolSpec[];
  readonly permissions: Permissions;
  readonly bounds: PermissionBounds;
  /** Absolute. */
  readonly workspace: string;
  readonly maxSteps: number;
  /** Of the final answer. */
  readonly form?: OutputForm;
  /** Its own, else that of its parent, else the orchestrator's; what it spends counts in all of them. */
  readonly budget?: Budget;
}

/** What all subagents of one orchestrator share. */
export interface SubagentEnvironment {
  /** Tells the subagents of this orchestrator from those of others that ask the same provider. */
  readonly runId: string;
  readonly hub: EventHub;
  readonly clock: Clock;
  /** Between 0 and 1, for the jitter of retries. */
  readonly random: () => number;
  readonly confirm?: Confirm;
  /** How long a question to a person stays open, in ms; `null`: no limit. */
  readonly approvalMs: number | null;
  /** Runs work of a tool that waits for other subagents: its own one's slot is lent meanwhile. */
  awaitChildren<Result>(id: string, toolId: string, work: () => Promise<Result>): Promise<Result>;
  /** Whether it may run: how many run at once is bounded. */
  hasSlot(id: string): boolean;
  readonly redact: Redact;
  onError(error: TroupeError): void;
}

/** What its chart starts from. */
export function chartInput(plan: SubagentPlan, { approvalMs }: SubagentEnvironment): SubagentInput {
  return {
    id: plan.id,
    maxSteps: plan.maxSteps,
    maxParallelTools: MAX_PARALLEL_TOOLS,
    timeoutMs: plan.config.timeoutMs ?? null,
    approvalMs,
  };
}
