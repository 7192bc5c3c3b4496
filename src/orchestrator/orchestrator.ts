/** The facade of the orchestrator: spawn, watch, steer, wait, close. */

import type { Observable } from 'rxjs';
import { createAlwaysMemory } from '../activities/permissions/index.js';
import { connectBus, type EventBus } from '../bus/index.js';
import {
  type CloseOptions,
  type OrchestratorConfig,
  parseCloseOptions,
  parseEventFilter,
  parseOrchestratorConfig,
  parseSubAgentConfig,
  parseWaitOptions,
  type ResolvedOrchestratorConfig,
  type SubAgentConfig,
  type WaitOptions,
} from '../config/index.js';
import type { Activity } from '../domain/activity.js';
import type { AgentRuntime } from '../domain/agent.js';
import { Budget } from '../domain/budget.js';
import { type Clock, realClock } from '../domain/clock.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { ControlResult, LifecycleState } from '../domain/lifecycle.js';
import { DEFAULT_CONFIRM_TIMEOUT_MS } from '../domain/limits.js';
import type { SubAgentInfo, SubAgentOutcome } from '../domain/outcome.js';
import { type AgentEvent, type AgentEventBody, type EventFilter, EventHub } from '../events/index.js';
import type { SessionStore } from '../store/index.js';
import type { SubagentEnvironment } from '../subagent/index.js';
import { type CallOrigin, originKey } from './call-origin.js';
import type { Entry } from './entry.js';
import { createHandle, type SubAgentHandle } from './handle.js';
import type { Home } from './home.js';
import { Keeping } from './keeping.js';
import { checkScope, type PlanScope, planSubagent } from './plan-subagent.js';
import { type RestoredHome, type RestoreHost, restoreHome, type UnfinishedSubagent } from './restore.js';
import { stubRuntime } from './stub.js';
import { type OrchestratorActor, Supervisor } from './supervisor.js';
import { taskTool } from './task-tool.js';
import { WaitLimit } from './wait-limit.js';

/** Whatever holds an agent's runtime: `Agent.create()` gives one. */
export interface RuntimeHolder {
  readonly runtime: AgentRuntime;
}

/** What a session adds to its agent for its own orchestrator. */
export type SessionScope = Pick<PlanScope, 'tools' | 'permissions' | 'permissive' | 'model'>;

/** A workflow that this process has. */
export interface OpenWorkflow {
  readonly home: Home;
  /** Subagents of its steps that have ended, in the order of spawning. */
  readonly ended: readonly {
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly outcome: SubAgentOutcome;
  }[];
  /** Goes on with those that had not; to be called once. */
  readonly takeUp: () => SubAgentHandle[];
  readonly close: () => Promise<void>;
}

export class Orchestrator implements AsyncDisposable {
  readonly #config: ResolvedOrchestratorConfig;
  readonly #scope: PlanScope;
  readonly #clock: Clock;
  readonly #hub: EventHub;
  readonly #supervisor: Supervisor;
  readonly #disconnect: () => Promise<void>;
  /** The same one each time it is asked for. */
  readonly #handles = new WeakMap<Entry, SubAgentHandle>();
  #closing: Promise<void> | undefined;
  readonly #environment: SubagentEnvironment;
  readonly #onError: (error: TroupeError) => void;
  /** Absent without a store. */
  readonly #keeping: Keeping | undefined;
  /** Children that came back, by the call that had spawned them. */
  readonly #origins = new Map<string, Entry>();

