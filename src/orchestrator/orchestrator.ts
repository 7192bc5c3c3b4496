/** The facade of the orchestrator: spawn, watch, steer, wait, close. */

import type { Observable } from 'rxjs';
import type { InspectionEvent, Observer, Subscription } from 'xstate';
import {
  type CloseOptions,
  type OrchestratorConfig,
  parseCloseOptions,
  parseEventFilter,
  parseOrchestratorConfig,
  parseWaitOptions,
  type SubAgentConfig,
  type WaitOptions,
} from '../config/index.js';
import type { Activity } from '../domain/activity.js';
import type { AgentRuntime } from '../domain/agent.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import { type ControlResult, isFinal, type LifecycleState } from '../domain/lifecycle.js';
import type { SubAgentInfo, SubAgentOutcome } from '../domain/outcome.js';
import { readGiven } from '../domain/read-given.js';
import type { AgentEvent, EventFilter } from '../events/index.js';
import type { Aside } from '../subagent/index.js';
import { OrchestratorCore, type SpawnedSubagent } from './core.js';
import { type Entry, inSpawnOrder } from './entry.js';
import type { SubAgentHandle } from './handle.js';
import type { OrchestratorActor } from './supervisor.js';
import { waitForAll } from './wait-for-all.js';

/** Whatever holds an agent's runtime: `Agent.create()` gives one. */
export interface RuntimeHolder {
  readonly runtime: AgentRuntime;
}

export class Orchestrator implements AsyncDisposable {
  readonly #core: OrchestratorCore;

  private constructor(core: OrchestratorCore) {
    this.#core = core;
  }

  /**
   * @param agent Without one, a stub runs: five steps of 600 ms each, no model, no files.
   * @throws TroupeError `config_invalid`.
   */
  static create(agent?: RuntimeHolder, config: OrchestratorConfig = {}): Orchestrator {
    const runtime = readGiven(() => agent?.runtime, 'agent');
    if (agent !== undefined && typeof runtime?.definitionOf !== 'function') {
      throw new TroupeError('config_invalid', 'agent: expected an Agent as Agent.create() gives it');
    }
    return new Orchestrator(new OrchestratorCore(runtime, parseOrchestratorConfig(config)));
  }

  /** The orchestrator of a session, which has its parts. */
  static of(core: OrchestratorCore): Orchestrator {
    return new Orchestrator(core);
  }

