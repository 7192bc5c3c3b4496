/** How a workflow goes on: what is on record is replayed, what was in flight is taken up, the rest runs. */

import { readStructured } from '../activities/llm/index.js';
import type { ResolvedStepSpec, WorkflowOptions } from '../config/index.js';
import type { Clock } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import type { Redact } from '../domain/redact.js';
import type { StepOutcome } from '../domain/step.js';
import type { OpenWorkflow, OrchestratorCore } from '../orchestrator/index.js';
import type { PersistFault } from '../store/index.js';
import type { StepRun } from './run-step.js';
import { stepOutcome } from './step-outcome.js';
import { StepRecorder } from './step-recorder.js';
import type { Stop } from './stop.js';
import { type DoneStep, parseWorkflow, type RecordedOutcome } from './workflow-journal.js';
import { attemptOf, configOf, keyOf, type Step, stepOf } from './workflow-step.js';

export interface WorkflowRun {
  readonly core: OrchestratorCore;
  readonly workflowId: string;
  readonly onChanged: WorkflowOptions['onChanged'];
  readonly clock: Clock;
  readonly redact: Redact;
  readonly stop: Stop;
  readonly runStep: (step: ResolvedStepSpec, run: Required<Omit<StepRun, 'stop'>>) => Promise<StepOutcome>;
}

/**
 * One outcome for each step, in their order.
 * @throws TroupeError `workflow_mismatch`, `workflow_busy`, `store_corrupt`, `store_version`, `store_io`; nothing runs then.
 */
export async function runWorkflow(specs: readonly ResolvedStepSpec[], run: WorkflowRun): Promise<StepOutcome[]> {
  const { core, workflowId, stop, redact } = run;
  const steps = specs.map((spec) => stepOf(spec, redact));
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const marked = (metadata: Readonly<Record<string, unknown>> | undefined): Step | undefined => {
    const step = byKey.get(keyOf(metadata) ?? '');
    return step && metadata?.fingerprint === step.fingerprint ? step : undefined;
  };
  /** Steps in flight that cannot go on, and why: they fail alone, and stay as they are. */
  const refused = new Map<Step, TroupeError>();
  const workflow = await core.openWorkflow(
    workflowId,
    ({ metadata }) => {
      const step = marked(metadata as Record<string, unknown> | undefined); // as `configOf` wrote it
      return step ? configOf(step, workflowId, attemptOf(metadata)) : 'leave';
    },
    ({ metadata }, error) => {
      const step = marked(metadata as Record<string, unknown> | undefined); // as above
      if (step) refused.set(step, error);
    },
  );
  let leave = () => {};
  try {
    let lastId = '';
    const tell = (fault: PersistFault) => core.tell(lastId || workflowId, { type: 'persist_failed', ...fault });
    const { writer, records, tornBytes, where } = workflow.home.own({ onFault: tell, onHold: () => giveUp() });
    // Stopped, it waits for the store no longer: what is left is tried once more.
    const giveUp = () => {
      if (stop.reason !== undefined && writer.isHolding) workflow.home.giveUp();
    };
    leave = stop.onStop(giveUp);
    const done = parseWorkflow(records, workflow.ended, where);
    checkSame(steps, done, run);
    const ofRecord = (step: Step): RecordedStep | undefined => {
      const { spec, key, fingerprint } = step;
      const found = done.get(key);
      if (found?.fingerprint !== fingerprint) return undefined;
      if (!found.recorded) {
        const former = failedAttempts(step, attemptOf(found.metadata), workflow, found.ended.id);
        return stepOutcome(spec, [...former, found.ended]);
      }
      const { subagentId, output = workflow.outputs.get(subagentId) } = found.recorded;
      if (output !== undefined) return { ...found.recorded, output };
      throw new TroupeError(
        'store_corrupt',
        `${where}: what ${subagentId} has said, which is the answer of step ${JSON.stringify(redact(spec.taskId))}, is missing`,
      );
    };
    const replayed = new Map(steps.map((step) => [step, ofRecord(step)])); // what is missing is told before anything runs
    if (tornBytes > 0) core.tell(workflowId, { type: 'store_recovered', tornBytes });
    const recorder = new StepRecorder(writer, workflow, run, done);
    const inFlight = inFlightSteps(workflow, marked);
    const toRun = steps.filter((step) => !replayed.get(step));
    goOnWithout(workflow, new Set(toRun.map(({ key }) => inFlight.get(key))));
    return await Promise.all(
      steps.map(async (step) => {
        const { spec, key } = step;
        const recorded = replayed.get(step);
        if (recorded) return replay(step, recorded, run);
        const before = inFlight.get(key);
        const former = before ? failedAttempts(step, attemptOf(before.metadata), workflow) : [];
        let attempts = 0;
        const subagentFor = (_: ResolvedStepSpec, attempt: number) => {
          const error = refused.get(step);
          if (error) throw error;
          attempts = attempt + 1;
          const isFirst = attempt === former.length;
          const [taken] = isFirst && before ? workflow.takeUp(before.id) : [];
          const handle = taken ?? core.spawn(configOf(step, workflowId, attempt), workflow.home);
          lastId = handle.id;
          return handle;
        };
        const outcome = await run.runStep(spec, { subagentFor, former });
        return recorder.record(step, outcome, attempts);
      }),
    );
  } finally {
    leave();
    await workflow.leave();
  }
}