  private constructor(
    runtime: AgentRuntime | undefined,
    config: ResolvedOrchestratorConfig,
    session: SessionScope | undefined,
  ) {
    this.#config = config;
    const clock = config.clock ?? runtime?.clock ?? realClock;
    this.#clock = clock;
    const agent = runtime ?? stubRuntime(clock);
    const confirm = config.confirm ?? agent.confirm;
    const onError = config.onError ?? agent.onError ?? (() => {});
    const asks = confirm !== undefined || config.approvals === 'wait';
    this.#scope = {
      ...session,
      runtime: agent,
      workspace: config.workspace,
      approvals: asks ? 'ask' : 'deny',
      always: createAlwaysMemory(),
      onInterrupted: config.onInterrupted,
      taskTool: (id) => this.#taskTool(id),
      ...(config.budget
        ? { budget: new Budget({ limits: config.budget, owner: session ? 'the session' : 'the orchestrator' }) }
        : {}),
      touchesNoFiles: runtime === undefined,
    };
    checkScope(this.#scope);
    this.#hub = new EventHub({ clock, bufferSize: config.eventBufferSize, onError });
    const environment: SubagentEnvironment = {
      runId: crypto.randomUUID(),
      hub: this.#hub,
      clock,
      random: Math.random,
      ...(confirm ? { confirm } : {}),
      approvalMs: config.confirmTimeoutMs ?? (confirm ? DEFAULT_CONFIRM_TIMEOUT_MS : null),
      awaitChildren: (id, toolId, work) => {
        const entry = this.#supervisor.entries.get(id);
        return entry ? this.#supervisor.lending(entry, toolId, work) : work();
      },
      redact: agent.redact,
      onError,
    };
    this.#environment = environment;
    this.#onError = onError;
    this.#supervisor = new Supervisor({
      environment,
      maxConcurrentSubagents: config.maxConcurrentSubagents,
      onLimit: config.onLimit,
      keepEnded: config.keepEnded,
      inspect: config.inspect ?? agent.inspect,
    });
    this.#keeping = config.store && this.#keep(config.store as SessionStore); // its methods were checked with the config
    this.#disconnect = this.#connectBus(environment);
  }

  /**
   * @param agent Without one, a stub runs: five steps of 600 ms each, no model, no files.
   * @throws TroupeError `config_invalid`.
   */
  static create(agent?: RuntimeHolder, config: OrchestratorConfig = {}): Orchestrator {
    if (agent !== undefined && typeof agent?.runtime?.definitionOf !== 'function') {
      throw new TroupeError('config_invalid', 'agent: expected an Agent as Agent.create() gives it');
    }
    return new Orchestrator(agent?.runtime, parseOrchestratorConfig(config), undefined);
  }

  /** The orchestrator of a session. */
  static forSession(runtime: AgentRuntime, config: ResolvedOrchestratorConfig, session: SessionScope): Orchestrator {
    return new Orchestrator(runtime, config, session);
  }

  /** The parent actor of all subagents. */
  get actor(): OrchestratorActor {
    return this.#supervisor.actor;
  }

  /** Every subagent, from now on. Never errors because one failed; completes on `close()`. */
  get events$(): Observable<AgentEvent> {
    return this.#hub.live$;
  }

  /** What is kept from that offset on (1 is the first), then live: nothing missed, nothing twice. */
  replay$(from = 1): Observable<AgentEvent> {
    return this.#hub.replay$(from);
  }

  /** As an iterable; without `from`, live. Leaving it cancels nothing. @throws TroupeError `config_invalid`. */
  events(filter: EventFilter = {}): AsyncIterable<AgentEvent> {
    parseEventFilter(filter);
    return this.#hub.events(filter);
  }

  /**
   * The first event is published after this returns, so that whoever subscribes in the same tick sees all.
   * @throws TroupeError `config_invalid`, `unknown_agent`, `unknown_subagent` (its parent), `wrong_state` (its parent has
   * ended), `concurrency_limit` (where `onLimit` is `reject`), `closed`.
   */
  spawnSubagent(config: SubAgentConfig): SubAgentHandle {
    this.#checkNotClosing();
    return this.#spawn(config, {});
  }

  /** As `spawnSubagent`, kept in the home of a workflow. @internal */
  spawnInto(home: Home, config: SubAgentConfig): SubAgentHandle {
    this.#checkNotClosing();
    return this.#spawn(config, { home });
  }

  #spawn(config: SubAgentConfig, { home: given, origin }: { home?: Home; origin?: CallOrigin }): SubAgentHandle {
    this.#checkOpen();
    const resolved = parseSubAgentConfig(config);
    const parent = resolved.parentId === undefined ? undefined : this.#parentOf(resolved.parentId);
    const home = given ?? (parent ? parent.home : this.#keeping?.homeNow());
    const plan = planSubagent(this.#scope, resolved, {
      id: this.#supervisor.nextId(),
      ...(parent?.live ? { parent: parent.live.plan } : {}),
    });
    if (plan.depth > this.#config.maxDepth) {
      throw new TroupeError(
        'config_invalid',
        `parentId: ${parent?.id} is ${plan.depth - 1} levels deep already; maxDepth is ${this.#config.maxDepth}`,
      );
    }
    const entry = this.#supervisor.spawn({ plan, parent, home, origin });
    if (entry) return this.#handleOf(entry);
    throw new TroupeError(
      'concurrency_limit',
      `maxConcurrentSubagents ${this.#config.maxConcurrentSubagents} reached; wait for a subagent to end, raise it, or use onLimit 'queue'`,
    );
  }

  /**
   * Goes on with everything of this session that had not ended: running ones run, paused ones stay paused, each at its own point.
   * Those that had ended are listed again. Comes once, before the first spawn.
   * @returns handles of those that had not ended, in the order of spawning.
   * @throws TroupeError `config_invalid` without a store, or for one whose tools or agent are not known any more; `workflow_busy`
   * while a live process has the session; `store_corrupt`, `store_version`, `store_io`. Then nothing runs and the store is untouched.
   */
  async restore(): Promise<SubAgentHandle[]> {
    this.#checkNotClosing();
    if (!this.#keeping) throw new TroupeError('config_invalid', 'store: restore() needs one; give a SessionStore');
    const host = this.#restoreHost();
    const { home, found } = await this.#keeping.take(async (home) => ({ home, found: await restoreHome(home, host) }));
    return this.#adopt(home, found);
  }

  /**
   * A workflow of this session, under a lease of its own.
   * @param configOf Of a step's subagent that had not ended, by the config that is stored of it; `leave` lets it lie.
   * @throws TroupeError `config_invalid` without a store; `workflow_busy`, `store_corrupt`, `store_version`, `store_io`.
   * @internal
   */
  async openWorkflow(workflowId: string, configOf: NonNullable<RestoreHost['configOf']>): Promise<OpenWorkflow> {
    this.#checkNotClosing();
    const keeping = this.#keeping;
    if (!keeping) throw new TroupeError('config_invalid', 'sessionStore: a resumable workflow needs one');
    const home = await keeping.workflow(workflowId);
    try {
      const found = await restoreHome(home, { ...this.#restoreHost(), configOf });
      this.#checkNotClosing();
      return {
        home,
        ended: found.ended.map(({ config, outcome }) => ({ metadata: config.metadata ?? {}, outcome })),
        takeUp: () => this.#adopt(home, { ...found, ended: [] }),
        close: () => keeping.closeWorkflow(home),
      };
    } catch (error) {
      await keeping.closeWorkflow(home);
      throw error;
    }
  }

  /** @throws TroupeError `config_invalid` without a store; `workflow_busy`, `store_io`. @internal */
  async forgetWorkflow(workflowId: string): Promise<void> {
    this.#checkNotClosing();
    if (!this.#keeping) throw new TroupeError('config_invalid', 'sessionStore: there is none to forget a workflow in');
    await this.#keeping.forgetWorkflow(workflowId);
  }

  /** An event of one that does not run here. @internal */
  tell(subagentId: string, event: AgentEventBody): void {
    const isKnown = this.#supervisor.entries.has(subagentId);
    if (!isKnown) this.#hub.open(subagentId);
    this.#hub.publish(subagentId, event);
    if (!isKnown) this.#hub.close(subagentId);
  }

  /** In the order of spawning; ended ones included, at most `keepEnded` of them. */
  listSubagents(): SubAgentInfo[] {
    return [...this.#entries()].map((entry) => entry.info());
  }

  getSubagentInfo(id: string): SubAgentInfo | undefined {
    return this.#supervisor.entries.get(id)?.info();
  }

  getAllStates(): { id: string; state: LifecycleState }[] {
    return [...this.#entries()].map(({ id, state }) => ({ id, state }));
  }

  /** Of those that have not ended. */
  getActiveActivities(): { id: string; activity: Activity }[] {
    return [...this.#entries()].flatMap(({ id, live }) => (live ? [{ id, activity: live.activity }] : []));
  }

  /** How many have not ended: pending, running or paused. */
  activeCount(): number {
    return this.#supervisor.liveCount;
  }

  getHandle(id: string): SubAgentHandle | undefined {
    const entry = this.#supervisor.entries.get(id);
    return entry && this.#handleOf(entry);
  }

  async pauseSubagent(id: string): Promise<ControlResult> {
    return this.getHandle(id)?.pause() ?? UNKNOWN_SUBAGENT;
  }

  async resumeSubagent(id: string): Promise<ControlResult> {
    return this.getHandle(id)?.resume() ?? UNKNOWN_SUBAGENT;
  }

  async cancelSubagent(id: string, reason?: string): Promise<ControlResult> {
    return this.getHandle(id)?.cancel(reason) ?? UNKNOWN_SUBAGENT;
  }

  /**
   * Of all listed, ended ones included, and of those spawned meanwhile, in the order of spawning.
   * @throws TroupeError `timeout` after `timeoutMs`, `cancelled` when the signal aborts; the subagents go on.
   */
  async waitAll(options: WaitOptions = {}): Promise<SubAgentOutcome[]> {
    const given = parseWaitOptions(options);
    const entries = [...this.#entries()];
    const outcomes: SubAgentOutcome[] = [];
    const letGo = this.#supervisor.keepAlive.hold();
    this.#supervisor.collectors.add(entries);
    const collect = async () => {
      // Grows while subagents are spawned; who waits for the last one may answer its end by spawning the next.
      for (const entry of entries) {
        outcomes.push(await entry.ended);
        if (outcomes.length === entries.length) await new Promise((resolve) => setImmediate(resolve));
      }
      return outcomes;
    };
    const limit = new WaitLimit(this.#clock, given);
    try {
      return await Promise.race([collect(), limit.reached]);
    } finally {
      limit.clear();
      this.#supervisor.collectors.delete(entries);
      letGo();
    }
  }

  /** Forgets one that has ended, its kept events and what is stored of it. @returns false for one that is unknown or has not ended. */
  release(id: string): boolean {
    const home = this.#supervisor.entries.get(id)?.home;
    if (!this.#supervisor.release(id)) return false;
    home
      ?.forget(id)
      .catch((error) =>
        this.#onError(
          new TroupeError('store_io', `${id} was not removed from the store: ${messageOf(error)}`, { cause: error }),
        ),
      );
    return true;
  }

  /**
   * `suspend` (the default with a store) brings every subagent to rest at its next boundary and saves it for a restore; `cancel`
   * cancels what has not ended (`by: 'shutdown'`), also what another call is about to suspend. Then flushes store and bus, and
   * completes all streams. Idempotent.
   * @throws TroupeError `config_invalid` for mode `suspend` without a store.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { mode = this.#keeping ? 'suspend' : 'cancel' } = parseCloseOptions(options);
    if (mode === 'suspend' && !this.#keeping) {
      throw new TroupeError('config_invalid', "mode: 'suspend' needs a store to keep what is suspended; use 'cancel'");
    }
    this.#closing ??= this.#shutDown(mode);
    if (mode === 'cancel' && !this.#supervisor.isClosed) this.actor.send({ type: 'CLOSE' }); // it was to be suspended
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(mode: 'suspend' | 'cancel'): Promise<void> {
    if (mode === 'suspend') await this.#supervisor.suspend();
    if (!this.#supervisor.isClosed) this.actor.send({ type: 'CLOSE' });
    await this.#keeping?.close();
    await this.#disconnect();
    this.#hub.end();
  }

  #restoreHost(): RestoreHost {
    const { runtime, tools = [] } = this.#scope;
    const own = [...(runtime.ownTools ?? []), ...tools];
    return {
      environment: this.#environment,
      toolOf: (name) => own.find((tool) => tool.name === name),
      plan: (config, place) => planSubagent(this.#scope, config, place),
    };
  }

  #adopt(home: Home, { unfinished, ended }: RestoredHome): SubAgentHandle[] {
    const kept = new Set(ended.slice(-this.#config.keepEnded || ended.length));
    const handles: SubAgentHandle[] = [];
    const all = [...unfinished, ...ended].sort((a, b) => a.order - b.order); // listed in the order of spawning
    for (const one of all) {
      const isEnded = 'outcome' in one;
      if (isEnded && !kept.has(one)) continue;
      const entry = isEnded ? this.#supervisor.addEnded(one) : this.#takeUp(home, one);
      const parentId = isEnded ? one.parentId : one.plan.parentId;
      if (entry && one.origin && parentId !== undefined) this.#origins.set(originKey(parentId, one.origin), entry);
      if (entry && !isEnded) handles.push(this.#handleOf(entry));
    }
    return handles;
  }

  #takeUp(home: Home, { plan, from, order, origin, tornBytes, isOrphan }: UnfinishedSubagent): Entry | undefined {
    const parent = plan.parentId === undefined ? undefined : this.#supervisor.entries.get(plan.parentId);
    const entry = this.#supervisor.spawn({
      plan,
      parent: parent?.live ? parent : undefined,
      home,
      origin,
      restored: { from, order },
    });
    if (tornBytes > 0) this.#hub.publish(plan.id, { type: 'store_recovered', tornBytes });
    if (isOrphan)
      void entry?.live?.signal({ type: 'CANCEL', by: 'parent', reason: `its parent ${plan.parentId} ended` });
    return entry;
  }

  #checkNotClosing(): void {
    if (this.#closing) throw new TroupeError('closed', 'the orchestrator is closed: it spawns no more subagents');
    this.#checkOpen();
  }

  #checkOpen(): void {
    if (this.#supervisor.isClosed)
      throw new TroupeError('closed', 'the orchestrator is closed: it spawns no more subagents');
  }

  #entries(): IterableIterator<Entry> {
    return this.#supervisor.entries.values();
  }

  #parentOf(id: string): Entry {
    const parent = this.#supervisor.entries.get(id);
    if (!parent) throw new TroupeError('unknown_subagent', `parentId: there is no subagent ${JSON.stringify(id)}`);
    if (parent.live) return parent;
    throw new TroupeError('wrong_state', `parentId: ${id} is ${parent.state}: it can have no more children`);
  }

  #handleOf(entry: Entry): SubAgentHandle {
    const known = this.#handles.get(entry);
    if (known) return known;
    const handle = createHandle(entry, {
      supervisor: this.#supervisor,
      controlBufferSize: this.#config.controlBufferSize,
      eventsOf: (id) => ({ live$: this.#hub.liveOf(id), replay$: this.#hub.replayOf(id) }),
      streamOf: (id) => this.#hub.streamOf(id),
      checkOpen: () => this.#checkOpen(),
      spawn: (config) => this.spawnSubagent(config),
    });
    this.#handles.set(entry, handle);
    return handle;
  }

  #taskTool(id: string) {
    return taskTool({
      spawn: (config, origin) => {
        const before = this.#origins.get(originKey(id, origin));
        if (before) return this.#handleOf(before);
        const permissive = this.#supervisor.entries.get(id)?.live?.plan.bounds.permissive ?? false;
        return this.#spawn({ ...config, parentId: id, permissive }, { origin });
      },
    });
  }

  #keep(store: SessionStore): Keeping {
    const { sessionId, onPersistError } = this.#config;
    const { clock, redact } = this.#environment;
    return new Keeping({
      store,
      sessionId,
      clock,
      redact,
      onPersistError,
      publish: (id, event) => this.#hub.publish(id, event),
      goOnAfter: (ids) => this.#supervisor.goOnAfter(ids),
    });
  }

  #connectBus({ clock, onError, runId }: SubagentEnvironment): () => Promise<void> {
    if (!this.#config.bus) return async () => {};
    const bridge = connectBus({
      hub: this.#hub,
      bus: this.#config.bus as EventBus, // its methods were checked with the config
      prefix: this.#config.subjectPrefix,
      clock,
      source: runId,
      bufferSize: this.#config.eventBufferSize,
      onSignal: (id, signal) => this.#takeSignal(id, signal),
      onError,
    });
    return () => bridge.close();
  }

  #takeSignal(id: string, signal: Parameters<Parameters<typeof connectBus>[0]['onSignal']>[1]): void {
    const handle = this.getHandle(id);
    if (!handle || handle.isDone()) return;
    switch (signal.signal) {
      case 'pause':
        void handle.pause();
        break;
      case 'resume':
        void handle.resume();
        break;
      case 'cancel':
        void handle.cancel(signal.reason);
        break;
      case 'steer':
        handle.steer(signal.message);
        break;
      case 'approve':
        handle.approve(signal.requestId);
        break;
      case 'deny':
        handle.deny(signal.requestId, signal.reason);
    }
  }
}

const UNKNOWN_SUBAGENT: ControlResult = { accepted: false, reason: 'unknown_subagent' };