  /**
   * Tells of every subagent from now on, those that come back included, inside of the call that spawns it: for tracers.
   * @returns how to leave.
   */
  onSpawn(listener: (spawned: SpawnedSubagent) => void): () => void {
    const { collectors } = this.#core.supervisor;
    const tell = this.#guarded('onSpawn', listener);
    const collector = { push: (entry: Entry) => tell(this.#core.spawned(entry)) };
    collectors.add(collector);
    return () => void collectors.delete(collector);
  }

  /**
   * Tells of every side question (`btw`) from now on, when its first request leaves: for tracers.
   * @returns how to leave.
   */
  onAside(listener: (aside: Aside) => void): () => void {
    const { asideListeners } = this.#core;
    const tell = this.#guarded('onAside', listener);
    asideListeners.add(tell);
    return () => void asideListeners.delete(tell);
  }

  /** The parent actor of all subagents. */
  get actor(): OrchestratorActor {
    return this.#core.supervisor.actor;
  }

  /** Every subagent, from now on. Never errors because one failed; completes on `close()`. */
  get events$(): Observable<AgentEvent> {
    return this.#core.hub.live$;
  }

  /** What is kept from that offset on (1 is the first), then live: nothing missed, nothing twice. */
  replay$(from = 1): Observable<AgentEvent> {
    return this.#core.hub.replay$(from);
  }

  /** As an iterable; without `from`, live. Leaving it cancels nothing. @throws TroupeError `config_invalid`. */
  events(filter: EventFilter = {}): AsyncIterable<AgentEvent> {
    parseEventFilter(filter);
    return this.#core.hub.events(filter);
  }

  /**
   * The first event is published after this returns, so that whoever subscribes in the same tick sees all.
   * @throws TroupeError `config_invalid`, `unknown_agent`, `unknown_subagent` (its parent), `wrong_state` (its parent has
   * ended), `concurrency_limit` (where `onLimit` is `reject`), `closed`.
   */
  spawnSubagent(config: SubAgentConfig): SubAgentHandle {
    return this.#core.spawn(config);
  }

  /**
   * Goes on with everything of this session that had not ended: running ones run, paused ones stay paused, each at its own point.
   * Those that had ended are listed again. Comes once, before the first spawn.
   * @returns handles of those that had not ended, in the order of spawning.
   * @throws TroupeError `config_invalid` without a store, or for one whose tools or agent are not known any more; `workflow_busy`
   * while a live process has the session, or a workflow here one of its ids; `store_corrupt`, `store_version`, `store_io`; `closed`.
   * Then nothing runs and the store is untouched.
   */
  async restore(): Promise<SubAgentHandle[]> {
    this.#core.checkOpen();
    if (!this.#core.revival) throw new TroupeError('config_invalid', 'store: restore() needs one; give a SessionStore');
    return (await this.#core.revival.session()).map((entry) => this.#core.handleOf(entry));
  }

  /** In the order of spawning; ended ones included, at most `keepEnded` of them. */
  listSubagents(): SubAgentInfo[] {
    return this.#entries().map((entry) => entry.info());
  }

  getSubagentInfo(id: string): SubAgentInfo | undefined {
    return this.#core.supervisor.entries.get(id)?.info();
  }

  getAllStates(): { id: string; state: LifecycleState }[] {
    return this.#entries().map(({ id, state }) => ({ id, state }));
  }

  /** Of those that have not ended. */
  getActiveActivities(): { id: string; activity: Activity }[] {
    return this.#entries().flatMap(({ id, state, activity }) => (isFinal(state) ? [] : [{ id, activity }]));
  }

  /** How many have not ended: pending, running or paused. */
  activeCount(): number {
    return this.#core.supervisor.liveCount;
  }

  getHandle(id: string): SubAgentHandle | undefined {
    const entry = this.#core.supervisor.entries.get(id);
    return entry && this.#core.handleOf(entry);
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
    return waitForAll(this.#core.supervisor, this.#core.environment.clock, parseWaitOptions(options));
  }

  /**
   * Lets an XState inspector in, as `inspect` of the config does, at any time: it is told of the orchestrator, of each subagent that
   * lives and of their children by `@xstate.actor`, in the order of spawning, then of all that happens. What it throws goes to `onError`.
   * @param inspector As XState takes it: the `inspect` of what `@statelyai/inspect` or `troupe/inspect` gives.
   * @throws TroupeError `config_invalid` for anything else.
   */
  inspect(inspector: Observer<InspectionEvent> | ((event: InspectionEvent) => void)): Subscription {
    return this.#core.supervisor.inspect(inspector);
  }

  /** Forgets one that has ended, its kept events and what is stored of it; of a workflow's, that goes with the workflow. @returns false for one that is unknown or has not ended. */
  release(id: string): boolean {
    const home = this.#core.supervisor.entries.get(id)?.home;
    if (!this.#core.supervisor.release(id)) return false;
    home
      ?.forget(id)
      .catch((error) =>
        this.#core.environment.onError(
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
    const { mode = this.#core.keeping ? 'suspend' : 'cancel' } = parseCloseOptions(options);
    if (mode === 'suspend' && !this.#core.keeping) {
      throw new TroupeError('config_invalid', "mode: 'suspend' needs a store to keep what is suspended; use 'cancel'");
    }
    await this.#core.close(mode);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What a listener throws hinders nobody. */
  #guarded<Told>(name: string, listener: (told: Told) => void): (told: Told) => void {
    return (told) => {
      try {
        listener(told);
      } catch (cause) {
        const error = new TroupeError('bug', `a listener of ${name} threw: ${messageOf(cause)}`, { cause });
        this.#core.environment.onError(error);
      }
    };
  }

  #entries(): Entry[] {
    return inSpawnOrder(this.#core.supervisor.entries.values());
  }
}

const UNKNOWN_SUBAGENT: ControlResult = { accepted: false, reason: 'unknown_subagent' };
