/** How a bounded history is kept: a ring that grows while it fills, then overwrites its oldest item. */

const FIRST_SLOTS = 4;

export class Ring<T> {
  readonly capacity: number;
  #slots: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  /** @param capacity how many items it holds at most; a positive integer. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** The item at `index`, 0 being the oldest; `undefined` outside. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#slots[this.#slot(index)];
  }

  /** Appends; when full, gives back the oldest item, which had to go. */
  push(item: T): T | undefined {
    if (this.#length === this.capacity) {
      const dropped = this.#slots[this.#head];
      this.#slots[this.#head] = item;
      this.#head = this.#slot(1);
      return dropped;
    }
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[this.#slot(this.#length)] = item;
    this.#length++;
    return undefined;
  }

  /** Takes out the oldest item. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = this.#slot(1);
    this.#length--;
    return item;
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
    this.#length = 0;
  }

  #slot(index: number): number {
    const slot = this.#head + index;
    return slot < this.#slots.length ? slot : slot - this.#slots.length;
  }

  #grow(): void {
    const size = Math.min(this.capacity, Math.max(FIRST_SLOTS, this.#slots.length * 2));
    const slots = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    slots.length = size;
    this.#slots = slots;
    this.#head = 0;
  }
}
