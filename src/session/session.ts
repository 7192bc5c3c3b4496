/** An agent bound to a workspace: owns an orchestrator, and runs steps on it. */

import type { Observable } from 'rxjs';
import {
  type AgentStepSpec,
  type CloseOptions,
  type LogicOverrides,
  type LoopOptions,
  parseOrchestratorConfig,
  parseSessionOptions,
  type SessionOptions,
  type StepOptions,
  type WorkflowOptions,
} from '../config/index.js';
import type { AgentRuntime } from '../domain/agent.js';
import { TroupeError } from '../domain/errors.js';
import type { OutcomesOf, StepOutcome, StructuredOfStep } from '../domain/step.js';
import type { AgentEvent } from '../events/index.js';
import { Orchestrator, OrchestratorCore, type SubAgentLogicOf, subagentLogic } from '../orchestrator/index.js';
import type { NextRound } from './loop.js';
import type { Stages } from './pipeline.js';
import { Steps } from './steps.js';

export class Session implements AsyncDisposable {
  /** Its subagents; at its limit they queue. */
  readonly orchestrator: Orchestrator;
  readonly #core: OrchestratorCore;
  readonly #steps: Steps;

  private constructor(core: OrchestratorCore, steps: Steps) {
    this.orchestrator = Orchestrator.of(core);
    this.#core = core;
    this.#steps = steps;
  }

  /** @throws TroupeError `config_invalid`. */
  static open(runtime: AgentRuntime, workspace: string, options: SessionOptions): Session {
    if (typeof workspace !== 'string' || workspace === '') {
      throw new TroupeError('config_invalid', 'workspace: expected the path of a folder');
    }
    const { tools, permissions, permissive, model, maxParallelTasks, ...rest } = parseSessionOptions(options);
    const { confirm, approvals, confirmTimeoutMs, budget, bus, orchestrator: given } = rest;
    const { sessionStore, sessionId, onInterrupted, onPersistError } = rest;
    const config = parseOrchestratorConfig({
      onLimit: 'queue',
      workspace,
      ...(confirm ? { confirm } : {}),
      ...(approvals ? { approvals } : {}),
      ...(confirmTimeoutMs === undefined ? {} : { confirmTimeoutMs }),
      ...(budget ? { budget } : {}),
      ...(bus ? { bus } : {}),
      ...(sessionStore ? { store: sessionStore } : {}),
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(onInterrupted ? { onInterrupted } : {}),
      ...(onPersistError ? { onPersistError } : {}),
      ...given,
    });
    const scope = { tools, permissive, ...(permissions ? { permissions } : {}), ...(model ? { model } : {}) };
    const core = new OrchestratorCore(runtime, config, scope);
    const onError = config.onError ?? runtime.onError ?? (() => {});
    const clock = config.clock ?? runtime.clock;
    const { redact } = runtime;
    return new Session(core, new Steps({ core, maxParallelTasks, clock, redact, onError }));
  }

  /** Every subagent of this session, from now on. */
  get events$(): Observable<AgentEvent> {
    return this.orchestrator.events$;
  }

  /**
   * One step. It resolves also when the step fails: that is in its outcome.
   * @throws TroupeError `config_invalid`, before anything runs; `closed`.
   */
  async run<const Spec extends AgentStepSpec>(
    spec: Spec,
    options: StepOptions = {},
  ): Promise<StepOutcome<StructuredOfStep<Spec>>> {
    const outcome = await this.#steps.run(spec, options);
    return outcome as StepOutcome<StructuredOfStep<Spec>>; // its schema has checked what it is typed by
  }

  /**
   * Runs the steps side by side, at most `maxParallelTasks` at once. One outcome for each spec, in their order; a step that fails
   * does so alone.
   * @throws TroupeError `config_invalid`, before anything runs; `closed`.
   */
  async parallel<const Specs extends readonly AgentStepSpec[]>(
    specs: Specs,
    options: StepOptions = {},
  ): Promise<OutcomesOf<Specs>> {
    const outcomes: readonly StepOutcome[] = await this.#steps.parallel(specs, options);
    return outcomes as OutcomesOf<Specs>; // one for each, in their order
  }

  /**
   * Like `parallel`, on record: what is done is journaled in the session's store under this workflow and replayed by a later call,
   * in this process or another; a step in flight at a crash goes on from its own last recorded call.
   * @throws TroupeError `config_invalid`, also without a `sessionStore`; `workflow_mismatch` for other work under the name of a step
   * that is done, unless `onChanged` is `rerun`; `workflow_busy` while another has the workflow; `store_corrupt`, `store_version`,
   * `store_io`; `closed`. Then nothing runs.
   */
  async parallelResumable<const Specs extends readonly AgentStepSpec[]>(
    specs: Specs,
    workflowId: string,
    options: WorkflowOptions = {},
  ): Promise<OutcomesOf<Specs>> {
    const outcomes: readonly StepOutcome[] = await this.#steps.parallelResumable(specs, workflowId, options);
    return outcomes as OutcomesOf<Specs>; // one for each, in their order
  }

  /** Removes what is on record of a workflow. @throws TroupeError `config_invalid`, `workflow_busy`, `store_io`, `closed`. */
  forgetWorkflow(workflowId: string): Promise<void> {
    return this.#steps.forgetWorkflow(workflowId);
  }

  /**
   * Takes each item through the stages, one step a stage, without waiting for the others. One entry for each item, in their order:
   * the outcome of its last step; null where the first stage gave none. After a step that failed no later stage is asked. A stage
   * that throws ends its item's chain: the outcome so far has the error `stage_failed`.
   * @throws TroupeError `config_invalid` for items or stages that are none; `closed`.
   */
  pipeline<Item>(
    items: readonly Item[],
    stages: Stages<Item>,
    options: StepOptions = {},
  ): Promise<(StepOutcome | null)[]> {
    return this.#steps.pipeline(items, stages, options);
  }

  /**
   * Asks `next` for the steps of a round and runs them like `parallel`, until it gives null or `maxIterations` rounds have run. All
   * outcomes, round by round.
   * @throws TroupeError `config_invalid`, also for the steps of a round, none of which runs then; `stage_failed` when `next` throws;
   * `closed`.
   */
  loop(next: NextRound, options: LoopOptions): Promise<StepOutcome[]> {
    return this.#steps.loop(next, options);
  }

  /**
   * Subagents of this session as actors of your own XState machine: `invoke` or spawn it; its output is the outcome, its events
   * arrive by `actor.on(...)`, and its actors take `PAUSE`, `RESUME`, `CANCEL`, `STEER`, `APPROVE` and `DENY`. Leaving the state
   * cancels. With a `sessionStore`, an actor that is restored from its persisted snapshot goes on where it was, else it begins anew.
   *
   * A subagent that fails is data: `onDone` with `success: false`. `onError` gets a TroupeError where none could run at all:
   * `config_invalid`, `unknown_agent`, `closed`, `workflow_busy`, `store_io`, `store_corrupt`, `store_version`.
   * @param overrides Of the config of each subagent; the actor's input goes before them.
   * @throws TroupeError `config_invalid`, `unknown_agent`, `closed`.
   */
  logic<const Overrides extends LogicOverrides = Record<never, never>>(
    agentType: string,
    overrides?: Overrides,
  ): SubAgentLogicOf<Overrides> {
    return subagentLogic(this.#core, agentType, overrides ?? ({} as Overrides)); // nothing said is no key of its type
  }

  /** Closes its orchestrator: what runs is suspended where there is a store, else cancelled, and every call of steps resolves with what there is. Idempotent. */
  close(options?: CloseOptions): Promise<void> {
    return this.orchestrator.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
