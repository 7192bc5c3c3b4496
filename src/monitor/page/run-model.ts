/** What the page knows of the run: its rows, as frames bring them. */

import type { Frame, Hello, Row } from '../protocol.js';
import type { Sign } from './icons.js';

const MAX_SPANS = 200;

export class RunModel {
  hello: Hello | undefined;
  readonly rows = new Map<string, Row>();
  isOver = false;
  /** Counts what changed. */
  version = 0;
  /** Of the run's clock against ours, in ms. */
  #skewMs = 0;
  #sorted: readonly Row[] | undefined;

  apply({ reset, rows, gone, now, isOver }: Frame): void {
    if (reset) this.rows.clear();
    const isWhole = this.hello?.kind === 'stored'; // it may have gone back: what it lacks is void
    for (const row of rows) {
      const known = isWhole ? [] : (this.rows.get(row.id)?.spans ?? []);
      this.rows.set(row.id, { ...row, spans: merged(known, row.spans) });
    }
    for (const id of gone) this.rows.delete(id);
    if (reset || rows.length > 0 || gone.length > 0) this.#sorted = undefined;
    this.#skewMs = this.hello?.kind === 'stored' ? 0 : now - Date.now();
    this.#frameNow = now;
    this.isOver = isOver === true;
    this.version += 1;
  }

  #frameNow = 0;
  /** Since when nothing is heard of the run, by our clock. */
  #lostAt: number | undefined;

  /** By the run's clock; that of a stored run stands still, and so does one that nothing is heard of. */
  get now(): number {
    return this.hello?.kind === 'stored' ? this.#frameNow : (this.#lostAt ?? Date.now()) + this.#skewMs;
  }

  set isLost(isLost: boolean) {
    this.#lostAt = isLost ? (this.#lostAt ?? Date.now()) : undefined;
  }

  /** In the order of spawning. */
  get sorted(): readonly Row[] {
    this.#sorted ??= [...this.rows.values()].sort((a, b) => a.order - b.order);
    return this.#sorted;
  }

  /** Ids of those that wait for a slot, first in line first. */
  get queue(): string[] {
    return this.sorted.filter((row) => signOf(row) === 'queued').map(({ id }) => id);
  }
}

export function signOf({ state, activity, requests }: Row): Sign {
  if (requests.length > 0 && (state === 'running' || state === 'paused')) return 'asking';
  if (state === 'pending' && activity.type === 'waiting_for_control') return 'queued';
  return state;
}

export function hasEnded({ state }: Row): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

/** What a person would call it. */
export function titleOf({ description, agentType, id }: Row): string {
  return description || agentType || id;
}

function merged(known: Row['spans'], more: Row['spans']): Row['spans'] {
  if (more.length === 0) return known;
  const byNo = new Map(known.map((span) => [span.no, span]));
  for (const span of more) byNo.set(span.no, span);
  return [...byNo.values()].sort((a, b) => a.no - b.no).slice(-MAX_SPANS);
}
