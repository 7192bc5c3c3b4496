/** What an orchestrator is made of, and what rooms beside its facade need of it. */

import { createAlwaysMemory } from '../activities/permissions/index.js';
import { connectBus, type EventBus } from '../bus/index.js';
import { parseSubAgentConfig, type ResolvedOrchestratorConfig, type SubAgentConfig } from '../config/index.js';
import type { AgentRuntime } from '../domain/agent.js';
import { Budget } from '../domain/budget.js';
import { realClock } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import { DEFAULT_CONFIRM_TIMEOUT_MS } from '../domain/limits.js';
import { checkStoredName } from '../domain/stored-name.js';
import { NO_USAGE, type Usage } from '../domain/usage.js';
import { type AgentEventBody, EventHub } from '../events/index.js';
import type { SessionStore } from '../store/index.js';
import type { Aside, SubagentEnvironment } from '../subagent/index.js';
import type { CallOrigin } from './call-origin.js';
import type { Entry } from './entry.js';
import { createHandle, type SubAgentHandle } from './handle.js';
import { lendSlot } from './lend-slot.js';
import type { Home } from './persistence/home.js';
import { Keeping } from './persistence/keeping.js';
import { type OpenWorkflow, openWorkflow } from './persistence/open-workflow.js';
import { Revival, type WorkflowChoice } from './persistence/revival.js';
import { checkScope, type PlanScope, planSubagent } from './plan-subagent.js';
import { stubRuntime } from './stub.js';
import { Supervisor } from './supervisor.js';
import { takeSignal } from './take-signal.js';
import { taskTool } from './task-tool.js';

/** What a session adds to its agent for its own orchestrator. */
export type SessionScope = Pick<PlanScope, 'tools' | 'permissions' | 'permissive' | 'model'>;

/** What is known of a subagent when it is spawned, and told by no event. */
export interface SpawnedSubagent {
  readonly id: string;
  /** The same in all its lives, and of no other. */
  readonly conversationId: string;
  /** Name of its model. */
  readonly model: string;
  /** Of its definition. */
  readonly role: string;
  /** Of its former lives. */
  readonly usage: Usage;
  /** The call of its parent that spawned it. */
  readonly toolId?: string;
}

export class OrchestratorCore {
  readonly config: ResolvedOrchestratorConfig;
  readonly scope: PlanScope;
  readonly hub: EventHub;
  readonly supervisor: Supervisor;
  readonly environment: SubagentEnvironment;
  /** Absent without a store. */
  readonly keeping: Keeping | undefined;
  /** Absent without a store. */
  readonly revival: Revival | undefined;
  /** Each gets every side question from now on, when it is asked. */
  readonly asideListeners = new Set<(aside: Aside) => void>();
  readonly #disconnect: () => Promise<void>;
  /** The same one each time it is asked for. */
  readonly #handles = new WeakMap<Entry, SubAgentHandle>();
  #closing: Promise<void> | undefined;

