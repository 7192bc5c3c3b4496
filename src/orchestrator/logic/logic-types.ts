/** What users of an actor logic see of it: its input, its snapshots, and the events that it takes. */

import type { ActorLogic, AnyActorRef, Snapshot } from 'xstate';
import type { SubAgentLogicInput } from '../../config/index.js';
import type { Activity } from '../../domain/activity.js';
import type { LifecycleState } from '../../domain/lifecycle.js';
import type { SubAgentInfo, SubAgentOutcome } from '../../domain/outcome.js';
import type { AgentEvent } from '../../events/index.js';

/** A call that waits for `APPROVE` or `DENY`. */
export interface OpenRequest {
  readonly requestId: string;
  readonly toolId: string;
  readonly toolName: string;
  readonly args: unknown;
  readonly reason: string;
}

/** Plain JSON. Renewed at each boundary of the work, never by a delta. */
export interface SubAgentLogicContext {
  readonly state: LifecycleState;
  readonly activity: Activity;
  /** Oldest first. */
  readonly requests: readonly OpenRequest[];
  /** Present once it is spawned, which is in the next microtask, or when the store has answered. */
  readonly info?: SubAgentInfo;
  /** Present where a store keeps the work, under this name. */
  readonly runId?: string;
}

export type SubAgentLogicSnapshot<Structured = unknown> = Snapshot<SubAgentOutcome<Structured>> & {
  readonly context: SubAgentLogicContext;
  /** As it was given. */
  readonly input: unknown;
};

/** What its actor may be sent. A signal that does not apply is told by `control_signal_applied` with `accepted: false`. */
export type SubAgentLogicEvent =
  | { readonly type: 'PAUSE' }
  | { readonly type: 'RESUME' }
  | { readonly type: 'CANCEL'; readonly reason?: string; readonly cascade?: boolean }
  | { readonly type: 'STEER'; readonly message: string }
  | { readonly type: 'APPROVE'; readonly requestId: string }
  | { readonly type: 'DENY'; readonly requestId: string; readonly reason?: string };

/** Made by `agent.logic` and `session.logic`. */
export type SubAgentLogic<Structured = unknown, Input = SubAgentLogicInput> = ActorLogic<
  SubAgentLogicSnapshot<Structured>,
  SubAgentLogicEvent,
  Input,
  AnyActorRef['system'],
  AgentEvent
>;
