/** The rows of all subagents, each with the version of its last change: any page can ask for what it lacks. */

import { randomUUID } from 'node:crypto';
import type { SubAgentEvent } from '../events/index.js';
import type { Row } from './protocol.js';
import { foldRow, newRow } from './row.js';

/** Rows of one frame. */
const MAX_ROWS = 200;
/** Ids that are listed no more and are remembered. */
const MAX_GONE = 1_000;

interface Versioned {
  readonly row: Row;
  readonly version: number;
}

export interface BoardPart {
  readonly reset: boolean;
  readonly rows: readonly Row[];
  readonly gone: readonly string[];
  /** How far a page is that has this part too. */
  readonly version: number;
}

export class Board {
  readonly id = randomUUID();
  readonly #rows = new Map<string, Versioned>();
  /** With the version at which each went. */
  readonly #gone = new Map<string, number>();
  #version = 0;
  /** Who is behind this may hold rows whose end is forgotten. */
  #floor = 0;
  #order = 0;

  get version(): number {
    return this.#version;
  }

  get ids(): IterableIterator<string> {
    return this.#rows.keys();
  }

  row(id: string): Row | undefined {
    return this.#rows.get(id)?.row;
  }

  /** @returns whether it changed anything. */
  apply(event: SubAgentEvent): boolean {
    if (event.type === 'text_delta' || event.type === 'reasoning_delta' || event.type === 'tool_output_delta') {
      return false; // nearly all events
    }
    const known = this.row(event.subagentId);
    if (known === undefined && event.type === 'step_replayed') return false; // its subagent is of a former life
    const row = known ?? this.#added(event);
    const next = foldRow(row, event, this.#version + 1);
    if (next === known) return false;
    this.set(next);
    return true;
  }

  set(row: Row): void {
    this.#version += 1;
    this.#rows.set(row.id, { row, version: this.#version });
    this.#gone.delete(row.id);
  }

  nextOrder(): number {
    this.#order += 1;
    return this.#order;
  }

  remove(id: string): void {
    if (!this.#rows.delete(id)) return;
    this.#version += 1;
    this.#gone.set(id, this.#version);
    for (const [oldest, version] of this.#gone) {
      if (this.#gone.size <= MAX_GONE) break;
      this.#gone.delete(oldest);
      this.#floor = version;
    }
  }

  /** What a page at that version lacks; `undefined` when it has all. At most some rows: ask again from there. */
  after(version: number): BoardPart | undefined {
    const reset = version < this.#floor || version > this.#version;
    const since = reset ? 0 : version;
    if (since === this.#version && !reset) return undefined;
    const changed = [...this.#rows.values()].filter((each) => each.version > since);
    changed.sort((a, b) => a.version - b.version);
    const sent = changed.slice(0, MAX_ROWS);
    const upTo = changed.length > sent.length ? (sent.at(-1)?.version ?? this.#version) : this.#version;
    const gone = reset ? [] : [...this.#gone].filter(([, at]) => at > since && at <= upTo).map(([id]) => id);
    return { reset, rows: sent.map(({ row }) => withSpansSince(row, since)), gone, version: upTo };
  }

  #added(event: SubAgentEvent): Row {
    const parent = event.parentId === undefined ? undefined : this.row(event.parentId);
    return { ...newRow(event, this.nextOrder()), depth: parent ? parent.depth + 1 : 0 };
  }
}

function withSpansSince(row: Row, version: number): Row {
  return { ...row, spans: row.spans.filter((span) => span.version > version) };
}
