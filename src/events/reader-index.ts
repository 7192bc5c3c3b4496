/** Who reads the events, found by subagent: what an event costs does not grow with the readers of others. */

import type { SubAgentEvent } from './agent-event.js';
import type { Channel } from './channel.js';

/** What a reader wants: all subagents, those in `ids`, or the one of `channel`, with which it ends. */
export interface Scope {
  readonly ids?: readonly string[];
  readonly channel?: Channel;
  /** First offset of the history; without it live only. */
  readonly from?: number;
}

export interface Reader {
  readonly scope: Scope;
  /** First offset that it has not been given. */
  readonly cursor: number;
  readonly next: (event: SubAgentEvent) => void;
  readonly complete: () => void;
}

export class ReaderIndex {
  /** Times that a reader was looked at for an event. */
  deliveries = 0;
  readonly #readers = new Set<Reader>();
  /** Of these, the ones of all subagents. */
  readonly #everyone = new Set<Reader>();
  readonly #watchers = new Map<string, Set<Reader>>();
  readonly #onThrow: (cause: unknown) => void;

  /** @param onThrow told of what a reader throws; the others are not touched by it. */
  constructor(onThrow: (cause: unknown) => void) {
    this.#onThrow = onThrow;
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Subagents that are read one by one. */
  get watched(): number {
    return this.#watchers.size;
  }

  add(reader: Reader): void {
    this.#readers.add(reader);
    if (reader.scope.ids === undefined) this.#everyone.add(reader);
    for (const id of reader.scope.ids ?? []) {
      const watchers = this.#watchers.get(id);
      if (watchers === undefined) this.#watchers.set(id, new Set([reader]));
      else watchers.add(reader);
    }
  }

  remove(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    this.#everyone.delete(reader);
    for (const id of reader.scope.ids ?? []) {
      const watchers = this.#watchers.get(id);
      if (watchers?.delete(reader) && watchers.size === 0) this.#watchers.delete(id);
    }
  }

  /** Readers may come and go meanwhile: a new one is behind its cursor, one that left is not visited any more. */
  deliver(event: SubAgentEvent): void {
    for (const reader of this.#everyone) this.#tell(reader, event);
    const watchers = this.#watchers.get(event.subagentId);
    if (watchers !== undefined) for (const reader of watchers) this.#tell(reader, event);
  }

  completeOf(channel: Channel): void {
    for (const reader of this.#watchers.get(channel.id) ?? []) {
      if (reader.scope.channel === channel) this.#complete(reader);
    }
  }

  completeAll(): void {
    for (const reader of this.#readers) this.#complete(reader);
  }

  #tell(reader: Reader, event: SubAgentEvent): void {
    this.deliveries++;
    if (event.offset < reader.cursor) return;
    try {
      reader.next(event);
    } catch (cause) {
      this.#onThrow(cause);
    }
  }

  #complete(reader: Reader): void {
    this.remove(reader);
    try {
      reader.complete();
    } catch (cause) {
      this.#onThrow(cause);
    }
  }
}
