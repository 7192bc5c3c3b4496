/** A store whose process can die: writes take their time, and from one of them on nothing reaches the disk any more. */

import { type Clock, delay } from '../../src/domain/clock.js';
import { TroupeError } from '../../src/domain/errors.js';
import type { JsonValue } from '../../src/domain/json.js';
import {
  type Journal,
  type JournalContents,
  type Lease,
  MemorySessionStore,
  type OpenedJournal,
  type SessionStore,
  type StorePath,
} from '../../src/store/index.js';

export interface Life {
  readonly clock: Clock;
  /** Records that still reach the disk; then the process is dead. */
  readonly appends: number;
  /** How long a write takes, in ms, by the last name of the journal's path: those of one process are not written in step. */
  readonly writeMs?: (name: string) => number;
  /** Documents may be lost: they are no more than short cuts. */
  readonly losesDocuments?: boolean;
}

export class MortalStore implements SessionStore {
  readonly name = 'mortal';
  readonly disk = new MemorySessionStore();
  /** Told with each record that has reached the disk, by its subagent in a journal of many, else by the last name of its journal's path. */
  onRecord: (name: string, record: JsonValue) => void = () => {};
  /** The same for documents. */
  onDocument: (name: string, value: JsonValue) => void = () => {};
  /** While set, writes are refused with `store_io`. */
  isBroken = false;
  #life: Life | undefined;
  /** Lets go of what dead processes still wait for, at the end of a test. */
  bury: () => void = () => {};
  /** What dead processes wait for. */
  readonly #buried = new Promise<never>((_, reject) => {
    this.bury = () => reject(new TroupeError('lease_lost', 'the process of this test is over'));
  });

  constructor() {
    this.#buried.catch(() => {});
  }

  #appendsLeft = Number.POSITIVE_INFINITY;

  /** The next process; the one before lets go of its leases, as the dead do. */
  begin(life?: Life): void {
    this.disk.abandonLeases();
    this.onRecord = () => {};
    this.onDocument = () => {};
    this.#life = life;
    this.#appendsLeft = life?.appends ?? Number.POSITIVE_INFINITY;
  }

  /** With the record that was told last. */
  die(): void {
    this.#appendsLeft = 0;
  }

  get isDead(): boolean {
    return this.#appendsLeft <= 0;
  }

  acquire(path: StorePath): Lease {
    return this.disk.acquire(path);
  }

  async openJournal(path: StorePath, lease: Lease): Promise<OpenedJournal> {
    const { journal, contents } = await this.disk.openJournal(path, lease);
    return { journal: this.#mortal(journal, path.at(-1) ?? ''), contents };
  }

  readJournal(path: StorePath): Promise<JournalContents | undefined> {
    return this.disk.readJournal(path);
  }

  readDocument(path: StorePath): Promise<JsonValue | undefined> {
    return this.disk.readDocument(path);
  }

  async writeDocument(path: StorePath, value: JsonValue, lease: Lease): Promise<void> {
    if (this.isBroken) throw broken();
    if (this.isDead || this.#life?.losesDocuments) return;
    await this.disk.writeDocument(path, value, lease);
    this.onDocument(path.at(-1) ?? '', value);
  }

  list(path: StorePath): string[] {
    return this.disk.list(path);
  }

  async remove(path: StorePath, lease: Lease): Promise<void> {
    if (!this.isDead) await this.disk.remove(path, lease);
  }

  #mortal(journal: Journal, name: string): Journal {
    const life = this.#life;
    let last: Promise<unknown> = Promise.resolve();
    const append = async (record: JsonValue): Promise<void> => {
      const ms = life?.writeMs?.(name) ?? 0;
      if (life && ms > 0) await delay(life.clock, ms);
      if (life !== this.#life || this.isDead) return this.#buried;
      if (this.isBroken) throw broken();
      await journal.append(record);
      this.#appendsLeft -= 1;
      for (const [of, each] of recordsIn(record)) this.onRecord(of ?? name, each);
      if (this.isDead) return this.#buried; // on disk, but nobody lives to see it
    };
    return {
      get position() {
        return journal.position;
      },
      append: (record) => {
        const copy = structuredClone(record);
        const appended = last.then(() => append(copy));
        last = appended.catch(() => {});
        return appended;
      },
      close: () => last.then(() => journal.close()),
    };
  }
}

/** A journal of many has several records of one of them in one line. */
function recordsIn(line: JsonValue): (readonly [of: string | undefined, record: JsonValue])[] {
  const { of, records } = line as { readonly of?: string; readonly records?: readonly JsonValue[] };
  return records ? records.map((record) => [of, record]) : [[undefined, line]];
}

function broken(): TroupeError {
  return new TroupeError('store_io', 'could not append: the disk of this test is broken');
}
