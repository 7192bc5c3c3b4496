/** Brings subagents back from the store: those of the session, and those of the steps of a workflow. */

import { parseSubAgentConfig } from '../../config/index.js';
import { NOTHING_SPENT, negative, type Spending, spendingIn, sumOf } from '../../domain/budget.js';
import { TroupeError } from '../../domain/errors.js';
import { isFinal } from '../../domain/lifecycle.js';
import type { SubAgentInfo, SubAgentOutcome } from '../../domain/outcome.js';
import type { ModelPrice } from '../../domain/usage.js';
import type { EventHub } from '../../events/index.js';
import type { LiveSubagent, RestoredSubagent, SubagentEnvironment } from '../../subagent/index.js';
import { type CallOrigin, originKey } from '../call-origin.js';
import { Entry } from '../entry.js';
import { type PlanScope, planSubagent } from '../plan-subagent.js';
import type { Supervisor } from '../supervisor.js';
import type { Home } from './home.js';
import type { Keeping } from './keeping.js';
import { type RestoredHome, type RestoreHost, restoreHome, type UnfinishedSubagent } from './restore.js';
import { configOf } from './stored-form.js';
import type { WorkflowHome } from './workflow-home.js';

export interface RevivalOptions {
  readonly keeping: Keeping;
  readonly supervisor: Supervisor;
  readonly scope: PlanScope;
  readonly environment: SubagentEnvironment;
  readonly hub: EventHub;
  readonly keepEnded: number;
  /** @throws TroupeError `closed`. */
  readonly checkOpen: () => void;
}

/** A workflow that this process has. */
export interface RevivedWorkflow {
  readonly home: WorkflowHome;
  /** What the subagents of its steps have said last, by id; of those that are done with it. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Subagents of its steps that have ended, in the order of spawning; their children too. */
  readonly ended: readonly {
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly info: SubAgentInfo;
    readonly outcome: SubAgentOutcome;
  }[];
  /** Those that had not, and whose parent does not go on; in the order of spawning. */
  readonly tops: readonly {
    readonly id: string;
    readonly parentId?: string;
    readonly metadata: Readonly<Record<string, unknown>>;
  }[];
  /** Goes on with one of `tops` and all below it, or with all; to be called once for each. */
  readonly takeUp: (topId?: string) => Entry[];
  readonly close: () => Promise<void>;
}

export type WorkflowChoice = Required<Pick<RestoreHost, 'configOf'>> & Pick<RestoreHost, 'onRefused'>;

export class Revival {
  readonly #options: RevivalOptions;
  /** Children that came back, by the call that had spawned them. */
  readonly #origins = new Map<string, Entry>();
  /** Workflows whose former spending is counted in all budgets. */
  readonly #counted = new Set<string>();
  /** What is counted so far of others, in the budget of all together. */
  readonly #countedAhead = new Map<string, Spending>();

  constructor(options: RevivalOptions) {
    this.#options = options;
  }

  /** The child that this task of a call had in a former life. */
  childOf(parentId: string, origin: CallOrigin): Entry | undefined {
    return this.#origins.get(originKey(parentId, origin));
  }

