/** The bus within one process. */

import { Observable, type Subscriber } from 'rxjs';
import { messageOf, TroupeError } from '../domain/errors.js';
import { Outbox, Ring, reportUnhandled } from '../events/index.js';
import type { BusMessage, EventBus, StoredMessage } from './event-bus.js';
import { RecentIds } from './recent-ids.js';
import { parsePattern, parseSubject } from './subject.js';

const DEFAULT_KEEP = 10_000;

export interface MemoryEventBusOptions {
  /** Messages kept for replay; 10,000 by default. */
  readonly keep?: number;
  /** Ids remembered for telling duplicates; 10,000 by default. */
  readonly dedupWindow?: number;
}

interface Kept {
  readonly id: string;
  readonly subject: string;
  readonly tokens: readonly string[];
  readonly sequence: number;
  /** Data as text: each reader parses its own copy. */
  readonly json: string;
}

interface Reader {
  readonly fits: (subject: readonly string[]) => boolean;
  /** First sequence that it has not been given. */
  readonly cursor: number;
  readonly subscriber: Subscriber<StoredMessage>;
}

export class MemoryEventBus implements EventBus {
  readonly #kept: Ring<Kept>;
  readonly #recent: RecentIds;
  readonly #readers = new Set<Reader>();
  readonly #outbox = new Outbox<Kept | (() => void)>((item) => {
    if (typeof item === 'function') item();
    else this.#deliver(item);
  });
  #lastSequence = 0;
  #delivered = 0;
  #closing: Promise<void> | undefined;

  /** @throws TroupeError `config_invalid` for numbers that are not whole and positive. */
  constructor({ keep = DEFAULT_KEEP, dedupWindow = DEFAULT_KEEP }: MemoryEventBusOptions = {}) {
    this.#kept = new Ring(checkCount('keep', keep));
    this.#recent = new RecentIds(checkCount('dedupWindow', dedupWindow));
  }

  /** Readers are called in a microtask after it. */
  async publish({ id, subject, data }: BusMessage): Promise<void> {
    this.#checkOpen();
    const tokens = parseSubject(subject);
    const json = toJson(data, subject);
    if (!this.#recent.add(id)) return;
    const kept: Kept = { id, subject, tokens, sequence: ++this.#lastSequence, json };
    this.#kept.push(kept);
    this.#outbox.push(kept);
  }

  messages$(pattern: string, { from }: { readonly from?: number } = {}): Observable<StoredMessage> {
    const fits = parsePattern(pattern);
    if (from !== undefined) checkCount('from', from);
    return new Observable((subscriber) => {
      this.#checkOpen();
      const cursor = from === undefined ? this.#delivered + 1 : Math.max(from, this.#lastSequence + 1);
      const history = from === undefined ? [] : this.#keptFrom(from).filter(({ tokens }) => fits(tokens));
      for (const kept of history) {
        if (subscriber.closed) return undefined;
        subscriber.next(toMessage(kept));
      }
      const reader: Reader = { fits, cursor, subscriber };
      if (!subscriber.closed) this.#readers.add(reader);
      return () => this.#readers.delete(reader);
    });
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#outbox.push(() => {
        for (const { subscriber } of this.#readers) this.#guard(() => subscriber.complete());
        this.#kept.clear();
        resolve();
      });
    });
    return this.#closing;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new TroupeError('closed', 'this bus is closed; make a new one');
  }

  /** What readers were given comes from the ring; what they were not, from the queue, which is whole. */
  #keptFrom(from: number): Kept[] {
    const kept: Kept[] = [];
    const first = this.#kept.at(0)?.sequence ?? 0; // sequences in the ring go up by one
    for (let index = Math.max(0, from - first); index < this.#kept.length; index++) {
      const message = this.#kept.at(index);
      if (message !== undefined && message.sequence <= this.#delivered) kept.push(message);
    }
    for (const item of this.#outbox.waiting()) if (typeof item !== 'function' && item.sequence >= from) kept.push(item);
    return kept;
  }

  #deliver(kept: Kept): void {
    this.#delivered = kept.sequence;
    for (const { cursor, fits, subscriber } of this.#readers) {
      if (kept.sequence >= cursor && fits(kept.tokens)) this.#guard(() => subscriber.next(toMessage(kept)));
    }
  }

  /** RxJS reports what a subscriber throws by itself; what comes out here was thrown while one was torn down. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (cause) {
      reportUnhandled(cause);
    }
  }
}

function toMessage({ id, subject, sequence, json }: Kept): StoredMessage {
  return { id, subject, sequence, data: JSON.parse(json) };
}

function toJson(data: unknown, subject: string): string {
  try {
    const json: string | undefined = JSON.stringify(data);
    if (json !== undefined) return json;
  } catch (cause) {
    throw new TroupeError('config_invalid', `message for ${subject}: data is not JSON: ${messageOf(cause)}`, { cause });
  }
  throw new TroupeError('config_invalid', `message for ${subject}: data is not JSON: got ${typeof data}`);
}

function checkCount(name: string, count: number): number {
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new TroupeError('config_invalid', `MemoryEventBus: ${name}: expected a whole number from 1 on; got ${count}`);
}
