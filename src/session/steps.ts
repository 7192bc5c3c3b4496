/** The steps of one session: at most so many at once over all calls, and each call stopped by its signal or the session's end. */

import { parseLoopOptions, parseStepOptions, parseWorkflowOptions, type ResolvedStepSpec } from '../config/index.js';
import type { Clock } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import type { Redact } from '../domain/redact.js';
import type { StepOutcome } from '../domain/step.js';
import { checkStoredName } from '../domain/stored-name.js';
import type { OrchestratorCore } from '../orchestrator/index.js';
import { type NextRound, runLoop } from './loop.js';
import { parseStep, parseSteps } from './parse-steps.js';
import { checkPipeline, runPipeline, type Stages } from './pipeline.js';
import { runWorkflow } from './resumable.js';
import { runStep, type StepRun, subAgentConfigOf } from './run-step.js';
import { Slots } from './slots.js';
import { neverBegun } from './step-outcome.js';
import { Stop } from './stop.js';

export interface StepsOptions {
  readonly core: OrchestratorCore;
  readonly maxParallelTasks: number;
  readonly clock: Clock;
  readonly redact: Redact;
  readonly onError: (error: TroupeError) => void;
}

export class Steps {
  readonly #options: StepsOptions;
  readonly #slots: Slots;
  /** Of the calls in progress. */
  readonly #stops = new Set<Stop>();

  constructor(options: StepsOptions) {
    this.#options = options;
    this.#slots = new Slots(options.maxParallelTasks);
    options.core.supervisor.actor.subscribe({
      complete: () => {
        for (const stop of this.#stops) stop.stop('the session was closed');
      },
    });
  }

  async run(spec: unknown, options: unknown): Promise<StepOutcome> {
    const step = parseStep(spec, 'run');
    const { signal } = parseStepOptions(options);
    return this.#call(signal, (stop) => this.#runStep(step, { stop }));
  }

  async parallel(specs: unknown, options: unknown): Promise<StepOutcome[]> {
    const steps = parseSteps(specs, 'parallel');
    const { signal } = parseStepOptions(options);
    return this.#call(signal, (stop) => this.#runSteps(steps, stop));
  }

  async parallelResumable(specs: unknown, workflowId: unknown, options: unknown): Promise<StepOutcome[]> {
    const steps = parseSteps(specs, 'parallelResumable');
    checkWorkflowId(workflowId);
    const { signal, onChanged } = parseWorkflowOptions(options);
    const { core, clock, redact } = this.#options;
    checkStoredName(workflowId, 'workflowId', redact);
    return this.#call(signal, (stop) =>
      runWorkflow(steps, {
        core,
        workflowId,
        onChanged,
        clock,
        redact,
        stop,
        runStep: (step, run) => this.#runStep(step, { ...run, stop }),
      }),
    );
  }

  async forgetWorkflow(workflowId: unknown): Promise<void> {
    checkWorkflowId(workflowId);
    this.#checkOpen();
    await this.#options.core.forgetWorkflow(workflowId);
  }

  async pipeline<Item>(
    items: readonly Item[],
    stages: Stages<Item>,
    options: unknown,
  ): Promise<(StepOutcome | null)[]> {
    checkPipeline(items, stages);
    const { signal } = parseStepOptions(options);
    const { redact, onError } = this.#options;
    return this.#call(signal, (stop) =>
      runPipeline(items, stages, { stop, redact, onError, runStep: (step) => this.#runStep(step, { stop }) }),
    );
  }

  async loop(next: NextRound, options: unknown): Promise<StepOutcome[]> {
    if (typeof next !== 'function') throw new TroupeError('config_invalid', 'loop: next: expected a function');
    const { signal, maxIterations } = parseLoopOptions(options);
    const { redact } = this.#options;
    return this.#call(signal, (stop) =>
      runLoop(next, { maxIterations, stop, redact, runSteps: (steps) => this.#runSteps(steps, stop) }),
    );
  }

  async #call<Result>(signal: AbortSignal | undefined, work: (stop: Stop) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    const stop = new Stop(signal);
    this.#stops.add(stop);
    try {
      return await work(stop);
    } finally {
      this.#stops.delete(stop);
      stop.release();
    }
  }

  #checkOpen(): void {
    if (!this.#options.core.isClosing) return;
    throw new TroupeError('closed', 'the session is closed: it runs no more steps');
  }

  #runSteps(steps: readonly ResolvedStepSpec[], stop: Stop): Promise<StepOutcome[]> {
    return Promise.all(steps.map((step) => this.#runStep(step, { stop })));
  }

  async #runStep(step: ResolvedStepSpec, run: Pick<StepRun, 'stop'> & Partial<StepRun>): Promise<StepOutcome> {
    const { stop } = run;
    const outcome = await this.#slots.within(stop, () => runStep(step, { subagentFor: this.#spawn, ...run }));
    return outcome ?? neverBegun(step, stop.reason ?? '');
  }

  readonly #spawn: StepRun['subagentFor'] = (step) => this.#options.core.spawn(subAgentConfigOf(step));
}

function checkWorkflowId(workflowId: unknown): asserts workflowId is string {
  if (typeof workflowId === 'string' && workflowId !== '') return;
  throw new TroupeError('config_invalid', 'workflowId: expected a name that is not empty');
}
