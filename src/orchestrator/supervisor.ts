/** Keeps the subagents of one orchestrator: spawns them under their parents, hands out slots, passes signals down the tree. */

import { type Actor, type AnyActorRef, createActor, type Subscription } from 'xstate';
import type { ControlEvent, orchestratorMachine } from '../../machines/index.js';
import { TroupeError } from '../domain/errors.js';
import { isFinal } from '../domain/lifecycle.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import {
  LiveSubagent,
  provideSubagent,
  type SubagentEnvironment,
  type SubagentLogic,
  tellOpenRequests,
  wire,
} from '../subagent/index.js';
import { bringToRest } from './bring-to-rest.js';
import { type EndedSubagent, Entry } from './entry.js';
import { letInspectorIn } from './inspector.js';
import { KeepAlive } from './keep-alive.js';
import type { Newcomer } from './newcomer.js';
import { parentRef } from './parent-ref.js';
import { Passivation } from './passivation.js';
import { Documents } from './persistence/documents.js';
import { spawnedRecord } from './persistence/stored-form.js';
import { plainConfig } from './plain-config.js';
import { provideOrchestrator } from './provide.js';
import { numberOfSubagent, subagentId } from './subagent-id.js';
import { WaitingLine } from './waiting-line.js';

export interface SupervisorOptions {
  readonly environment: SubagentEnvironment;
  readonly maxConcurrentSubagents: number;
  readonly onLimit: 'reject' | 'queue';
  readonly keepEnded: number;
  readonly passivateAfterMs: number;
  readonly inspect?: unknown;
}

export type OrchestratorActor = Actor<typeof orchestratorMachine>;

