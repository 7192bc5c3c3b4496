import { describe, expect, it, test } from 'vitest';
import type { JsonValue } from '../../src/domain/json.js';
import {
  FileSessionStore,
  type Journal,
  type Lease,
  MemorySessionStore,
  type SessionStore,
  type StorePath,
} from '../../src/store/index.js';
import { storeConformance } from '../../src/testing/store-conformance.js';
import { makeFolder } from './support/folders.js';

storeConformance({ name: 'MemorySessionStore', create: () => new MemorySessionStore(), describe, it });

const folders = new WeakMap<SessionStore, string>();

storeConformance({
  name: 'FileSessionStore',
  create: () => openIn(makeFolder()),
  reopen: (store) => openIn(folders.get(store) ?? ''),
  describe,
  it,
});

function openIn(folder: string): SessionStore {
  const store = new FileSessionStore(folder);
  folders.set(store, folder);
  return store;
}

/** A sound store, with everything a promise, as one across a network would be. */
class DistantStore implements SessionStore {
  readonly name = 'distant';
  protected readonly sound: SessionStore = new MemorySessionStore();
  async acquire(path: StorePath): Promise<Lease> {
    return this.sound.acquire(path);
  }
  async openJournal(path: StorePath, lease: Lease) {
    return this.sound.openJournal(path, lease);
  }
  async readJournal(path: StorePath) {
    return this.sound.readJournal(path);
  }
  async readDocument(path: StorePath) {
    return this.sound.readDocument(path);
  }
  async writeDocument(path: StorePath, value: JsonValue, lease: Lease) {
    return this.sound.writeDocument(path, value, lease);
  }
  async list(path: StorePath) {
    return this.sound.list(path);
  }
  async remove(path: StorePath, lease: Lease) {
    return this.sound.remove(path, lease);
  }
}

storeConformance({ name: 'one that answers later', create: async () => new DistantStore(), describe, it });

/** The sound journal with one thing changed. */
function changed(journal: Journal, changes: Partial<Journal>): Journal {
  return {
    get position() {
      return journal.position;
    },
    append: changes.append ?? ((record) => journal.append(record)),
    close: changes.close ?? (() => journal.close()),
  };
}

const flawed: Record<string, () => SessionStore> = {
  'gives a lease to everyone': () =>
    new (class extends DistantStore {
      override async acquire(path: StorePath) {
        (this.sound as MemorySessionStore).abandonLeases(); // which it is
        return super.acquire(path);
      }
    })(),
  'loses one record in three': () =>
    new (class extends DistantStore {
      override async openJournal(path: StorePath, lease: Lease) {
        const { journal, contents } = await super.openJournal(path, lease);
        let count = 0;
        const append = async (record: JsonValue) => {
          if (++count % 3 !== 0) await journal.append(record);
        };
        return { journal: changed(journal, { append }), contents };
      }
    })(),
  'copies a record too late': () =>
    new (class extends DistantStore {
      override async openJournal(path: StorePath, lease: Lease) {
        const { journal, contents } = await super.openJournal(path, lease);
        const append = async (record: JsonValue) => {
          await Promise.resolve();
          await journal.append(record);
        };
        return { journal: changed(journal, { append }), contents };
      }
    })(),
  'forgets what was there when a journal is opened': () =>
    new (class extends DistantStore {
      override async openJournal(path: StorePath, lease: Lease) {
        const { journal, contents } = await super.openJournal(path, lease);
        return { journal, contents: { ...contents, records: [] } };
      }
    })(),
  'keeps the first document': () =>
    new (class extends DistantStore {
      override async writeDocument(path: StorePath, value: JsonValue, lease: Lease) {
        if ((await this.sound.readDocument(path)) === undefined) await super.writeDocument(path, value, lease);
      }
    })(),
  'is blind to case': () =>
    new (class extends DistantStore {
      override async openJournal(path: StorePath, lease: Lease) {
        return super.openJournal(
          path.map((name) => name.toLowerCase()),
          lease,
        );
      }
    })(),
  'lists everything below': () =>
    new (class extends DistantStore {
      override async list(path: StorePath) {
        const names = await super.list(path);
        const below = await Promise.all(names.map((name) => this.sound.list([...path, name])));
        return [...names, ...below.flat()].sort();
      }
    })(),
  'removes nothing': () =>
    new (class extends DistantStore {
      override async remove() {}
    })(),
  'closes without waiting, and takes more': () =>
    new (class extends DistantStore {
      override async openJournal(path: StorePath, lease: Lease) {
        const { journal, contents } = await super.openJournal(path, lease);
        return { journal: changed(journal, { close: async () => {} }), contents };
      }
    })(),
};

describe('the suite finds a store that', () => {
  test.each(Object.entries(flawed))('%s', async (_, create) => {
    const checks: { readonly name: string; readonly body: () => Promise<void> }[] = [];
    storeConformance({
      name: 'flawed',
      create,
      describe: (_name, body) => body(),
      it: (name, body) => checks.push({ name, body }),
    });
    const failed: string[] = [];
    for (const { name, body } of checks) await body().catch(() => failed.push(name));
    expect(failed).not.toEqual([]);
  });
});
