/** A store in memory that shows which journals are read while they are written, and fails or waits when a test says so. */

import { TroupeError } from '../../src/domain/errors.js';
import type { JsonValue } from '../../src/domain/json.js';
import {
  type JournalContents,
  type Lease,
  MemorySessionStore,
  type OpenedJournal,
  type StorePath,
} from '../../src/store/index.js';

export class WatchedStore extends MemorySessionStore {
  /** Last names of the journals that were asked for while they were written, in order. */
  readonly reads: string[] = [];
  /** How many of them were asked for at once, at most. */
  mostAtOnce = 0;
  /** Awaited before each of them; what it throws is what the reader gets. */
  onRead: () => void | Promise<void> = () => {};
  /** What the reader gets in place of the records; `undefined`: the journal is gone. */
  change: (records: readonly JsonValue[]) => readonly JsonValue[] | undefined = (records) => records;
  /** While set, writes are refused with `store_io`. */
  isFull = false;
  #atOnce = 0;

  override async openJournal(path: StorePath, lease: Lease): Promise<OpenedJournal> {
    const { journal, contents } = await super.openJournal(path, lease);
    const append = async (record: JsonValue) => {
      if (this.isFull) throw new TroupeError('store_io', 'could not append: the disk of this test is full');
      await journal.append(record);
    };
    return {
      contents,
      journal: {
        append,
        close: () => journal.close(),
        get position() {
          return journal.position;
        },
      },
    };
  }

  override async readJournal(path: StorePath): Promise<JournalContents | undefined> {
    this.reads.push(path.at(-1) ?? '');
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      await this.onRead();
      const contents = await super.readJournal(path);
      const records = contents && this.change(contents.records);
      return contents && records && { ...contents, records };
    } finally {
      this.#atOnce -= 1;
    }
  }
}
