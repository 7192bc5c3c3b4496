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
import { type Clock, realClock } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import type { ControlResult, LifecycleState } from '../domain/lifecycle.js';
import { DEFAULT_CONFIRM_TIMEOUT_MS } from '../domain/limits.js';
import type { SubAgentInfo, SubAgentOutcome } from '../domain/outcome.js';
import { type AgentEvent, type EventFilter, EventHub } from '../events/index.js';
import type { SubagentEnvironment } from '../subagent/index.js';
import type { Entry } from './entry.js';
import { createHandle, type SubAgentHandle } from './handle.js';
import { checkScope, type PlanScope, planSubagent } from './plan-subagent.js';
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
      taskTool: (id) => this.#taskTool(id),
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
    this.#supervisor = new Supervisor({
      environment,
      maxConcurrentSubagents: config.maxConcurrentSubagents,
      onLimit: config.onLimit,
      keepEnded: config.keepEnded,
      inspect: config.inspect ?? agent.inspect,
    });
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
    this.#checkOpen();
    const resolved = parseSubAgentConfig(config);
    const parent = resolved.parentId === undefined ? undefined : this.#parentOf(resolved.parentId);
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
    const entry = this.#supervisor.spawn(plan, parent);
    if (entry) return this.#handleOf(entry);
    throw new TroupeError(
      'concurrency_limit',
      `maxConcurrentSubagents ${this.#config.maxConcurrentSubagents} reached; wait for a subagent to end, raise it, or use onLimit 'queue'`,
    );
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

  /** Forgets one that has ended, and its kept events. @returns false for one that is unknown or has not ended. */
  release(id: string): boolean {
    return this.#supervisor.release(id);
  }

  /**
   * Cancels what has not ended (`by: 'shutdown'`), flushes the bus, completes all streams. Idempotent.
   * @throws TroupeError `config_invalid` for mode `suspend`, which needs a store.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { mode } = parseCloseOptions(options);
    if (mode === 'suspend') {
      throw new TroupeError('config_invalid', "mode: 'suspend' needs a store to keep what is suspended; use 'cancel'");
    }
    this.#closing ??= this.#shutDown();
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    if (!this.#supervisor.isClosed) this.actor.send({ type: 'CLOSE' });
    await this.#disconnect();
    this.#hub.end();
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
      spawn: (config) => {
        const permissive = this.#supervisor.entries.get(id)?.live?.plan.bounds.permissive ?? false;
        return this.spawnSubagent({ ...config, parentId: id, permissive });
      },
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