export class Supervisor {
  readonly actor: OrchestratorActor;
  readonly keepAlive = new KeepAlive();
  /** Of all listed, as they came. */
  readonly entries = new Map<string, Entry>();
  /** Each gets every entry that is spawned from now on, at once. */
  readonly collectors = new Set<{ push(entry: Entry): void }>();
  readonly #options: SupervisorOptions;
  readonly #logic: SubagentLogic;
  readonly #parentRef: AnyActorRef;
  readonly #line = new WaitingLine();
  /** Those that ended, in that order. */
  readonly #ended = new Set<string>();
  /** To be done when the transition of the parent machine is over. */
  readonly #after: (() => void)[] = [];
  #transitionCount = 0;
  #order = 0;
  readonly #documents: Documents;
  readonly #passivation: Passivation;
  #spawning: Newcomer | undefined;
  /** The last one, listed or not: one that comes back may have ended at once. */
  #created: Entry | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { environment, inspect, passivateAfterMs } = options;
    this.#documents = new Documents((id) => environment.hub.lastSeqOf(id));
    this.#passivation = new Passivation(environment.clock, passivateAfterMs);
    this.#logic = provideSubagent(environment.clock, (id) => this.entries.get(id)?.live);
    const machine = provideOrchestrator({
      line: this.#line,
      entryOf: (id) => this.entries.get(id),
      isPlanned: (id) => this.#spawning?.plan.id === id,
      create: () => this.#admit(),
      start: (id) => this.#start(id),
      settle: (id, defect) => this.#settle(id, defect),
      cancelAll: () => this.#cancelAll(),
      after: (work) => this.#after.push(work),
    });
    this.actor = createActor(machine, {
      id: 'orchestrator',
      input: { limit: options.maxConcurrentSubagents, queues: options.onLimit === 'queue' },
      clock: environment.clock,
    }) as OrchestratorActor; // provide() changes implementations, not the machine's type
    // The system of the orchestrator's actor is the children's too; its type does not name them.
    this.#parentRef = parentRef(this.actor as unknown as AnyActorRef);
    this.actor.subscribe({
      next: () => this.#afterTransition(),
      complete: () => this.#cancelAll(), // whoever stops it directly ends what is left
    });
    if (inspect !== undefined) this.inspect(inspect);
    this.actor.start();
  }

  /** @throws TroupeError `config_invalid` for what is no inspector. */
  inspect(inspect: unknown): Subscription {
    const subagents = this.living().flatMap(({ live }) => (live ? [live.actor] : []));
    const root = this.actor as unknown as AnyActorRef; // as above
    return letInspectorIn(inspect, { root, subagents }, this.#options.environment.onError);
  }

  #afterTransition(): void {
    this.#transitionCount += 1;
    for (let work = this.#after.shift(); work; work = this.#after.shift()) work();
  }

  /** Nothing may be spawned any more. */
  get isClosed(): boolean {
    const snapshot = this.actor.getSnapshot();
    return snapshot.status !== 'active' || !snapshot.matches('open');
  }

  /** How many of this process have not ended; those that were suspended live on in the store. */
  get liveCount(): number {
    const { status, context } = this.actor.getSnapshot();
    return status === 'active' ? context.live : 0;
  }

  nextId(): string {
    return subagentId(this.#order + 1);
  }

  /** Ids go on behind those that are stored. */
  goOnAfter(ids: Iterable<string>): void {
    for (const id of ids) this.#order = Math.max(this.#order, numberOfSubagent(id));
  }

  /**
   * @returns undefined when the limit is reached and nothing may queue.
   * @throws TroupeError `wrong_state` from within a transition of the parent machine, which takes the next one only after it.
   */
  spawn(newcomer: Newcomer): Entry | undefined {
    const { plan, restored } = newcomer;
    const before = this.#transitionCount;
    this.#spawning = newcomer;
    this.actor.send({ type: restored ? 'RESTORE' : 'SPAWN', id: plan.id });
    this.#spawning = undefined;
    if (this.#transitionCount === before) {
      throw new TroupeError(
        'wrong_state',
        'a subagent cannot be spawned inside a transition of the orchestrator, such as by an observer of its actor; spawn it in a microtask: await null first',
      );
    }
    const entry = this.#created?.id === plan.id ? this.#created : undefined;
    this.#created = undefined;
    if (entry?.state === 'pending') entry.actor.send({ type: 'QUEUE' });
    return entry;
  }

  /** Lists one that ended in a former life. */
  addEnded(kept: EndedSubagent): Entry {
    const entry = Entry.ofEnded(kept);
    const { hub } = this.#options.environment;
    hub.open(entry.id, { epoch: kept.lives.length, formerLives: kept.lives });
    hub.close(entry.id);
    this.entries.set(entry.id, entry);
    this.#ended.add(entry.id);
    return entry;
  }

  /** Forgets one that has ended. */
  release(id: string): boolean {
    if (!this.#ended.delete(id)) return false;
    this.entries.delete(id);
    this.#options.environment.hub.forget(id);
    return true;
  }

  /** Resolves when the pause of `entry` has come to rest or is over. */
  async rest(entry: Entry): Promise<void> {
    if (entry.isPauseSettled) return;
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!entry.isPauseSettled) return;
        entry.restWaiters.delete(check);
        resolve();
      };
      entry.restWaiters.add(check);
    });
  }

  /** Something about it changed that a pause, its own or an ancestor's, may wait for, or by which it rests no more. */
  changed(entry: Entry): void {
    this.#passivation.follow(entry);
    for (let at: Entry | undefined = entry; at; at = at.parent) {
      for (const check of at.restWaiters) check();
    }
  }

  /** It has its place in the line at once, and is created when the transition is over. */
  #admit(): void {
    if (!this.#spawning) return; // cannot be: it is planned
    const newcomer = this.#spawning;
    const { plan, parent, restored } = newcomer;
    if (restored) {
      const { from, order } = restored;
      // One that was paused before it had started waits for its resume, not for a slot.
      const isHeld = from.state === 'paused' && !from.isActive;
      if (!isFinal(from.state) && !isHeld) this.#line.add(plan.id, order);
      this.#after.push(() => this.#create(newcomer, order));
      return;
    }
    const order = ++this.#order;
    const isHeld = parent?.state === 'paused' && !plan.config.detached;
    if (!isHeld) this.#line.add(plan.id, order);
    this.#after.push(() => {
      const live = this.#create(newcomer, order);
      if (isHeld) void live.signal({ type: 'PAUSE', by: 'parent' });
    });
  }

  #create(newcomer: Newcomer, order: number): LiveSubagent {
    const { plan, parent, home, origin, restored } = newcomer;
    const { environment } = this.#options;
    environment.hub.open(plan.id, {
      ...(plan.parentId === undefined ? {} : { parentId: plan.parentId }),
      ...(restored ? { epoch: restored.from.epoch, formerLives: restored.from.formerLives } : {}),
    });
    const log = home?.logOf(plan.id, () => {
      const entry = this.entries.get(plan.id);
      if (entry) this.changed(entry);
    });
    log?.add(restored ? { type: 'restored', epoch: restored.from.epoch } : spawnedRecord(plan, order, origin));
    for (const entry of restored?.from.unrecorded ?? []) log?.add(entry);
    const live = new LiveSubagent(this.#logic, plan, environment, {
      parent: this.#parentRef,
      pausesAbove: () => parent?.live?.pauseCount ?? 0,
      ...(log ? { log } : {}),
      ...(restored ? { restored: restored.from } : {}),
    });
    const entry = Entry.ofLive(live, order, newcomer);
    this.#created = entry;
    this.entries.set(entry.id, entry);
    if (!plan.config.detached) parent?.children.add(entry);
    for (const collector of this.collectors) collector.push(entry);
    const { description } = live;
    const config = plainConfig(plan, environment);
    live.publish({ type: 'subagent_started', agentType: plan.config.agentType, description, config });
    wire(live, {
      onSignal: (signal) => this.#passOn(entry, signal),
      onChange: () => this.#follow(entry),
      onEnd: (outcome) => this.#keep(entry, outcome),
    });
    live.actor.start();
    if (restored) tellOpenRequests(live);
    this.#passivation.follow(entry);
    return live;
  }

  /** Its slot is counted already: one that has ended meanwhile gives it back with its done event. */
  #start(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return; // cannot be: who ends leaves the line
    const wasLent = entry.slot === 'returning';
    entry.slot = 'held';
    if (wasLent) entry.onSlot?.();
    else entry.live?.start();
  }

  #follow(entry: Entry): void {
    this.#documents.saveSoon(entry);
    const runs = entry.live?.state === 'running';
    if (runs) entry.letGo ??= this.keepAlive.hold();
    else this.#letGo(entry);
    this.changed(entry);
  }

  #letGo(entry: Entry): void {
    entry.letGo?.();
    entry.letGo = undefined;
  }

  /** What a parent is told reaches its children at once. A cancel does so by the end it makes. */
  #passOn(entry: Entry, signal: ControlEvent): void {
    if (entry.slot === 'none') this.#requeue(entry, signal);
    if (signal.type !== 'PAUSE' && signal.type !== 'RESUME') return;
    if (signal.by === 'shutdown') return; // each is told by itself
    for (const child of entry.children) {
      const paused = child.state === 'paused';
      if (signal.type === 'PAUSE' && !paused) void child.live?.signal({ type: 'PAUSE', by: 'parent' });
      const byParent = child.actor.getSnapshot().context.pausedBy === 'parent';
      if (signal.type === 'RESUME' && paused && byParent) void child.live?.signal({ type: 'RESUME', by: 'parent' });
    }
  }

  /** One that waits for a slot leaves the line while it is held, and comes back to its old place. */
  #requeue(entry: Entry, signal: ControlEvent): void {
    if (signal.type === 'PAUSE') this.#line.remove(entry.id);
    if (signal.type !== 'RESUME') return;
    this.actor.send({ type: 'READY', id: entry.id });
    if (entry.state === 'pending') entry.actor.send({ type: 'QUEUE' });
  }

  #keep(entry: Entry, outcome: SubAgentOutcome): void {
    this.#options.environment.hub.close(entry.id);
    this.#letGo(entry);
    const { parent } = entry;
    parent?.children.delete(entry);
    entry.end(outcome);
    this.#documents.close(entry);
    this.changed(entry);
    if (parent) this.changed(parent);
  }

  /** The done event of a subagent has reached the parent machine: its slot was counted, now its children go. */
  #settle(id: string, defect: unknown): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.#line.remove(id);
    entry.slot = 'none';
    entry.onSlot?.();
    entry.onSlot = undefined;
    const output = entry.actor.getSnapshot().output;
    const left = defect === undefined && output?.sparesChildren ? [] : [...entry.children];
    entry.children.clear();
    this.#after.push(() => {
      for (const { live } of left) live?.actor.send({ type: 'CANCEL', by: 'parent', reason: `its parent ${id} ended` });
    });
    this.#ended.add(id);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= this.#options.keepEnded) break;
      this.release(oldest);
    }
  }

  /** Brings all to rest and lets them go, so that a restore can go on with them. */
  async suspend(): Promise<void> {
    await bringToRest(this);
    const living = this.living();
    this.#documents.suspend(living);
    for (const { live } of living) live?.suspend();
    if (!this.isClosed) this.actor.send({ type: 'SUSPEND' }); // a cancel may have come in between
  }

  /** Those that have not ended. */
  living(): Entry[] {
    return [...this.entries.values()].filter(({ live }) => live !== undefined);
  }

  #cancelAll(): void {
    for (const entry of [...this.entries.values()]) {
      if (isFinal(entry.state)) continue;
      entry.live?.actor.send({ type: 'CANCEL', by: 'shutdown', reason: 'the orchestrator was closed' });
    }
  }
}
