/** How a value that changes faster than it can be written is written: one write runs, the latest value waits, those between are left out. */

interface Next<Value> {
  value: Value;
  readonly settled: Promise<void>;
  readonly write: () => Promise<void>;
}

export class LatestWriter<Value> {
  readonly #write: (value: Value) => Promise<void>;
  readonly #onIdle: () => void;
  #running: Promise<void> | undefined;
  #next: Next<Value> | undefined;

  /** @param onIdle Called whenever nothing runs and nothing waits any more. */
  constructor(write: (value: Value) => Promise<void>, onIdle: () => void) {
    this.#write = write;
    this.#onIdle = onIdle;
  }

  /** Settles with the write that held this value or a later one, and with no other. */
  write(value: Value): Promise<void> {
    if (this.#next !== undefined) {
      this.#next.value = value;
      return this.#next.settled;
    }
    const next = this.#prepare(value);
    this.#next = next;
    this.#running ??= this.#run();
    return next.settled;
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #prepare(value: Value): Next<Value> {
    let resolve: () => void;
    let reject: (cause: unknown) => void;
    const settled = new Promise<void>((onWritten, onFailed) => {
      resolve = onWritten;
      reject = onFailed;
    });
    const next: Next<Value> = { value, settled, write: () => this.#write(next.value).then(resolve, reject) };
    return next;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // of what is written in this tick, the last
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      await next.write();
    }
    this.#running = undefined;
    this.#onIdle();
  }
}
