/** How a workflow goes on: what is on record is replayed, what was in flight is taken up, the rest runs. */

import { type OutputForm, prepareOutputSchema, readStructured } from '../activities/llm/index.js';
import type { ResolvedStepSpec, SubAgentConfig, WorkflowOptions } from '../config/index.js';
import type { Clock } from '../domain/clock.js';
import { TroupeError, toErrorInfo } from '../domain/errors.js';
import type { Redact } from '../domain/redact.js';
import { redactValue } from '../domain/redact-value.js';
import type { StepOutcome } from '../domain/step.js';
import type { OpenWorkflow, OrchestratorCore, SubAgentHandle } from '../orchestrator/index.js';
import type { PersistFault, RecordWriter } from '../store/index.js';
import { subAgentConfigOf } from './run-step.js';
import { stepOutcome } from './step-outcome.js';
import { type DoneStep, doneRecord, fingerprintOf, parseWorkflow, type RecordedOutcome } from './workflow-journal.js';

export interface WorkflowRun {
  readonly core: OrchestratorCore;
  readonly workflowId: string;
  readonly onChanged: WorkflowOptions['onChanged'];
  readonly clock: Clock;
  readonly redact: Redact;
  /** Runs one step; `subagentFor` gives the subagent of each attempt. */
  readonly runStep: (step: ResolvedStepSpec, subagentFor: SubagentFor) => Promise<StepOutcome>;
}

type SubagentFor = (step: ResolvedStepSpec, attempt: number) => SubAgentHandle;

interface Step {
  readonly spec: ResolvedStepSpec;
  readonly form: OutputForm | undefined;
  readonly fingerprint: string;
}

/**
 * One outcome for each step, in their order.
 * @throws TroupeError `workflow_mismatch`, `workflow_busy`, `store_corrupt`, `store_version`, `store_io`; nothing runs then.
 */
export async function runWorkflow(specs: readonly ResolvedStepSpec[], run: WorkflowRun): Promise<StepOutcome[]> {
  const { core, workflowId, redact } = run;
  const steps = specs.map(stepOf);
  const byTask = new Map(steps.map((step) => [step.spec.taskId, step]));
  const marked = (metadata: Readonly<Record<string, unknown>> | undefined): Step | undefined => {
    const step = byTask.get(String(metadata?.taskId));
    return step && metadata?.fingerprint === step.fingerprint ? step : undefined;
  };
  const workflow = await core.openWorkflow(workflowId, ({ metadata }) => {
    const step = marked(metadata as Record<string, unknown> | undefined); // as `configOf` wrote it
    return step ? configOf(step, workflowId) : 'leave';
  });
  let taken: readonly SubAgentHandle[] = [];
  try {
    let lastId = '';
    const tell = (fault: PersistFault) => core.tell(lastId || workflowId, { type: 'persist_failed', ...fault });
    const { writer, records, tornBytes, where } = workflow.home.own({ onFault: tell, onHold: () => {} });
    const done = parseWorkflow(records, where);
    checkSame(steps, done, run);
    const outputOf = ({ subagentId, taskId, output = workflow.outputs.get(subagentId) }: RecordedOutcome): string => {
      if (output !== undefined) return output;
      throw new TroupeError(
        'store_corrupt',
        `${where}: the journal of ${subagentId}, which has the answer of step ${JSON.stringify(taskId)}, is missing`,
      );
    };
    for (const { spec, fingerprint } of steps) {
      const recorded = done.get(spec.taskId);
      if (recorded?.fingerprint === fingerprint) outputOf(recorded.outcome); // told before anything runs
    }
    if (tornBytes > 0) core.tell(workflowId, { type: 'store_recovered', tornBytes });
    // Where work goes on unsaved, the journals of the subagents may lack what they have said.
    const hasText = core.config.onPersistError === 'continue';
    const journal = new Recorder(writer, run.clock, redact, hasText);
    taken = workflow.takeUp();
    const inFlight = inFlightSteps(taken, marked);
    for (const handle of superseded(taken, inFlight, done)) void handle.cancel('its step has gone on without it');
    return await Promise.all(
      steps.map(async (step) => {
        const { spec } = step;
        const recorded = done.get(spec.taskId);
        if (recorded?.fingerprint === step.fingerprint) {
          return replay(step, recorded.outcome, outputOf(recorded.outcome), run);
        }
        const ended = endedUnrecorded(workflow, step, marked);
        const outcome =
          (ended && (await replay(step, ended, ended.output, run))) ??
          (await run.runStep(spec, (_, attempt) => {
            const before = attempt === 0 ? inFlight.get(spec.taskId) : undefined;
            const handle = before ?? core.spawn(configOf(step, workflowId), workflow.home);
            lastId = handle.id;
            return handle;
          }));
        return journal.record(step, outcome);
      }),
    );
  } finally {
    // Those whose step was stopped before its turn came.
    for (const handle of taken) if (!handle.isDone()) void handle.cancel('its workflow was stopped');
    await workflow.close();
  }
}

