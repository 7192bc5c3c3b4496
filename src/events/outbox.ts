/** How what is published reaches readers: appended at once, delivered in a microtask, one item after the other. */

/**
 * Nobody is called while `push` runs, and what a reader pushes is delivered after what was pushed before it:
 * so every reader sees one order, and no reader ever runs inside a state machine's transition.
 */
export class Outbox<T> {
  readonly #deliver: (item: T) => void;
  #items: T[] = [];
  #next = 0;
  #scheduled = false;

  /** @param deliver must not throw; if it does, the rest is delivered in a later microtask. */
  constructor(deliver: (item: T) => void) {
    this.#deliver = deliver;
  }

  push(item: T): void {
    this.#items.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#drain);
  }

  get length(): number {
    return this.#items.length - this.#next;
  }

  /** What nobody has been given yet, oldest first; an item that is being delivered right now is not among it. */
  waiting(): T[] {
    return this.#items.slice(this.#next);
  }

  readonly #drain = (): void => {
    try {
      while (this.#next < this.#items.length) this.#deliver(this.#items[this.#next++] as T); // below the length: there
    } finally {
      if (this.#next < this.#items.length) {
        queueMicrotask(this.#drain);
      } else {
        this.#items = [];
        this.#next = 0;
        this.#scheduled = false;
      }
    }
  };
}
