/** A stored run as a row of steps: what the page shows at each of them. */

import type { Row } from './protocol.js';
import { foldRow, newRow } from './row.js';
import { eventsOfLog, type StoredEvent } from './stored-events.js';
import type { StoredLogs } from './stored-logs.js';

type Rows = ReadonlyMap<string, Row>;

/** Steps between two states that are kept. */
const CHECKPOINT_EVERY = 256;

export class StoredRun {
  /** One for each step; `offset` is its number, from 1. */
  readonly events: readonly StoredEvent[];
  readonly #byId = new Map<string, StoredEvent[]>();
  readonly #orders: ReadonlyMap<string, number>;
  readonly #depths: ReadonlyMap<string, number>;
  /** After 0, 256, 512, ... steps. */
  readonly #checkpoints: Rows[] = [new Map()];
  #last: { readonly step: number; readonly rows: Rows } = { step: 0, rows: new Map() };

  /** @param told The events of each log, where somebody has them already. */
  constructor({ logs }: StoredLogs, told: readonly (readonly StoredEvent[])[] = logs.map(eventsOfLog)) {
    const spawned = logs.flatMap(({ id, records: [first] }) =>
      first?.type === 'spawned' ? [[id, first] as const] : [],
    );
    this.#orders = new Map(spawned.map(([id, { order }]) => [id, order]));
    this.#depths = new Map(spawned.map(([id, { depth }]) => [id, depth]));
    const all = told.flat();
    all.sort((a, b) => a.time - b.time || this.#orderOf(a) - this.#orderOf(b)); // stable: each keeps its own order
    this.events = all.map((event, index) => ({ ...event, offset: index + 1 }));
    for (const event of this.events) {
      const own = this.#byId.get(event.subagentId);
      if (own) own.push(event);
      else this.#byId.set(event.subagentId, [event]);
    }
  }

  get steps(): number {
    return this.events.length;
  }

  /** Ms since the epoch; of a run without a step 0. */
  timeAt(step: number): number {
    return this.events[Math.max(0, step - 1)]?.time ?? 0;
  }

  /** Its events up to that step. */
  eventsOf(id: string, step: number): StoredEvent[] {
    return (this.#byId.get(id) ?? []).filter(({ offset }) => offset <= step);
  }

  /** Who is touched by the steps between two. */
  touchedBetween(one: number, other: number): Set<string> {
    const between = this.events.slice(Math.min(one, other), Math.max(one, other));
    return new Set(between.map(({ subagentId }) => subagentId));
  }

  rowsAt(step: number): Rows {
    const near = Math.min(this.#checkpoints.length - 1, Math.floor(step / CHECKPOINT_EVERY));
    const isNext = this.#last.step <= step && this.#last.step >= near * CHECKPOINT_EVERY;
    let at = isNext ? this.#last.step : near * CHECKPOINT_EVERY;
    const rows = new Map(isNext ? this.#last.rows : this.#checkpoints[near]);
    while (at < step) {
      const event = this.events[at];
      at += 1;
      if (event) this.#fold(rows, event, at);
      if (at % CHECKPOINT_EVERY === 0) this.#checkpoints[at / CHECKPOINT_EVERY] ??= new Map(rows);
    }
    this.#last = { step, rows };
    return rows;
  }

  #fold(rows: Map<string, Row>, event: StoredEvent, version: number): void {
    const { subagentId: id } = event;
    const fresh = () => ({ ...newRow(event, this.#orders.get(id) ?? 0), depth: this.#depths.get(id) ?? 0 });
    rows.set(id, foldRow(rows.get(id) ?? fresh(), event, version));
  }

  #orderOf({ subagentId }: StoredEvent): number {
    return this.#orders.get(subagentId) ?? 0;
  }
}
