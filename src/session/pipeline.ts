/** How an item goes through the stages of a pipeline: by itself, one step after the other. */

import type { AgentStepSpec, ResolvedStepSpec } from '../config/index.js';
import { type ErrorInfo, messageOf, TroupeError } from '../domain/errors.js';
import type { Redact } from '../domain/redact.js';
import type { StepOutcome } from '../domain/step.js';
import { parseStep } from './parse-steps.js';
import type { Stop } from './stop.js';

type Given = AgentStepSpec | null | Promise<AgentStepSpec | null>;

/** Gives the step for an item, or null to leave the item out. */
export type FirstStage<Item> = (context: { readonly item: Item }) => Given;
/** Gives the next step, or null to end the item's chain with what it has. */
export type NextStage<Item> = (context: { readonly item: Item; readonly previous: StepOutcome }) => Given;
export type Stages<Item> = readonly [FirstStage<Item>, ...NextStage<Item>[]];

export interface PipelineRun {
  readonly stop: Stop;
  readonly redact: Redact;
  readonly runStep: (spec: ResolvedStepSpec) => Promise<StepOutcome>;
  /** Told of what no outcome can tell: an item that failed before its first step. */
  readonly onError: (error: TroupeError) => void;
}

/** @throws TroupeError `config_invalid`. */
export function checkPipeline(items: unknown, stages: unknown): void {
  if (!Array.isArray(items)) throw new TroupeError('config_invalid', 'pipeline: items: expected an array');
  const areStages = Array.isArray(stages) && stages.length > 0 && stages.every((stage) => typeof stage === 'function');
  if (!areStages)
    throw new TroupeError('config_invalid', 'pipeline: stages: expected an array of functions, one or more');
}

/** One entry for each item, in their order. Never rejects. */
export function runPipeline<Item>(
  items: readonly Item[],
  stages: Stages<Item>,
  run: PipelineRun,
): Promise<(StepOutcome | null)[]> {
  return Promise.all([...items].map((item, place) => runChain(item, place, stages, run)));
}

async function runChain<Item>(
  item: Item,
  place: number,
  [first, ...later]: Stages<Item>,
  { stop, redact, runStep, onError }: PipelineRun,
): Promise<StepOutcome | null> {
  let outcome: StepOutcome | null = null;
  for (let at = 0; at <= later.length; at++) {
    const previous: StepOutcome | null = outcome;
    const askStage = async () => {
      const given = await (previous === null ? first({ item }) : later[at - 1]?.({ item, previous }));
      return given === null ? null : parseStep(given, 'what it gave');
    };
    try {
      const asked = await stop.race(askStage);
      if (!asked) return ended(outcome, { code: 'cancelled', message: `ended before stages[${at}]: ${stop.reason}` });
      if (asked.value === null) return outcome;
      outcome = await runStep(asked.value);
      if (!outcome.success) return outcome;
    } catch (cause) {
      const message = redact(`stages[${at}] failed for items[${place}]: ${messageOf(cause)}`);
      if (outcome === null) tell(onError, new TroupeError('stage_failed', `pipeline: ${message}`, { cause }));
      return ended(outcome, { code: 'stage_failed', message });
    }
  }
  return outcome;
}

/** The chain ends with what it has, which is not all that was wanted. */
function ended(outcome: StepOutcome | null, error: ErrorInfo): StepOutcome | null {
  return outcome && { ...outcome, success: false, error };
}

function tell(onError: PipelineRun['onError'], error: TroupeError): void {
  try {
    onError(error);
  } catch {
    // one chain's fault must not take the others' outcomes along
  }
}
