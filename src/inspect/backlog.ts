/** What there is to tell those who listen later: the newest that happened, and before it the actors that live, as they were then. */

/** Of an actor: that it is there, an event that it gets, a snapshot of it. */
export interface Happening {
  readonly type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot';
  readonly sessionId: string;
  readonly snapshot?: { readonly status?: string | undefined } | null | undefined;
  readonly event?: { readonly type: string } | null | undefined;
}

interface Known<Item extends Happening> {
  /** Its `@xstate.actor`. */
  readonly actor: Item;
  /** As it was seen last; absent before its first snapshot. */
  snapshot?: Item['snapshot'];
}

export interface BacklogLimits<Item> {
  readonly maxCount: number;
  /** Of all together, in whatever `sizeOf` counts. */
  readonly maxSize?: number;
  readonly sizeOf?: (item: Item) => number;
}

/** Bounded: what is too old is taken out, and lives on in what is known of its actor. */
export class Backlog<Item extends Happening> {
  readonly #limits: BacklogLimits<Item>;
  #kept: Item[] = [];
  /** Where the oldest stands in `#kept`: what is before it was taken. */
  #first = 0;
  #size = 0;
  /** By session id, in the order of their registration: those that lived when the oldest that is kept happened. */
  readonly #known = new Map<string, Known<Item>>();

  constructor(limits: BacklogLimits<Item>) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#first === this.#kept.length;
  }

  get oldest(): Item | undefined {
    return this.#kept[this.#first];
  }

  /** @param onDrop Told of each that is taken out for it. */
  add(item: Item, onDrop?: (dropped: Item) => void): void {
    const { maxCount, maxSize = Number.POSITIVE_INFINITY } = this.#limits;
    this.#kept.push(item);
    this.#size += this.#sizeOf(item);
    while (this.#kept.length - this.#first > maxCount || this.#size > maxSize) {
      const dropped = this.take();
      if (dropped === undefined) break;
      onDrop?.(dropped);
    }
  }

  /** The oldest one; it is over, and known. */
  take(): Item | undefined {
    const { oldest } = this;
    if (!oldest) return undefined;
    this.#first += 1;
    if (this.#first > 1_000 && this.#first * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
    this.#size -= this.#sizeOf(oldest);
    this.#learn(oldest);
    return oldest;
  }

  /** What somebody must be told who has heard nothing of what was taken: each actor that lives, as it was then. */
  known(): Item[] {
    return [...this.#known.values()].map(present);
  }

  /** The same of one actor; undefined when it has ended. */
  knownOf(sessionId: string): Item | undefined {
    const known = this.#known.get(sessionId);
    return known && present(known);
  }

  /** What is kept, oldest first. */
  kept(): Item[] {
    return this.#kept.slice(this.#first);
  }

  /** Who told of them is gone. */
  forget(isTheirs: (sessionId: string) => boolean): void {
    for (const id of this.#known.keys()) if (isTheirs(id)) this.#known.delete(id);
    this.#kept = this.kept().filter(({ sessionId }) => !isTheirs(sessionId));
    this.#first = 0;
    this.#size = this.#kept.reduce((size, item) => size + this.#sizeOf(item), 0);
  }

  #sizeOf(item: Item): number {
    return this.#limits.sizeOf?.(item) ?? 1;
  }

  #learn(item: Item): void {
    const { type, sessionId, snapshot } = item;
    if (type === '@xstate.actor') {
      this.#known.set(sessionId, { actor: item });
      return;
    }
    const known = this.#known.get(sessionId);
    if (!known || type !== '@xstate.snapshot') return;
    known.snapshot = snapshot;
    if (isEnd(item)) this.#known.delete(sessionId);
  }
}

/** The last that there is to tell of an actor. */
export function isEnd({ type, snapshot, event }: Happening): boolean {
  if (type !== '@xstate.snapshot') return false;
  // One without a status is of a program of its own; what is stopped may not say so, as those of `fromTransition` do not.
  return (snapshot?.status ?? 'active') !== 'active' || event?.type === 'xstate.stop';
}

function present<Item extends Happening>({ actor, snapshot }: Known<Item>): Item {
  return snapshot === undefined ? actor : { ...actor, snapshot };
}
