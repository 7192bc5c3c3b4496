/** When a step of a workflow counts as done. */

import type { Clock } from '../domain/clock.js';
import { type ErrorInfo, toErrorInfo } from '../domain/errors.js';
import type { Redact } from '../domain/redact.js';
import { redactValue } from '../domain/redact-value.js';
import type { StepOutcome } from '../domain/step.js';
import type { OpenWorkflow, OrchestratorCore } from '../orchestrator/index.js';
import type { RecordWriter } from '../store/index.js';
import type { Stop } from './stop.js';
import { type DoneStep, doneRecord } from './workflow-journal.js';
import type { Step } from './workflow-step.js';

interface RecorderRun {
  readonly core: OrchestratorCore;
  readonly clock: Clock;
  readonly redact: Redact;
  readonly stop: Stop;
}

/** A step counts as done only when its record is on disk: the end of its subagent, or one of its own where that does not say it all. */
export class StepRecorder {
  readonly #writer: RecordWriter;
  readonly #home: OpenWorkflow['home'];
  readonly #run: RecorderRun;
  readonly #done: ReadonlyMap<string, DoneStep>;

  constructor(writer: RecordWriter, { home }: OpenWorkflow, run: RecorderRun, done: ReadonlyMap<string, DoneStep>) {
    this.#writer = writer;
    this.#home = home;
    this.#run = run;
    this.#done = done;
  }

  async record(step: Step, outcome: StepOutcome, attempts: number): Promise<StepOutcome> {
    const { core, clock, redact, stop } = this.#run;
    if (!outcome.success) return outcome;
    // Where work goes on unsaved, the records of the subagent may lack what it has said.
    const hasText = core.config.onPersistError === 'continue';
    const hasOwn = attempts > 1 || hasText || this.#done.get(step.key)?.recorded !== undefined;
    try {
      if (!hasOwn) await this.#home.saved(outcome.subagentId);
      else await this.#writer.write(redactValue(doneRecord(step, outcome, clock.now(), hasText), redact));
      return outcome;
    } catch (cause) {
      const error = stop.reason === undefined ? toErrorInfo(cause) : unrecorded(stop.reason);
      return { ...outcome, success: false, error };
    }
  }
}

function unrecorded(reason: string): ErrorInfo {
  const message = `it ran, but is not on record, since the store could not be written to: ${reason}; called again, it may run again`;
  return { code: 'cancelled', message };
}
