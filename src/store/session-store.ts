/** What every session store can do: leases, journals and small documents at paths of names. */

import type { JsonValue } from '../domain/json.js';

/** Names from the root down, such as `['sessions', 'default', 'subagents', 'subagent-1']`. Each may be any string but the empty one. */
export type StorePath = readonly string[];

/**
 * A place where sessions outlive their process. It knows neither sessions nor subagents: what the records say is its callers' business.
 * Reading needs no lease; whatever writes takes one whose path is the path itself or above it. Paths below are never empty, save in `list`.
 *
 * Errors: `config_invalid` for a path with an empty name or a lease that does not cover it, `store_io` when the medium fails,
 * `store_corrupt` and `store_version` for what cannot be read, which is then left untouched.
 */
export interface SessionStore {
  /** For messages, such as `file ./.troupe` or `memory`. Never a secret. */
  readonly name: string;

  /**
   * The exclusive right to write at `path` and below, under an epoch higher than any before. A dead owner's on this host is taken
   * over at once. It shuts out leases of the same path only, also within one process: one at `['a']` and one at `['a', 'b']` may be
   * held side by side, so their holders agree on who writes where. Synchronous where the store can be; then it throws.
   * @throws TroupeError `workflow_busy`, naming the holder.
   */
  acquire(path: StorePath): Lease | Promise<Lease>;

  /**
   * Opens a journal for writing, once at a time; the first append makes it. All of its life it is written under leases of one path.
   * @throws TroupeError `lease_lost`; `wrong_state` when it is open already.
   */
  openJournal(path: StorePath, lease: Lease): Promise<OpenedJournal>;

  /** What the journal holds at this moment; `undefined` when there is none. */
  readJournal(path: StorePath): Promise<JournalContents | undefined>;

  /** `undefined` when there is none. Documents are short cuts: who gets `store_corrupt` may go on from the journal. */
  readDocument(path: StorePath): Promise<JsonValue | undefined>;

  /**
   * Replaces the document, whole or not at all, but not necessarily durably: the journal is the truth. For each path one write runs
   * and the latest value waits; the promise settles with the write that held its value or a later one.
   * @throws TroupeError `lease_lost`.
   */
  writeDocument(path: StorePath, value: JsonValue, lease: Lease): Promise<void>;

  /** True names of what lies directly below, at any depth of it a journal or document, sorted. Synchronous where the store can be. */
  list(path: StorePath): string[] | Promise<string[]>;

  /**
   * Removes everything at `path` and below; what does not exist is no error. After a crash in the middle it is there whole or gone.
   * At the lease's own path the lease goes too.
   * @throws TroupeError `lease_lost`.
   */
  remove(path: StorePath, lease: Lease): Promise<void>;
}

export interface Lease {
  readonly path: StorePath;
  readonly epoch: number;
  /** Cheap. Once false, false for ever. */
  isHeld(): boolean | Promise<boolean>;
  /** Lets others acquire it at once; again, or after it was lost, it does nothing. */
  release(): void | Promise<void>;
}

/** How far a journal goes. Two of the same count and hash follow the same records. */
export interface JournalPosition {
  readonly count: number;
  /** Of the last record and all before it; empty before the first. */
  readonly hash: string;
}

export interface JournalContents {
  readonly records: readonly JsonValue[];
  /** The position's hash after each record. */
  readonly hashes: readonly string[];
  /** Bytes of a torn end that were left out; a record is torn by a crash while it is written, or is being written right now. */
  readonly tornBytes: number;
  /** After the last record. */
  readonly position: JournalPosition;
}

export interface OpenedJournal {
  readonly journal: Journal;
  /** What it held when it was opened. */
  readonly contents: JournalContents;
}

export interface Journal {
  /** After everything that is durable. */
  readonly position: JournalPosition;

  /**
   * Resolves when the record is durable, in the order of the calls; the record is copied at once. When it rejects, neither this
   * record nor any that was appended after it and still waits is in the journal, they reject alike, and all may be appended again.
   * @throws TroupeError `store_io`; `lease_lost`, for good; `closed`; `config_invalid` for what is not JSON.
   */
  append(record: JsonValue): Promise<void>;

  /** Resolves when what was appended is settled. Never rejects. */
  close(): Promise<void>;
}

/** Whether a journal went through that position: what a snapshot taken there still fits. */
export function passesThrough({ hashes }: JournalContents, { count, hash }: JournalPosition): boolean {
  return count === 0 ? hash === '' : hashes[count - 1] === hash;
}
