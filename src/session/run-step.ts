/** How one step runs: an attempt, a further one where that may help, and an outcome in any case. */

import type { ResolvedStepSpec, SubAgentConfig } from '../config/index.js';
import { type ErrorInfo, toErrorInfo } from '../domain/errors.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import type { StepOutcome } from '../domain/step.js';
import type { SubAgentHandle } from '../orchestrator/index.js';
import { isWorthRetrying, neverBegun, stepOutcome } from './step-outcome.js';
import type { Stop } from './stop.js';

export interface StepRun {
  readonly stop: Stop;
  /** The subagent of an attempt, counted from 0: a new one, or one that is there already. What it throws ends the step. */
  readonly subagentFor: (spec: ResolvedStepSpec, attempt: number) => SubAgentHandle;
  /** Attempts of a former life, which have failed; none by default. */
  readonly former?: readonly SubAgentOutcome[];
}

/** Never rejects. A stop cancels the attempt in flight; the step is then what that has left. */
export async function runStep(
  spec: ResolvedStepSpec,
  { stop, subagentFor, former = [] }: StepRun,
): Promise<StepOutcome> {
  if (stop.reason !== undefined) return neverBegun(spec, stop.reason);
  const attempts = [...former];
  let refused: ErrorInfo | undefined;
  do {
    try {
      attempts.push(await endOf(subagentFor(spec, attempts.length), stop));
    } catch (cause) {
      refused = toErrorInfo(cause);
    }
  } while (!refused && stop.reason === undefined && attempts.length <= spec.retries && isWorthRetrying(attempts));
  return stepOutcome(spec, attempts, refused);
}

async function endOf(subagent: SubAgentHandle, stop: Stop): Promise<SubAgentOutcome> {
  const leave = stop.onStop((reason) => void subagent.cancel(reason));
  try {
    return await subagent.outcome();
  } finally {
    leave();
  }
}

/** What a step asks of its subagent; `metadata` tells which step it is of. */
export function subAgentConfigOf(spec: ResolvedStepSpec): SubAgentConfig {
  const { taskId, agent, retries: _, ...rest } = spec;
  return { agentType: agent, metadata: { taskId }, ...rest };
}
