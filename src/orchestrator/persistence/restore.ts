/** Takes up what a store holds: reads and checks all of it, before anything of it runs. */

import { createActor } from 'xstate';
import { subagentMachine } from '../../../machines/index.js';
import { parseSubAgentConfig, type ResolvedSubAgentConfig, type SubAgentConfig } from '../../config/index.js';
import type { Budget } from '../../domain/budget.js';
import { messageOf, TroupeError } from '../../domain/errors.js';
import { inGroups } from '../../domain/in-groups.js';
import { isFinal } from '../../domain/lifecycle.js';
import type { SubAgentInfo, SubAgentOutcome } from '../../domain/outcome.js';
import type { Tool } from '../../domain/tool.js';
import type { ModelPrice, Usage } from '../../domain/usage.js';
import {
  chartInput,
  type FoldedLog,
  foldLog,
  type RestoredSubagent,
  replayChart,
  restoreSubagent,
  type SpawnedRecord,
  type SubagentActor,
  type SubagentEnvironment,
  type SubagentPlan,
} from '../../subagent/index.js';
import type { CallOrigin } from '../call-origin.js';
import type { EndedSubagent } from '../entry.js';
import type { Home, StoredLog } from './home.js';
import { configOf, parseDocument, type SubagentDocument, withText } from './stored-form.js';

export interface RestoreHost {
  readonly environment: SubagentEnvironment;
  /** An own tool of the agent or the session. */
  readonly toolOf: (name: string) => Tool | undefined;
  /** Of all of them together. */
  readonly budget?: Budget | undefined;
  /** The config of one without a parent, in place of the stored one; `leave` leaves it and all below it where they are. */
  readonly configOf?: (config: Readonly<Record<string, unknown>>) => SubAgentConfig | 'leave';
  /**
   * Told the config of one whose parent does not go on, and why it cannot be taken up, or one below it cannot: all of them are left
   * where they are. Without it, that is thrown.
   */
  readonly onRefused?: (config: Readonly<Record<string, unknown>>, error: TroupeError) => void;
  /** Of the model that one with this stored config asks. */
  readonly priceOf: (config: Readonly<Record<string, unknown>>) => ModelPrice | undefined;
  /** @throws TroupeError `config_invalid`, `unknown_agent`. */
  readonly plan: (config: ResolvedSubAgentConfig, place: { id: string; parent?: SubagentPlan }) => SubagentPlan;
}

/** One that had not ended. */
export interface UnfinishedSubagent {
  readonly plan: SubagentPlan;
  readonly from: RestoredSubagent;
  /** The first above it that goes on, or itself: they are taken up together. */
  readonly topId: string;
  readonly order: number;
  readonly origin?: CallOrigin | undefined;
  readonly tornBytes: number;
  /** Its parent is over, and would have taken it along. */
  readonly isOrphan: boolean;
}

export interface RestoredHome {
  /** In the order of spawning, as the ended. */
  readonly unfinished: readonly UnfinishedSubagent[];
  readonly ended: readonly (EndedSubagent & { readonly parentId?: string | undefined })[];
  /** What those have used that are left where they are. */
  readonly left: readonly Usage[];
  /** What an ended one has spent counts there: in its own budget where some below it go on, else in that of the first above it that does. */
  readonly budgetOf: (id: string) => Budget | undefined;
}