  /** @throws TroupeError `config_invalid`. */
  constructor(runtime: AgentRuntime | undefined, config: ResolvedOrchestratorConfig, session?: SessionScope) {
    this.config = config;
    const clock = config.clock ?? runtime?.clock ?? realClock;
    const agent = runtime ?? stubRuntime(clock);
    const confirm = config.confirm ?? agent.confirm;
    const onError = quiet(config.onError ?? agent.onError);
    const asks = confirm !== undefined || config.approvals === 'wait';
    this.scope = {
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
    checkScope(this.scope);
    this.hub = new EventHub({ clock, bufferSize: config.eventBufferSize, onError });
    const environment: SubagentEnvironment = {
      runId: crypto.randomUUID(),
      hub: this.hub,
      clock,
      random: Math.random,
      ...(confirm ? { confirm } : {}),
      approvalMs: config.confirmTimeoutMs ?? (confirm ? DEFAULT_CONFIRM_TIMEOUT_MS : null),
      awaitChildren: (id, toolId, work) => {
        const entry = this.supervisor.entries.get(id);
        return entry ? lendSlot(this.supervisor, entry, toolId, work) : work();
      },
      hasSlot: (id) => this.supervisor.entries.get(id)?.slot === 'held',
      redact: agent.redact,
      onError,
    };
    this.environment = environment;
    this.supervisor = new Supervisor({
      environment,
      maxConcurrentSubagents: config.maxConcurrentSubagents,
      onLimit: config.onLimit,
      keepEnded: config.keepEnded,
      passivateAfterMs: config.passivateAfterMs,
      inspect: config.inspect ?? agent.inspect,
    });
    this.keeping = config.store && this.#keep(config.store as SessionStore); // its methods were checked with the config
    this.revival =
      this.keeping &&
      new Revival({
        keeping: this.keeping,
        supervisor: this.supervisor,
        scope: this.scope,
        environment,
        hub: this.hub,
        keepEnded: config.keepEnded,
        checkOpen: () => this.checkOpen(),
      });
    this.#disconnect = this.#connectBus(this.environment);
  }

  /** Nothing new begins any more. */
  get isClosing(): boolean {
    return this.#closing !== undefined || this.supervisor.isClosed;
  }

  /** For callers: nothing new once it is closing. @throws TroupeError `closed`. */
  checkOpen(): void {
    if (this.#closing) throw new TroupeError('closed', CLOSED);
    this.#checkLive();
  }

  spawned({ id, live, origin }: Entry): SpawnedSubagent {
    return {
      id,
      conversationId: `${this.keeping ? this.config.sessionId : this.environment.runId}/${id}`,
      model: live?.plan.model.name ?? '',
      role: live?.plan.definition.description ?? '',
      usage: live?.usage ?? NO_USAGE,
      ...(origin ? { toolId: origin.toolId } : {}),
    };
  }

  /** Throws as `Orchestrator.spawnSubagent`. */
  spawn(config: SubAgentConfig, home?: Home): SubAgentHandle {
    this.checkOpen();
    return this.handleOf(this.#admit(config, home ? { home } : {}));
  }

  /**
   * A workflow of this session, under a lease of its own.
   * @param configOf Of a step's subagent that had not ended, by the config that is stored of it; `leave` lets it lie.
   * @param onRefused Told of those that cannot be taken up, which are left then; without it, that is thrown.
   * @throws TroupeError `config_invalid` without a store; `workflow_busy`, `store_corrupt`, `store_version`, `store_io`; `closed`.
   */
  async openWorkflow(
    workflowId: string,
    configOf: WorkflowChoice['configOf'],
    onRefused?: WorkflowChoice['onRefused'],
  ): Promise<OpenWorkflow> {
    this.checkOpen();
    if (!this.revival) throw new TroupeError('config_invalid', 'sessionStore: a resumable workflow needs one');
    const choice = { configOf, ...(onRefused ? { onRefused } : {}) };
    return openWorkflow(await this.revival.workflow(workflowId, choice), {
      checkOpen: () => this.checkOpen(),
      living: () => this.supervisor.living(),
      handleOf: (entry) => this.handleOf(entry),
    });
  }

  /** @throws TroupeError `config_invalid` without a store; `workflow_busy`, `store_io`; `closed`. */
  async forgetWorkflow(workflowId: string): Promise<void> {
    this.checkOpen();
    if (!this.revival) throw new TroupeError('config_invalid', 'sessionStore: there is none to forget a workflow in');
    await this.revival.forgetWorkflow(workflowId);
  }

  /** An event of one that may have ended, or not live here. */
  tell(subagentId: string, event: AgentEventBody): void {
    this.hub.publishAfterwards(subagentId, event);
  }

  /** Once; asked to cancel, it also cancels what it is about to suspend. */
  async close(mode: 'suspend' | 'cancel'): Promise<void> {
    this.#closing ??= this.#shutDown(mode);
    if (mode === 'cancel') this.#cancelAll(); // it was to be suspended
    await this.#closing;
  }

  handleOf(entry: Entry): SubAgentHandle {
    const known = this.#handles.get(entry);
    if (known) return known;
    const handle = createHandle(entry, {
      supervisor: this.supervisor,
      controlBufferSize: this.config.controlBufferSize,
      eventsOf: (id) => ({ live$: this.hub.liveOf(id), replay$: this.hub.replayOf(id) }),
      streamOf: (id) => this.hub.streamOf(id),
      checkOpen: () => this.checkOpen(),
      spawn: (config) => this.spawn(config),
      onAsked: (aside) => {
        for (const listener of this.asideListeners) listener(aside);
      },
    });
    this.#handles.set(entry, handle);
    return handle;
  }

  #admit(config: SubAgentConfig, { home: given, origin }: { home?: Home; origin?: CallOrigin }): Entry {
    this.#checkLive();
    const resolved = parseSubAgentConfig(config);
    const parent = resolved.parentId === undefined ? undefined : this.#parentOf(resolved.parentId);
    const home = given ?? (parent ? parent.home : this.keeping?.homeNow());
    const plan = planSubagent(this.scope, resolved, {
      id: this.supervisor.nextId(),
      ...(parent?.live ? { parent: parent.live.plan } : {}),
    });
    if (plan.depth > this.config.maxDepth) {
      throw new TroupeError(
        'config_invalid',
        `parentId: ${parent?.id} is ${plan.depth - 1} levels deep already; maxDepth is ${this.config.maxDepth}`,
      );
    }
    const entry = this.supervisor.spawn({ plan, parent, home, origin });
    if (entry) return entry;
    throw new TroupeError(
      'concurrency_limit',
      `maxConcurrentSubagents ${this.config.maxConcurrentSubagents} reached; wait for a subagent to end, raise it, or use onLimit 'queue'`,
    );
  }

  async #shutDown(mode: 'suspend' | 'cancel'): Promise<void> {
    if (mode === 'suspend') await this.supervisor.suspend();
    this.#cancelAll();
    await this.keeping?.close();
    await this.#disconnect();
    this.hub.end();
  }

  #cancelAll(): void {
    if (!this.supervisor.isClosed) this.supervisor.actor.send({ type: 'CLOSE' });
  }

