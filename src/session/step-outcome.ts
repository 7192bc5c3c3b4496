/** What comes of a step: from its subagents' outcomes to its own. */

import type { ResolvedStepSpec } from '../config/index.js';
import { type ErrorInfo, familyOf } from '../domain/errors.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import type { StepOutcome } from '../domain/step.js';
import { addUsage, NO_USAGE } from '../domain/usage.js';

/** @param refused What kept the step from an attempt, where something did. */
export function stepOutcome(
  { taskId, agent }: ResolvedStepSpec,
  attempts: readonly SubAgentOutcome[],
  refused?: ErrorInfo,
): StepOutcome {
  const last = attempts.at(-1);
  const error = refused ?? last?.error;
  const success = last?.success === true;
  return {
    taskId,
    agent,
    success,
    output: last?.output ?? '',
    ...(error === undefined ? {} : { error }),
    ...(last?.structured === undefined ? {} : { structured: last.structured }),
    ...(last?.truncated ? { truncated: true } : {}),
    subagentId: last?.id ?? '',
    durationMs: attempts.reduce((sum, { durationMs }) => sum + durationMs, 0),
    usage: attempts.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    turns: attempts.reduce((sum, { turns }) => sum + turns, 0),
    replayed: false,
  };
}

/** Of a step that was never begun. */
export function neverBegun(spec: ResolvedStepSpec, reason: string): StepOutcome {
  return stepOutcome(spec, [], { code: 'cancelled', message: `never begun: ${reason}` });
}

/** Whether another subagent might do what the last one did not. */
export function isWorthRetrying(attempts: readonly SubAgentOutcome[]): boolean {
  const code = attempts.at(-1)?.error?.code;
  return code !== undefined && (code === 'timeout' || familyOf(code) === 'try_again');
}