/** @throws TroupeError `store_corrupt`, `store_version`, `store_io`; `unknown_agent` and `config_invalid` naming who cannot be taken up, and why. */
export async function restoreHome(home: Home, host: RestoreHost): Promise<RestoredHome> {
  const stored = (await inGroups(await home.ids(), (id) => readOne(home, id))).filter((one) => one !== undefined);
  stored.sort((a, b) => a.order - b.order);
  const byId = new Map(stored.map((one) => [one.id, one]));
  const plans = new Map<string, SubagentPlan>();
  const planOf = (one: Stored): SubagentPlan => {
    const known = plans.get(one.id);
    if (known) return known;
    const above = one.parentId === undefined ? undefined : byId.get(one.parentId);
    const plan = planned(host, one, above && planOf(above));
    plans.set(one.id, plan);
    return plan;
  };
  const tops = topsOf(stored);
  const leftOut = leftOutOf(stored, { tops, host, planOf });
  const unfinished: UnfinishedSubagent[] = [];
  const ended: RestoredHome['ended'][number][] = [];
  const left: Usage[] = [];
  /** Those whose children end with them: their own end is on record, or follows from it. */
  const over = new Set<string>();
  for (const one of stored) {
    if (one.kind === 'ended') {
      if (!one.sparesChildren) over.add(one.id);
      ended.push(listed(home, host, one));
      continue;
    }
    if (leftOut.has(one.id)) {
      left.push(foldLog(one.records, one.spawned, host.priceOf(one.config)).usage);
      await home.closeLog(one.id);
      continue;
    }
    const plan = planOf(one);
    const { spawned, records } = one;
    const log = foldLog(records, spawned, plan.model.price);
    const from = await restoreSubagent(plan, chartInput(plan, host.environment), log, host.environment.clock);
    const isOrphan = one.parentId !== undefined && over.has(one.parentId) && !plan.config.detached;
    if (isOrphan || (isFinal(from.state) && !from.sparesChildren)) over.add(one.id);
    unfinished.push({
      plan,
      from,
      topId: tops.get(one.id) ?? one.id,
      order: one.order,
      origin: spawned.origin,
      tornBytes: one.tornBytes,
      isOrphan,
    });
  }
  const budgetOf = (id: string): Budget | undefined => {
    for (let one = byId.get(id); one; one = one.parentId === undefined ? undefined : byId.get(one.parentId)) {
      const plan = plans.get(one.id);
      if (plan) return plan.budget;
    }
    return host.budget;
  };
  return { unfinished, ended, left, budgetOf };
}

/** By id of each that had not ended: the first above it whose parent has, or is none. */
function topsOf(stored: readonly Stored[]): ReadonlyMap<string, string> {
  const tops = new Map<string, string>();
  for (const { kind, id, parentId } of stored) {
    if (kind === 'unfinished') tops.set(id, (parentId !== undefined && tops.get(parentId)) || id);
  }
  return tops;
}

interface LeavingOptions {
  readonly tops: ReadonlyMap<string, string>;
  readonly host: RestoreHost;
  readonly planOf: (one: Stored) => SubagentPlan;
}

/** Those that the host does not want, with all below them, and those that cannot be taken up, with all that would be with them. */
function leftOutOf(stored: readonly Stored[], { tops, host, planOf }: LeavingOptions): ReadonlySet<string> {
  const { configOf, onRefused } = host;
  const byId = new Map(stored.map((one) => [one.id, one]));
  const leftOut = new Set<string>();
  const refused = new Set<string>();
  for (const one of stored) {
    const { id, parentId, config } = one;
    if (parentId === undefined ? configOf?.(config) === 'leave' : leftOut.has(parentId)) leftOut.add(id);
    const top = byId.get(tops.get(id) ?? '');
    if (!top || leftOut.has(id) || refused.has(top.id)) continue;
    try {
      planOf(one);
    } catch (error) {
      if (!onRefused || !(error instanceof TroupeError)) throw error;
      refused.add(top.id);
      onRefused(top.config, error);
    }
  }
  for (const [id, top] of tops) if (refused.has(top)) leftOut.add(id);
  return leftOut;
}

type Stored = StoredUnfinished | StoredEnded;

interface StoredBase {
  readonly id: string;
  readonly order: number;
  readonly parentId?: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
}

interface StoredUnfinished extends StoredBase, Omit<StoredLog, 'id'> {
  readonly kind: 'unfinished';
  readonly spawned: SpawnedRecord;
}

interface StoredEnded extends StoredBase {
  readonly kind: 'ended';
  readonly origin?: CallOrigin | undefined;
  readonly sparesChildren: boolean;
  readonly info: SubAgentInfo;
  readonly outcome: SubAgentOutcome;
  readonly snapshot: object | undefined;
  readonly log: FoldedLog | undefined;
  readonly lives: readonly number[];
}

