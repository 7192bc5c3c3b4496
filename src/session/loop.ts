/** How a loop goes on: round by round, each decided from what came before. */

import type { AgentStepSpec, ResolvedStepSpec } from '../config/index.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { Redact } from '../domain/redact.js';
import type { StepOutcome } from '../domain/step.js';
import { parseSteps } from './parse-steps.js';
import type { Stop } from './stop.js';

type Given = readonly AgentStepSpec[] | null;

/** Gives the steps of the next round, or null to end. Rounds are counted from 1; `outcomes` are those of all rounds so far. */
export type NextRound = (context: {
  readonly iteration: number;
  readonly outcomes: readonly StepOutcome[];
}) => Given | Promise<Given>;

export interface LoopRun {
  readonly maxIterations: number;
  readonly stop: Stop;
  readonly redact: Redact;
  readonly runSteps: (specs: readonly ResolvedStepSpec[]) => Promise<readonly StepOutcome[]>;
}

/**
 * All outcomes, round by round, each in the order of its specs.
 * @throws TroupeError `stage_failed` when `next` throws, `config_invalid` when what it gives is no list of steps.
 */
export async function runLoop(
  next: NextRound,
  { maxIterations, stop, redact, runSteps }: LoopRun,
): Promise<StepOutcome[]> {
  let outcomes: StepOutcome[] = [];
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const asked = await stop.race(() => askNext(next, iteration, [...outcomes], redact));
    if (!asked || asked.value === null) break;
    outcomes = outcomes.concat(await runSteps(parseSteps(asked.value, `loop: iteration ${iteration}`)));
  }
  return outcomes;
}

async function askNext(next: NextRound, iteration: number, outcomes: readonly StepOutcome[], redact: Redact) {
  try {
    return await next({ iteration, outcomes });
  } catch (cause) {
    const message = redact(`loop: next failed in iteration ${iteration}: ${messageOf(cause)}`);
    throw new TroupeError('stage_failed', message, { cause });
  }
}
