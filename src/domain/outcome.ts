/** What is left of a subagent when it has ended, and what can be asked of one at any time. */

import type { Activity } from './activity.js';
import type { ErrorInfo } from './errors.js';
import type { EndCause, FinalState, LifecycleState } from './lifecycle.js';
import type { Task } from './tool.js';
import type { Usage } from './usage.js';

export interface SubAgentOutcome<Structured = unknown> {
  readonly id: string;
  readonly agentType: string;
  readonly state: FinalState;
  readonly success: boolean;
  /** Present when something other than the work itself ended it. */
  readonly by?: EndCause;
  /** The final text; of one that failed, its last text. */
  readonly output: string;
  /** The final answer in the form that was asked for; `output` is its JSON. Present where one was asked for, and it completed. */
  readonly structured?: Structured;
  /** The model stopped at its length limit. */
  readonly truncated?: true;
  readonly error?: ErrorInfo;
  readonly usage: Usage;
  readonly turns: number;
  /** Real time from spawn to end, in ms. */
  readonly durationMs: number;
}

export interface SubAgentInfo {
  readonly id: string;
  readonly agentType: string;
  readonly description: string;
  readonly state: LifecycleState;
  /** Absent once ended. */
  readonly currentActivity?: Activity;
  readonly parentId?: string;
  readonly detached: boolean;
  readonly depth: number;
  /** Turns begun. */
  readonly turn: number;
  readonly usage: Usage;
  readonly tasks: readonly Task[];
  /** Ms since the epoch. */
  readonly createdAt: number;
  /** Ms since the epoch; of the last change. */
  readonly updatedAt: number;
  readonly error?: ErrorInfo;
}