/** Of one that has ended the document says enough; its journal is read only where that is missing or damaged. */
async function readOne(home: Home, id: string): Promise<Stored | undefined> {
  const document = parseDocument(await home.readDocument(id), id);
  if (document?.outcome) return endedByDocument(id, document, document.outcome);
  const loaded = await home.load(id);
  const [spawned] = loaded?.records ?? [];
  if (!loaded || spawned?.type !== 'spawned') return undefined;
  const { order, parentId, config } = spawned;
  const last = loaded.records.at(-1);
  const base = { id: spawned.id, order, parentId, config };
  if (last?.type !== 'ended')
    return { ...base, kind: 'unfinished', spawned, records: loaded.records, tornBytes: loaded.tornBytes };
  await home.closeLog(id);
  const log = foldLog(loaded.records, spawned);
  const outcome = last.outcome as unknown as SubAgentOutcome; // written as one
  return {
    ...base,
    kind: 'ended',
    origin: spawned.origin,
    sparesChildren: log.events.some(({ event }) => event.type === 'CANCEL' && event.sparesChildren === true),
    info: infoOf(log, outcome, last.t),
    outcome,
    snapshot: undefined,
    log,
    lives: log.lives,
  };
}

function endedByDocument(id: string, document: SubagentDocument, outcome: SubAgentOutcome): StoredEnded {
  const { order, config, info, snapshot, origin, lives = [1] } = document;
  const output = 'output' in snapshot ? (snapshot.output as { sparesChildren?: boolean } | undefined) : undefined;
  return {
    kind: 'ended',
    id,
    order,
    parentId: info.parentId,
    config,
    origin,
    sparesChildren: output?.sparesChildren ?? false,
    info,
    outcome,
    snapshot: withText(snapshot, outcome.output),
    log: undefined,
    lives,
  };
}

function infoOf(log: FoldedLog, outcome: SubAgentOutcome, endedAt: number): SubAgentInfo {
  const { spawned, tasks, createdAt, turnSent } = log;
  const { description, detached } = spawned.config;
  return {
    id: spawned.id,
    agentType: outcome.agentType,
    description: typeof description === 'string' ? description : '',
    state: outcome.state,
    ...(spawned.parentId === undefined ? {} : { parentId: spawned.parentId }),
    detached: detached === true,
    depth: spawned.depth,
    turn: turnSent,
    usage: outcome.usage,
    tasks,
    createdAt,
    updatedAt: endedAt,
    ...(outcome.error ? { error: outcome.error } : {}),
  };
}

function planned(host: RestoreHost, one: Stored, parent: SubagentPlan | undefined): SubagentPlan {
  try {
    const given = one.parentId === undefined ? host.configOf?.(one.config) : undefined;
    const config = parseSubAgentConfig(
      given === undefined || given === 'leave' ? configOf(one.config, host.toolOf) : given,
    );
    return host.plan(
      { ...config, ...(parent ? { parentId: parent.id } : {}) },
      { id: one.id, ...(parent ? { parent } : {}) },
    );
  } catch (cause) {
    const code = cause instanceof TroupeError ? cause.code : 'bug';
    throw new TroupeError(code, `${one.id} cannot be restored: ${messageOf(cause)}`, { cause });
  }
}

function listed(home: Home, host: RestoreHost, one: StoredEnded): RestoredHome['ended'][number] {
  const { info, outcome, order, parentId, origin, lives } = one;
  const config = configOf(one.config, host.toolOf) as ResolvedSubAgentConfig; // as it was parsed before it was stored
  return { info, outcome, config, makeActor: () => finishedActor(one), order, home, parentId, origin, lives };
}

function finishedActor({ id, snapshot, log, config }: StoredEnded): SubagentActor {
  const limit = (key: string) => (typeof config[key] === 'number' ? config[key] : null);
  const input = {
    id,
    maxSteps: limit('maxSteps') ?? 1,
    maxParallelTools: 1,
    timeoutMs: limit('timeoutMs'),
    approvalMs: null,
  };
  const saved = snapshot ?? (log && replayChart(input, log).persisted);
  return createActor(subagentMachine, { id, input, ...(saved ? { snapshot: saved as never } : {}) }); // as XState persisted it
}
