/** What the subagent chart takes in, keeps, sends and gives back. Context is small plain JSON: transcripts lie beside it. */

import type { ErrorInfo } from '../src/domain/errors.js';
import type { EndCause, FinalState, Pauser } from '../src/domain/lifecycle.js';
import type { Decision } from '../src/domain/permission.js';
import type { Interrupted } from './interruptible.js';

/** A call that may run, as the model activity prepared it. */
export interface PlannedCall {
  readonly callId: string;
  readonly name: string;
  /** As readers may see them: redacted. */
  readonly args: unknown;
  /** Not read-only: runs with no other beside it, and waits for every earlier call of its turn. */
  readonly alone: boolean;
  /** The rules alone allow it, so that it needs no decision of its own. One that a crash cut off is decided anew all the same. */
  readonly isAllowed?: boolean;
}

/**
 * `undecided -> deciding -> ready | asking`, `asking -> ready`, `ready -> running`. A call that was answered, refused or
 * denied leaves the list; one that was cut off by a crash is `undecided` again.
 */
export type CallStatus = 'undecided' | 'deciding' | 'asking' | 'ready' | 'running';

export interface Call extends PlannedCall {
  readonly status: CallStatus;
  /** A crash hit it while it ran. */
  readonly interrupted: boolean;
  /** How often a person was asked about it: each asking has its own request id. */
  readonly askedCount: number;
  readonly reason: string | null;
}

export interface ModelTurnResult {
  readonly kind: 'turn';
  readonly text: string;
  /** The model asked for nothing more. */
  readonly answered: boolean;
  readonly truncated: boolean;
  readonly calls: readonly PlannedCall[];
  /** Malformed calls after the last good one of this turn. */
  readonly malformedCount: number;
  /** A good call stood among them, so that malformed ones of earlier turns no longer count. */
  readonly malformedReset: boolean;
}

/** The request is to be made again after a while. */
export interface RetryLater {
  readonly kind: 'retry_later';
  readonly delayMs: number;
  /** False when nothing was sent yet, such as while the provider's shared limiter holds everyone back. */
  readonly countsAsAttempt: boolean;
}

/** The output itself is in the transcript, not here. `held`: it was paused before the tool was called, so it is ready again. */
export interface ToolSettled {
  readonly kind: 'settled' | 'held';
}

/** `done`: a crash had cut the call off, and its tool found that it was done. */
export type Decided = Decision | { readonly kind: 'done' };

export interface RequestLlmInput {
  readonly id: string;
  /** 1 for the first. */
  readonly turn: number;
  readonly attempt: number;
}

export interface CallInput {
  readonly id: string;
  readonly call: PlannedCall;
  readonly interrupted: boolean;
}

export interface SubagentInput {
  readonly id: string;
  readonly maxSteps: number;
  /** Read-only calls that run side by side. */
  readonly maxParallelTools: number;
  /** Time allowed in state `running`. */
  readonly timeoutMs: number | null;
  /** How long a question to a person stays open. */
  readonly approvalMs: number | null;
}

export interface SubagentContext {
  readonly id: string;
  readonly maxSteps: number;
  readonly maxParallelTools: number;
  readonly approvalMs: number | null;
  /** Turns whose answer has come. */
  readonly turn: number;
  /** Of the request that is made or will be made next. */
  readonly attempt: number;
  readonly retryInMs: number;
  /** What is left of the time allowed, kept while paused. */
  readonly remainingMs: number | null;
  readonly pausedBy: Pauser | null;
  /** It was active in a former life, and has no slot yet to go on. */
  readonly isQueued: boolean;
  readonly calls: readonly Call[];
  /** Messages that wait for the next turn. */
  readonly steering: readonly string[];
  readonly text: string;
  readonly truncated: boolean;
  readonly answered: boolean;
  readonly malformedCount: number;
  readonly failure: ErrorInfo | null;
  readonly by: EndCause | null;
  readonly cancelReason: string | null;
  readonly sparesChildren: boolean;
}

export interface SubagentOutput {
  readonly id: string;
  readonly state: FinalState;
  readonly by: EndCause | null;
  readonly text: string;
  readonly truncated: boolean;
  readonly error: ErrorInfo | null;
  readonly turns: number;
  /** The one who cancelled asked that its children go on. */
  readonly sparesChildren: boolean;
}

export type ControlEvent =
  | { readonly type: 'PAUSE'; readonly by?: Pauser }
  | { readonly type: 'RESUME'; readonly by?: Pauser }
  | { readonly type: 'CANCEL'; readonly by?: EndCause; readonly reason?: string; readonly sparesChildren?: boolean }
  | { readonly type: 'STEER'; readonly message: string }
  | { readonly type: 'APPROVE'; readonly requestId: string; readonly by?: 'user' | 'confirm' }
  | { readonly type: 'DENY'; readonly requestId: string; readonly reason?: string; readonly by?: 'user' | 'confirm' };

export type SubagentMachineEvent =
  | { readonly type: 'START' }
  /** There is no slot yet. */
  | { readonly type: 'QUEUE' }
  /** Another process has taken it up: what was active waits for a slot again. */
  | { readonly type: 'RESTORED' }
  | ControlEvent
  | { readonly type: 'APPROVAL_EXPIRED'; readonly requestId: string }
  | { readonly type: 'DEADLINE' }
  | { readonly type: 'RETRY_DUE' }
  | { readonly type: `xstate.done.actor.decide.${string}`; readonly actorId: string; readonly output: Decided }
  | { readonly type: `xstate.error.actor.decide.${string}`; readonly actorId: string; readonly error: unknown }
  | {
      readonly type: `xstate.done.actor.tool.${string}`;
      readonly actorId: string;
      readonly output: ToolSettled | Interrupted;
    }
  | { readonly type: `xstate.error.actor.tool.${string}`; readonly actorId: string; readonly error: unknown };

/** What the chart tells; `src/subagent` turns it into events and transcript entries. */
export type SubagentEmitted =
  | { readonly type: 'signal'; readonly signal: ControlEvent; readonly accepted: boolean; readonly reason?: string }
  | { readonly type: 'turn_ended'; readonly turn: number }
  | { readonly type: 'steering_taken'; readonly messages: readonly string[] }
  /** The call was answered without running, or its actor failed. */
  | { readonly type: 'call_refused'; readonly call: PlannedCall; readonly text: string }
  | {
      readonly type: 'permission_request';
      readonly requestId: string;
      readonly call: PlannedCall;
      readonly reason: string;
      readonly rule?: string;
    }
  | {
      readonly type: 'permission_resolved';
      readonly requestId: string;
      readonly decision: 'allow' | 'deny';
      readonly by: 'user' | 'confirm' | 'timeout';
    };
