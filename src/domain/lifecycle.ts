/** The words for where a subagent stands. The states themselves live in the chart; these are its tags. */

export const LIFECYCLE_STATES = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const;
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];
export type FinalState = 'completed' | 'failed' | 'cancelled';

/** Who or what ended a subagent before its work was done. */
export type EndCause = 'user' | 'parent' | 'timeout' | 'budget' | 'shutdown';

/**
 * Whose pause holds a subagent: its own user's, or its parent's, which only the parent's resume lifts, or that of an orchestrator
 * that suspends its work, which no record tells of.
 */
export type Pauser = 'user' | 'parent' | 'shutdown';

export function isFinal(state: LifecycleState): state is FinalState {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

/** Answer to a control call; `state` is absent for an id that is not known. */
export interface ControlResult {
  readonly accepted: boolean;
  readonly state?: LifecycleState;
  readonly reason?: string;
}
