/** What whoever listens is told next: what has happened, in order, and whatever must be known before it. */

import { Backlog, isEnd } from './backlog.js';
import type { Observed } from './observed.js';

export interface OutgoingOptions {
  /** What has happened and was not told yet; of what is older, only how the actors stand is kept. */
  readonly maxWaiting: number;
  /** Tells of an actor again before so many messages have passed since; by default never. */
  readonly repeatAfter?: number | undefined;
}

export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #backlog: Backlog<Observed>;
  #isHeard = false;
  /** To be told before all else. */
  #ahead: Observed[] = [];
  /** Of whom something was lost that happened while somebody listened. */
  readonly #missed = new Set<string>();
  #count = 0;
  /** Actors that live, as far as was told, by the number of the message that told of them last; the oldest first. */
  readonly #toldAt = new Map<string, number>();

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#backlog = new Backlog({ maxCount: options.maxWaiting });
  }

  get isEmpty(): boolean {
    return this.#backlog.isEmpty && this.#ahead.length === 0 && this.#missed.size === 0;
  }

  add(observed: Observed): void {
    this.#backlog.add(observed, this.#isHeard ? (lost) => this.#lose(lost) : undefined);
  }

  /** Somebody listens who has heard nothing yet. */
  begin(): void {
    this.end();
    this.#isHeard = true;
    this.#ahead = this.#backlog.known();
    for (const { sessionId } of this.#ahead) this.#toldAt.set(sessionId, this.#count);
  }

  /** Nobody listens any more. */
  end(): void {
    this.#isHeard = false;
    this.#ahead = [];
    this.#missed.clear();
    this.#toldAt.clear();
  }

  next(): Observed | undefined {
    const next = this.#ahead.shift() ?? this.#due() ?? this.#caughtUp() ?? this.#backlog.take();
    if (next?.type === '@xstate.actor') {
      this.#toldAt.delete(next.sessionId);
      this.#toldAt.set(next.sessionId, this.#count);
    } else if (next && isEnd(next)) {
      this.#toldAt.delete(next.sessionId);
    }
    return next;
  }

  /** More has happened than may wait: who listens learns later how that actor stands, and of its end at once. */
  #lose(lost: Observed): void {
    const { sessionId } = lost;
    if (!isEnd(lost)) {
      this.#missed.add(sessionId);
      return;
    }
    this.#missed.delete(sessionId);
    if (this.#toldAt.has(sessionId)) this.#ahead.push(lost);
  }

  /** How an actor stands of whom something was lost: before the next thing that happened to it, and soon, however much happens to others. */
  #caughtUp(): Observed | undefined {
    const [someone] = this.#missed;
    if (someone === undefined) return undefined;
    const nextId = this.#backlog.oldest?.sessionId;
    if (nextId !== undefined && this.#missed.has(nextId)) return this.#stateOf(nextId);
    return nextId === undefined || this.#count % 2 === 0 ? this.#stateOf(someone) : undefined;
  }

  /** Of its parent first, where that was missed too. */
  #stateOf(id: string): Observed | undefined {
    const known = this.#backlog.knownOf(id);
    const parentId = known?.actor?.parentId;
    if (parentId !== undefined && this.#missed.has(parentId)) return this.#stateOf(parentId);
    this.#missed.delete(id);
    return known;
  }

  /** An actor that is to be told of again. At most every second message is one, however many there are. */
  #due(): Observed | undefined {
    const { repeatAfter } = this.#options;
    this.#count += 1;
    if (repeatAfter === undefined || this.#count % 2 === 0) return undefined;
    for (const [id, toldAt] of this.#toldAt) {
      if (this.#count - toldAt < repeatAfter) return undefined;
      const known = this.#backlog.knownOf(id);
      if (known) return known;
      this.#toldAt.delete(id); // it has ended
    }
    return undefined;
  }
}