function stepOf(spec: ResolvedStepSpec): Step {
  const form = spec.outputSchema === undefined ? undefined : prepareOutputSchema(spec.outputSchema);
  return { spec, form, fingerprint: fingerprintOf(spec, form?.source) };
}

/** Its marks tell a later run which step it is of, and whether that is still the same work. */
function configOf({ spec, fingerprint }: Step, workflowId: string): SubAgentConfig {
  const config = subAgentConfigOf(spec);
  return { ...config, metadata: { ...config.metadata, workflowId, fingerprint } };
}

function checkSame(
  steps: readonly Step[],
  done: ReadonlyMap<string, DoneStep>,
  { onChanged, workflowId }: WorkflowRun,
) {
  if (onChanged === 'rerun') return;
  const changed = steps.filter(
    ({ spec, fingerprint }) => (done.get(spec.taskId)?.fingerprint ?? fingerprint) !== fingerprint,
  );
  if (changed.length === 0) return;
  const names = changed.map(({ spec }) => JSON.stringify(spec.taskId)).join(', ');
  throw new TroupeError(
    'workflow_mismatch',
    `workflow ${JSON.stringify(workflowId)}: other work than on record is asked of ${names}; give them other names, use onChanged: 'rerun' to run them again, or forgetWorkflow to begin anew`,
  );
}

function inFlightSteps(
  taken: readonly SubAgentHandle[],
  marked: (metadata: Readonly<Record<string, unknown>> | undefined) => Step | undefined,
): Map<string, SubAgentHandle> {
  const found = new Map<string, SubAgentHandle>();
  for (const handle of taken) {
    const step = handle.config.parentId === undefined ? marked(handle.config.metadata) : undefined;
    if (step) found.set(step.spec.taskId, handle);
  }
  return found;
}

/** Attempts that had failed, and those of steps that are done: the crash kept their end from the record. */
function superseded(
  taken: readonly SubAgentHandle[],
  inFlight: ReadonlyMap<string, SubAgentHandle>,
  done: ReadonlyMap<string, DoneStep>,
): SubAgentHandle[] {
  const awaited = new Set([...inFlight].flatMap(([taskId, handle]) => (done.has(taskId) ? [] : [handle])));
  return taken.filter((handle) => handle.config.parentId === undefined && !handle.isDone() && !awaited.has(handle));
}

/** A crash came between the end of its subagent and the record of the step. */
function endedUnrecorded(
  { ended }: OpenWorkflow,
  step: Step,
  marked: (metadata: Readonly<Record<string, unknown>>) => Step | undefined,
): StepOutcome | undefined {
  const last = ended.findLast(({ metadata, outcome }) => outcome.success && marked(metadata) === step);
  return last && stepOutcome(step.spec, [last.outcome]);
}

async function replay(
  { spec, form }: Step,
  outcome: RecordedOutcome,
  output: string,
  run: WorkflowRun,
): Promise<StepOutcome> {
  const read = form && (await readStructured(form, { text: output }));
  const { taskId } = spec;
  run.core.tell(outcome.subagentId, { type: 'step_replayed', taskId, workflowId: run.workflowId });
  return { ...outcome, output, ...(read?.ok ? { structured: read.value } : {}), replayed: true };
}

/** A step counts as done only when its record is on disk. */
class Recorder {
  readonly #writer: RecordWriter;
  readonly #clock: Clock;
  readonly #redact: Redact;
  readonly #hasText: boolean;

  constructor(writer: RecordWriter, clock: Clock, redact: Redact, hasText: boolean) {
    this.#hasText = hasText;
    this.#writer = writer;
    this.#clock = clock;
    this.#redact = redact;
  }

  async record({ fingerprint }: Step, outcome: StepOutcome): Promise<StepOutcome> {
    if (!outcome.success) return outcome;
    try {
      await this.#writer.write(
        redactValue(doneRecord(fingerprint, outcome, this.#clock.now(), this.#hasText), this.#redact),
      );
      return outcome;
    } catch (cause) {
      return { ...outcome, success: false, error: toErrorInfo(cause) };
    }
  }
}