  /** @returns those that had not ended, in the order of spawning. Throws as `Orchestrator.restore`. */
  async session(): Promise<Entry[]> {
    const { keeping, keepEnded, supervisor, scope, checkOpen } = this.#options;
    const { home, found, workflows } = await keeping.take(async (home) => {
      const found = await restoreHome(home, this.#host());
      const workflows = scope.budget ? await keeping.spendingOfWorkflows((config) => this.#priceOf(config)) : [];
      checkOpen();
      this.#checkFree([...idsOf(found.unfinished), ...found.ended.map(({ info }) => info.id)], 'restore()');
      return { home, found, workflows };
    });
    this.#count(found);
    for (const [workflowId, spending] of workflows) this.#countAhead(workflowId, spending);
    const kept = new Set(found.ended.slice(Math.max(0, found.ended.length - keepEnded)));
    const revived: Entry[] = [];
    for (const one of [...found.unfinished, ...found.ended].sort((a, b) => a.order - b.order)) {
      if (!('outcome' in one)) revived.push(...this.#takeUp(home, one));
      else if (kept.has(one)) this.#remember(supervisor.addEnded(one), one.parentId);
    }
    this.#rememberEnded(endedChildren(found.ended, found.unfinished).filter((one) => !kept.has(one)));
    return revived;
  }

  /** Throws as `Orchestrator.openWorkflow`. */
  async workflow(workflowId: string, choice: WorkflowChoice): Promise<RevivedWorkflow> {
    const { keeping, checkOpen } = this.#options;
    const home = await keeping.workflow(workflowId);
    try {
      const found = await restoreHome(home, { ...this.#host(), ...choice });
      checkOpen();
      const checkFree = (those: RestoredHome['unfinished']) =>
        this.#checkFree(idsOf(those), `workflow ${JSON.stringify(workflowId)}`);
      const { unfinished, ended } = found;
      const children = endedChildren(ended, unfinished);
      checkFree(unfinished);
      this.#countOpened(workflowId, found);
      return {
        home,
        outputs: outputsOf(found),
        ended: ended.map(({ config, info, outcome }) => ({ metadata: config.metadata ?? {}, info, outcome })),
        tops: unfinished
          .filter(({ plan, topId }) => plan.id === topId)
          .map(({ plan: { id, parentId, config } }) => ({
            id,
            ...(parentId === undefined ? {} : { parentId }),
            metadata: config.metadata ?? {},
          })),
        takeUp: (top) => {
          const those = unfinished.filter(({ topId }) => top === undefined || topId === top);
          checkFree(those);
          this.#rememberEnded(endedChildren(children, those));
          return those.flatMap((one) => this.#takeUp(home, one));
        },
        close: () => keeping.closeWorkflow(home),
      };
    } catch (error) {
      await keeping.closeWorkflow(home);
      throw error;
    }
  }

  /** What it has spent stays spent as long as this orchestrator lives. @throws TroupeError `workflow_busy`, `store_io`. */
  async forgetWorkflow(workflowId: string): Promise<void> {
    await this.#options.keeping.forgetWorkflow(workflowId);
    this.#countedAhead.delete(workflowId);
  }

  /** Two processes of one session give the same ids, each in a workflow of its own, or in the session. */
  #checkFree(ids: readonly string[], whose: string): void {
    const { supervisor } = this.#options;
    for (const id of ids) {
      if (supervisor.entries.get(id)?.live === undefined) {
        supervisor.release(id);
        continue;
      }
      throw new TroupeError(
        'workflow_busy',
        `${whose}: its ${id} cannot come back while another ${id} is live here; call it again when that has ended, or from another process`,
      );
    }
  }

  #host(): RestoreHost {
    const { environment, scope } = this.#options;
    const own = [...(scope.runtime.ownTools ?? []), ...(scope.tools ?? [])];
    return {
      environment,
      toolOf: (name) => own.find((tool) => tool.name === name),
      budget: scope.budget,
      priceOf: (config) => this.#priceOf(config),
      plan: (config, place) => planSubagent(scope, config, place),
    };
  }

  /** What was spent in former lives is spent. @returns all of it. */
  #count({ unfinished, ended, left, budgetOf }: RestoredHome): Spending {
    const usages = [
      ...unfinished.map(({ plan, from }) => ({ budget: plan.budget, usage: from.usage })),
      ...ended.map(({ info }) => ({ budget: budgetOf(info.id), usage: info.usage })),
      ...left.map((usage) => ({ budget: this.#options.scope.budget, usage })),
    ];
    for (const { budget, usage } of usages) budget?.charge(spendingIn(usage));
    return usages.map(({ usage }) => spendingIn(usage)).reduce(sumOf, NOTHING_SPENT);
  }

  /** Workflows that nobody has called yet share the budget of all, too. */
  #countAhead(workflowId: string, spending: Spending): void {
    if (this.#counted.has(workflowId)) return; // it was called before
    this.#options.scope.budget?.charge(spending);
    this.#countedAhead.set(workflowId, spending);
  }

  /** Budgets of its subagents are made anew each time it is opened; in that of all together it counts once. */
  #countOpened(workflowId: string, found: RestoredHome): void {
    const spent = this.#count(found);
    const ahead = this.#countedAhead.get(workflowId) ?? NOTHING_SPENT;
    this.#options.scope.budget?.charge(negative(this.#counted.has(workflowId) ? spent : ahead));
    this.#countedAhead.delete(workflowId);
    this.#counted.add(workflowId);
  }

  #priceOf(stored: Readonly<Record<string, unknown>>): ModelPrice | undefined {
    const { toolOf, plan } = this.#host();
    try {
      return plan(parseSubAgentConfig(configOf(stored, toolOf)), { id: 'subagent' }).model.price;
    } catch {
      return undefined; // who calls the workflow is told
    }
  }

  #takeUp(home: Home, { plan, from, order, origin, tornBytes, isOrphan }: UnfinishedSubagent): Entry[] {
    const { supervisor, hub } = this.#options;
    const parent = plan.parentId === undefined ? undefined : supervisor.entries.get(plan.parentId);
    const entry = supervisor.spawn({
      plan,
      parent: parent?.live ? parent : undefined,
      home,
      origin,
      restored: { from, order },
    });
    if (!entry) return []; // cannot be: who comes back may always wait
    if (tornBytes > 0) hub.publish(plan.id, { type: 'store_recovered', tornBytes });
    if (isOrphan)
      void entry.live?.signal({ type: 'CANCEL', by: 'parent', reason: `its parent ${plan.parentId} ended` });
    if (parent?.live && !isFinal(from.state)) follow(entry, parent.live, from);
    this.#remember(entry, plan.parentId);
    return [entry];
  }

  /** Ended children of those that go on: not listed, but the call that had spawned them runs again, and finds them. */
  #rememberEnded(children: RestoredHome['ended']): void {
    for (const one of children) this.#remember(Entry.ofEnded(one), one.parentId);
  }

  #remember(entry: Entry, parentId: string | undefined): void {
    if (parentId !== undefined && entry.origin) this.#origins.set(originKey(parentId, entry.origin), entry);
  }
}

/** A pause or a resume of its parent reaches it, though the crash came between the two records. */
function follow({ live, config, state }: Entry, parent: LiveSubagent, from: RestoredSubagent): void {
  const isHeldAbove = parent.state === 'paused';
  if (!isHeldAbove && from.isPausedByParent) void live?.signal({ type: 'RESUME', by: 'parent' });
  const isCovered = isHeldAbove && !config.detached && from.overruledPauses < parent.pauseCount;
  if (isCovered && state !== 'paused') void live?.signal({ type: 'PAUSE', by: 'parent' });
}

function endedChildren(ended: RestoredHome['ended'], parents: RestoredHome['unfinished']): RestoredHome['ended'] {
  const goOn = new Set(idsOf(parents));
  return ended.filter(({ parentId }) => parentId !== undefined && goOn.has(parentId));
}

function idsOf(unfinished: RestoredHome['unfinished']): string[] {
  return unfinished.map(({ plan }) => plan.id);
}

/** Also of one whose end was not recorded: its last answer was. */
function outputsOf({ unfinished, ended }: RestoredHome): Map<string, string> {
  const said = unfinished.flatMap(({ plan, from }) => (isFinal(from.state) ? [[plan.id, from.lastText] as const] : []));
  return new Map([...said, ...ended.map(({ outcome }) => [outcome.id, outcome.output] as const)]);
}
