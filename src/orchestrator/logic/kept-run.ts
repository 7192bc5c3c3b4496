/** A run of an actor logic in a store, by the name that the snapshot of its actor refers to: begun there, or taken up again. */

import { prepareOutputSchema, readStructured } from '../../activities/llm/index.js';
import type { SubAgentConfig } from '../../config/index.js';
import type { SubAgentInfo, SubAgentOutcome } from '../../domain/outcome.js';
import type { OrchestratorCore } from '../core.js';
import type { Entry } from '../entry.js';
import type { SubAgentHandle } from '../handle.js';
import type { OpenWorkflow } from '../persistence/open-workflow.js';

/** Runs of this process that let go of their store: who takes one up waits for it. Names of runs are unique. */
const lettingGo = new Map<string, Promise<void>>();

function letGo(runId: string, done: Promise<void>): void {
  const promise = done.finally(() => {
    if (lettingGo.get(runId) === promise) lettingGo.delete(runId);
  });
  lettingGo.set(runId, promise);
}

/** What a subagent that ended in a former life has left. */
interface Left {
  readonly info: SubAgentInfo;
  readonly outcome: Promise<SubAgentOutcome>;
}

export class KeptRun {
  readonly #core: OrchestratorCore;
  readonly #runId: string;
  readonly #workflow: OpenWorkflow;
  #closed: Promise<void> | undefined;

  private constructor(core: OrchestratorCore, runId: string, workflow: OpenWorkflow) {
    this.#core = core;
    this.#runId = runId;
    this.#workflow = workflow;
  }

  /** @throws TroupeError `workflow_busy`, `store_io`, `store_corrupt`, `store_version`; `unknown_agent`, `config_invalid`; `closed`. */
  static async open(core: OrchestratorCore, runId: string, config: SubAgentConfig): Promise<KeptRun> {
    await lettingGo.get(runId);
    return new KeptRun(core, runId, await core.openWorkflow(runId, () => config));
  }

  /** Its subagent, new or from a former life; or what that has left. To be called once. */
  takeUp(config: SubAgentConfig): { readonly handle: SubAgentHandle } | Left {
    const handle = this.#workflow.takeUp().find((one) => one.config.parentId === config.parentId);
    if (handle) return { handle };
    const ended = this.#workflow.ended.find(({ info }) => info.parentId === config.parentId);
    if (!ended) return { handle: this.#core.spawn(config, this.#workflow.home) };
    return { info: ended.info, outcome: withStructured(ended.outcome, config) };
  }

  /** For one that is not wanted any more while it is opened. */
  static abandon(runId: string, opening: Promise<KeptRun>): void {
    letGo(
      runId,
      opening.then(
        (run) => run.#workflow.close(),
        () => {}, // it has nothing to let go of
      ),
    );
  }

  /** Lets go of the store once nothing of it lives. Never rejects. */
  close(): void {
    if (this.#closed) return;
    this.#closed = this.#workflow.close();
    letGo(this.#runId, this.#closed);
  }
}

/** Nothing more is recorded of it and of those that end with it, so that they can be taken up as they are now. */
export function cutRecords({ live, children }: Entry): void {
  live?.log?.cut();
  for (const child of children) cutRecords(child);
}

/** What a zod schema makes of an answer need not be JSON: it is read again. */
async function withStructured(outcome: SubAgentOutcome, { outputSchema }: SubAgentConfig): Promise<SubAgentOutcome> {
  if (!outcome.success || outputSchema === undefined) return outcome;
  const read = await readStructured(prepareOutputSchema(outputSchema), { text: outcome.output });
  return read.ok ? { ...outcome, structured: read.value } : outcome;
}
