/** The store within one process: as a disk that lasts as long as the object. */

import { TroupeError } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';
import { chainHash } from './hash-chain.js';
import type {
  Journal,
  JournalContents,
  JournalPosition,
  Lease,
  OpenedJournal,
  SessionStore,
  StorePath,
} from './session-store.js';
import { checkCovers, checkNames, checkPath, isAtOrBelow, pathKey, showPath, toJson } from './store-path.js';

/** Texts, so that nobody else's change of a value reaches it. */
interface Stored {
  readonly path: StorePath;
  readonly texts: string[];
  readonly hashes: string[];
  /** How many names of the path are those of the lease it is written under. */
  readonly leaseDepth: number;
}

export class MemorySessionStore implements SessionStore {
  readonly name = 'memory';
  readonly #journals = new Map<string, Stored>();
  readonly #documents = new Map<string, { readonly path: StorePath; readonly text: string }>();
  /** Also of paths that nobody holds: epochs only rise. */
  readonly #epochs = new Map<string, number>();
  readonly #holders = new Map<string, MemoryLease>();
  readonly #leases = new WeakSet<MemoryLease>();

  acquire(path: StorePath): Lease {
    checkPath(path);
    const key = pathKey(path);
    const holder = this.#holders.get(key);
    if (holder !== undefined) {
      const who = `this process since ${new Date(holder.since).toISOString()}`;
      const remedy = 'wait for its end, or use another id';
      throw new TroupeError('workflow_busy', `${showPath(path)} in ${this.name} is in use by ${who}; ${remedy}`);
    }
    const epoch = (this.#epochs.get(key) ?? 0) + 1;
    this.#epochs.set(key, epoch);
    const lease = new MemoryLease([...path], epoch, () => this.#holders.delete(key));
    this.#holders.set(key, lease);
    this.#leases.add(lease);
    return lease;
  }

  /** As if the process that holds them had died: all leases are lost and may be acquired again, and what was appended stays. */
  abandonLeases(): void {
    for (const lease of [...this.#holders.values()]) lease.release();
  }

  async openJournal(path: StorePath, lease: Lease): Promise<OpenedJournal> {
    const own = this.#held(lease, path);
    const key = pathKey(path);
    if (own.openJournals.has(key)) {
      const problem = 'is open already; close it first';
      throw new TroupeError('wrong_state', `the journal ${showPath(path)} in ${this.name} ${problem}`);
    }
    const stored = this.#journals.get(key);
    if (stored !== undefined && stored.leaseDepth !== own.path.length) {
      const where = `${showPath(path)} in ${this.name}`;
      const former = showPath(path.slice(0, stored.leaseDepth));
      throw new TroupeError(
        'config_invalid',
        `${where} is written under leases of ${former}; acquire one of that path`,
      );
    }
    own.openJournals.add(key);
    const contents = toContents(stored ?? { texts: [], hashes: [] });
    return { journal: this.#journalOf(path, own, contents.position), contents };
  }

  async readJournal(path: StorePath): Promise<JournalContents | undefined> {
    checkPath(path);
    const stored = this.#journals.get(pathKey(path));
    return stored && toContents(stored);
  }

  async readDocument(path: StorePath): Promise<JsonValue | undefined> {
    checkPath(path);
    const document = this.#documents.get(pathKey(path));
    return document && JSON.parse(document.text);
  }

  async writeDocument(path: StorePath, value: JsonValue, lease: Lease): Promise<void> {
    const text = toJson(value, path);
    this.#held(lease, path);
    this.#documents.set(pathKey(path), { path: [...path], text });
  }

  list(path: StorePath): string[] {
    checkNames(path);
    const all = [...this.#journals.values(), ...this.#documents.values()];
    const below = all.filter((each) => each.path.length > path.length && isAtOrBelow(each.path, path));
    return [...new Set(below.flatMap((each) => each.path[path.length] ?? []))].sort();
  }

  async remove(path: StorePath, lease: Lease): Promise<void> {
    const own = this.#held(lease, path);
    for (const kept of [this.#journals, this.#documents]) {
      for (const [key, each] of kept) if (isAtOrBelow(each.path, path)) kept.delete(key);
    }
    if (path.length === own.path.length) own.release();
  }

  #held(lease: Lease, path: StorePath): MemoryLease {
    checkCovers(lease, path);
    if (!(lease instanceof MemoryLease) || !this.#leases.has(lease)) {
      throw new TroupeError('config_invalid', `the lease on ${showPath(lease.path)} is not one of ${this.name}`);
    }
    if (lease.isHeld()) return lease;
    const where = `${showPath(lease.path)} in ${this.name}`;
    throw new TroupeError('lease_lost', `the lease on ${where} was taken over or given up; acquire it again`);
  }

  #journalOf(path: StorePath, lease: MemoryLease, opened: JournalPosition): Journal {
    const key = pathKey(path);
    let position = opened;
    let isClosed = false;
    const append = (text: string) => {
      this.#held(lease, path);
      const stored = this.#journals.get(key) ?? {
        path: [...path],
        texts: [],
        hashes: [],
        leaseDepth: lease.path.length,
      };
      if (stored.texts.length !== position.count) throw vanished(path);
      const hash = chainHash(position.hash, text);
      stored.texts.push(text);
      stored.hashes.push(hash);
      this.#journals.set(key, stored);
      position = { count: position.count + 1, hash };
    };
    return {
      get position() {
        return position;
      },
      append: async (record) => {
        if (isClosed) throw new TroupeError('closed', `the journal ${showPath(path)} is closed; open it again`);
        append(toJson(record, path));
      },
      close: async () => {
        isClosed = true;
        lease.openJournals.delete(key);
      },
    };
  }
}

class MemoryLease implements Lease {
  readonly since = Date.now();
  /** Journals that are open under it. */
  readonly openJournals = new Set<string>();
  #isHeld = true;
  readonly #onRelease: () => void;

  constructor(
    readonly path: StorePath,
    readonly epoch: number,
    onRelease: () => void,
  ) {
    this.#onRelease = onRelease;
  }

  isHeld(): boolean {
    return this.#isHeld;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#onRelease();
  }
}

function toContents({ texts, hashes }: Pick<Stored, 'texts' | 'hashes'>): JournalContents {
  return {
    records: texts.map((text) => JSON.parse(text)),
    hashes: [...hashes],
    tornBytes: 0,
    position: { count: texts.length, hash: hashes.at(-1) ?? '' },
  };
}

function vanished(path: StorePath): TroupeError {
  return new TroupeError('store_io', `could not append to ${showPath(path)}: it was removed; open the journal again`);
}
