/** What the orchestrator keeps of one subagent: all of it while it lives, its last words when it has ended. */

import type { ResolvedSubAgentConfig } from '../config/index.js';
import type { Activity } from '../domain/activity.js';
import type { LifecycleState } from '../domain/lifecycle.js';
import type { SubAgentInfo, SubAgentOutcome } from '../domain/outcome.js';
import type { LiveSubagent, SubagentActor } from '../subagent/index.js';
import type { CallOrigin } from './call-origin.js';
import type { Home } from './persistence/home.js';

/** `lent`: it waits for its children; `returning`: they have ended and it waits to get its slot back. */
export type Slot = 'none' | 'held' | 'lent' | 'returning';

interface Belonging {
  readonly parent: Entry | undefined;
  readonly home?: Home | undefined;
  readonly origin?: CallOrigin | undefined;
}

export interface EndedSubagent {
  readonly info: SubAgentInfo;
  readonly outcome: SubAgentOutcome;
  readonly config: ResolvedSubAgentConfig;
  /** To look at; it never starts. Made only where somebody may ask for it: of a large workflow nobody does. */
  readonly makeActor: () => SubagentActor;
  readonly order: number;
  readonly home: Home;
  readonly origin?: CallOrigin | undefined;
  /** By epoch: `seq` of the last event that is known of each. */
  readonly lives: readonly number[];
}

export class Entry {
  readonly id: string;
  readonly config: ResolvedSubAgentConfig;
  readonly actor: SubagentActor;
  readonly createdAt: number;
  /** Place in the order of spawning; also in the queue. */
  readonly order: number;
  /** By epoch: `seq` of the last event that is known of each life before this one. */
  readonly formerLives: readonly number[];
  /** Where it is kept; absent without a store. */
  readonly home: Home | undefined;
  /** The call of its parent that spawned it. */
  readonly origin: CallOrigin | undefined;
  /** Settles when it has ended; never rejects. */
  readonly ended: Promise<SubAgentOutcome>;
  /** Children that end with it: not detached, and not ended. */
  readonly children = new Set<Entry>();
  /** Called on each change, to see whether a pause has come to rest. */
  readonly restWaiters = new Set<() => void>();
  slot: Slot = 'none';
  /** Calls of it that wait for its children. */
  lenders = 0;
  /** Called when a lent slot is back, or is no longer wanted. */
  onSlot: (() => void) | undefined;
  /** Lets the process end; set while it runs. */
  letGo: (() => void) | undefined;
  /** How long a provider asked to wait, where that ended it. */
  retryAfterMs: number | undefined;
  #parent: Entry | undefined;
  #live: LiveSubagent | undefined;
  #last: { readonly info: SubAgentInfo; readonly outcome: SubAgentOutcome } | undefined;
  #settle: (outcome: SubAgentOutcome) => void = () => {};

  private constructor(
    kept: Pick<Entry, 'id' | 'config' | 'actor' | 'createdAt' | 'order' | 'home' | 'origin' | 'formerLives'>,
  ) {
    this.id = kept.id;
    this.config = kept.config;
    this.actor = kept.actor;
    this.createdAt = kept.createdAt;
    this.order = kept.order;
    this.formerLives = kept.formerLives;
    this.home = kept.home;
    this.origin = kept.origin;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  static ofLive(live: LiveSubagent, order: number, { parent, home, origin }: Belonging): Entry {
    const { id, actor, createdAt } = live;
    const formerLives = live.restored?.formerLives ?? [];
    const entry = new Entry({ id, config: live.plan.config, actor, createdAt, order, home, origin, formerLives });
    entry.#parent = parent;
    entry.#live = live;
    return entry;
  }

  /** Of one that ended in a former life. */
  static ofEnded(kept: EndedSubagent): Entry {
    const { info, outcome, config, makeActor, order, home, origin, lives: formerLives } = kept;
    const { id, createdAt } = info;
    const entry = new Entry({ id, config, actor: makeActor(), createdAt, order, home, origin, formerLives });
    entry.#last = { info, outcome };
    entry.#settle(outcome);
    return entry;
  }

  /** Undefined once it has ended. */
  get live(): LiveSubagent | undefined {
    return this.#live;
  }

  /** Undefined once it has ended. */
  get parent(): Entry | undefined {
    return this.#parent;
  }

  get outcome(): SubAgentOutcome | undefined {
    return this.#last?.outcome;
  }

  get state(): LifecycleState {
    return this.#last?.outcome.state ?? this.#live?.outcome?.state ?? this.#live?.state ?? 'failed';
  }

  get activity(): Activity {
    return this.#live?.activity ?? { activityType: 'idle' };
  }

  /** Paused with nothing in flight, and so are its children. */
  get isAtRest(): boolean {
    return this.#live?.isAtRest === true && [...this.children].every((child) => child.isAtRest);
  }

  /** Its pause has come to rest, or is over. */
  get isPauseSettled(): boolean {
    return this.state !== 'paused' || this.isAtRest;
  }

  info(): SubAgentInfo {
    return this.#last?.info ?? (this.#live as LiveSubagent).info(); // one of the two is there at any time
  }

  /** Keeps its last words and lets go of all else. */
  end(outcome: SubAgentOutcome): void {
    if (!this.#live) return;
    this.retryAfterMs = this.#live.retryAfterMs;
    this.#last = { info: this.#live.info(), outcome };
    this.#live = undefined;
    this.#parent = undefined;
    this.#settle(outcome);
  }
}

/** Those that a workflow takes up may come behind younger ones. */
export function inSpawnOrder(entries: Iterable<Entry>): Entry[] {
  return [...entries].sort((a, b) => a.order - b.order);
}