/** Those that came before this one in its call. @param id Of this one, where it has ended too. */
function failedAttempts(
  { key, fingerprint }: Step,
  attempt: number,
  { ended }: OpenWorkflow,
  id?: string,
): SubAgentOutcome[] {
  if (attempt === 0) return [];
  const own = ended.filter(
    ({ metadata, info }) =>
      info.parentId === undefined && keyOf(metadata) === key && metadata.fingerprint === fingerprint,
  );
  const place = own.findIndex(({ info }) => info.id === id);
  const before = place < 0 ? own : own.slice(0, place);
  return before.slice(-attempt).map(({ outcome }) => outcome);
}

function checkSame(
  steps: readonly Step[],
  done: ReadonlyMap<string, DoneStep>,
  { onChanged, workflowId, redact }: WorkflowRun,
) {
  if (onChanged === 'rerun') return;
  const changed = steps.filter(({ key, fingerprint }) => (done.get(key)?.fingerprint ?? fingerprint) !== fingerprint);
  if (changed.length === 0) return;
  const names = changed.map(({ spec }) => JSON.stringify(redact(spec.taskId))).join(', ');
  throw new TroupeError(
    'workflow_mismatch',
    `workflow ${JSON.stringify(workflowId)}: other work than on record is asked of ${names}; give them other names, use onChanged: 'rerun' to run them again, or forgetWorkflow to begin anew`,
  );
}

type Top = OpenWorkflow['tops'][number];

function inFlightSteps(
  { tops }: OpenWorkflow,
  marked: (metadata: Readonly<Record<string, unknown>> | undefined) => Step | undefined,
): Map<string, Top> {
  const found = new Map<string, Top>();
  for (const top of tops) {
    const step = top.parentId === undefined ? marked(top.metadata) : undefined;
    if (step) found.set(step.key, top);
  }
  return found;
}

/**
 * Detached ones whose parent has ended go on by themselves. Attempts that had failed, and those of steps that are done, end: the
 * crash kept their end from the record.
 */
function goOnWithout(workflow: OpenWorkflow, awaited: ReadonlySet<Top | undefined>): void {
  for (const top of workflow.tops) {
    if (awaited.has(top)) continue;
    const [handle] = workflow.takeUp(top.id);
    if (top.parentId === undefined && handle?.isDone() === false) void handle.cancel('its step has gone on without it');
  }
}

type RecordedStep = RecordedOutcome & { readonly output: string };

async function replay({ spec, form }: Step, outcome: RecordedStep, run: WorkflowRun): Promise<StepOutcome> {
  const read = form && (await readStructured(form, { text: outcome.output }));
  const { taskId } = spec;
  run.core.tell(outcome.subagentId, { type: 'step_replayed', taskId: run.redact(taskId), workflowId: run.workflowId });
  return { ...outcome, taskId, ...(read?.ok ? { structured: read.value } : {}), replayed: true };
}
