/** A bus as a user might write one: node's emitter, a database-like table, answers a while later, sequences with holes. */

import { EventEmitter } from 'node:events';
import { Observable } from 'rxjs';
import type { BusMessage, EventBus, StoredMessage } from '../../src/bus/index.js';
import { TroupeError } from '../../src/domain/errors.js';

export class EmitterBus implements EventBus {
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #table = new Map<string, StoredMessage>();
  #sequence = 500;
  #state: 'open' | 'closing' | 'closed' = 'open';

  async publish(message: BusMessage): Promise<void> {
    if (this.#state !== 'open') throw new TroupeError('closed', 'emitter bus: closed');
    const row = structuredClone(message);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#table.has(row.id)) return;
    this.#sequence += 7;
    this.#table.set(row.id, { ...row, sequence: this.#sequence });
    this.#emitter.emit('row');
  }

  /** Each reader polls the table from its own cursor whenever something was written. */
  messages$(pattern: string, { from }: { from?: number } = {}): Observable<StoredMessage> {
    const source = pattern
      .split('.')
      .map((token) => (token === '*' ? '[^.]+' : token === '>' ? '.+' : token.replace(/\W/g, '\\$&')))
      .join('\\.');
    const fits = new RegExp(`^${source}$`);
    return new Observable((subscriber) => {
      if (this.#state !== 'open') throw new TroupeError('closed', 'emitter bus: closed');
      let cursor = from ?? this.#sequence + 1;
      const poll = () => {
        for (const row of this.#table.values()) {
          if (row.sequence < cursor) continue;
          cursor = row.sequence + 1;
          if (fits.test(row.subject)) subscriber.next(structuredClone(row));
          if (subscriber.closed) return;
        }
      };
      const soon = () => queueMicrotask(() => !subscriber.closed && poll());
      const end = () => {
        poll();
        subscriber.complete();
      };
      this.#emitter.on('row', soon).on('end', end);
      soon();
      return () => this.#emitter.off('row', soon).off('end', end);
    });
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    await new Promise((resolve) => setImmediate(resolve));
    this.#state = 'closed';
    this.#emitter.emit('end');
  }
}
