/** Who is next for a slot: lowest rank first, at logarithmic cost, and one may leave from anywhere. */

interface Place {
  readonly id: string;
  readonly rank: number;
}

export class WaitingLine {
  /** A binary heap by rank. Places of those that left stay until they come up. */
  readonly #heap: Place[] = [];
  readonly #places = new Map<string, Place>();

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  /** Standing in line twice is the same as once, at the new rank. */
  add(id: string, rank: number): void {
    const place = { id, rank };
    this.#places.set(id, place);
    this.#heap.push(place);
    this.#up(this.#heap.length - 1);
  }

  remove(id: string): void {
    this.#places.delete(id);
    if (this.#places.size === 0) this.#heap.length = 0;
  }

  /** Takes the first out of the line. */
  next(): string | undefined {
    for (;;) {
      const first = this.#pop();
      if (!first) return undefined;
      if (this.#places.get(first.id) !== first) continue; // it left, or stands elsewhere now
      this.remove(first.id);
      return first.id;
    }
  }

  #pop(): Place | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down(0);
    }
    return first;
  }

  #up(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#rankAt(parent) <= this.#rankAt(index)) return;
      this.#swap(parent, index);
      index = parent;
    }
  }

  #down(start: number): void {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let least = index;
      if (this.#rankAt(left) < this.#rankAt(least)) least = left;
      if (this.#rankAt(right) < this.#rankAt(least)) least = right;
      if (least === index) return;
      this.#swap(least, index);
      index = least;
    }
  }

  #rankAt(index: number): number {
    return this.#heap[index]?.rank ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (!first || !second) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