  #checkLive(): void {
    if (this.supervisor.isClosed) throw new TroupeError('closed', CLOSED);
  }

  #parentOf(id: string): Entry {
    const parent = this.supervisor.entries.get(id);
    if (!parent) throw new TroupeError('unknown_subagent', `parentId: there is no subagent ${JSON.stringify(id)}`);
    if (parent.live) return parent;
    throw new TroupeError('wrong_state', `parentId: ${id} is ${parent.state}: it can have no more children`);
  }

  #taskTool(id: string) {
    return taskTool({
      spawn: (config, origin) => {
        const before = this.revival?.childOf(id, origin);
        const permissive = this.supervisor.entries.get(id)?.live?.plan.bounds.permissive ?? false;
        const child = before ?? this.#admit({ ...config, parentId: id, permissive }, { origin });
        const handle = this.handleOf(child);
        return {
          outcome: async () => {
            const outcome = await handle.outcome();
            await child.home?.closeLog(child.id); // its end is on record before its parent goes on from it
            return outcome;
          },
        };
      },
    });
  }

  #keep(store: SessionStore): Keeping {
    const { sessionId, onPersistError } = this.config;
    const { clock, redact } = this.environment;
    checkStoredName(sessionId, 'sessionId', redact);
    return new Keeping({
      store,
      sessionId,
      clock,
      redact,
      onPersistError,
      hub: this.hub,
      goOnAfter: (ids) => this.supervisor.goOnAfter(ids),
    });
  }

  #connectBus({ clock, onError, runId }: SubagentEnvironment): () => Promise<void> {
    if (!this.config.bus) return async () => {};
    const bridge = connectBus({
      hub: this.hub,
      bus: this.config.bus as EventBus, // its methods were checked with the config
      prefix: this.config.subjectPrefix,
      clock,
      source: runId,
      bufferSize: this.config.eventBufferSize,
      onSignal: (id, signal) => takeSignal(this.#handleById(id), signal, (event) => this.hub.publish(id, event)),
      onError,
    });
    return () => bridge.close();
  }

  #handleById(id: string): SubAgentHandle | undefined {
    const entry = this.supervisor.entries.get(id);
    return entry && this.handleOf(entry);
  }
}

/** A listener to errors that throws one has nobody left to tell. */
function quiet(listener: ((error: TroupeError) => void) | undefined): (error: TroupeError) => void {
  return (error) => {
    try {
      listener?.(error);
    } catch {
      // as said above
    }
  };
}

const CLOSED = 'the orchestrator is closed: it spawns no more subagents';
