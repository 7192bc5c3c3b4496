/** What the hub should do, said in the plainest way: lists instead of rings, and a check of what a reader got. */

import { expect } from 'vitest';
import type { AgentEvent, GapEvent } from '../../src/events/index.js';

export interface Logged {
  readonly id: string;
  readonly seq: number;
  readonly offset: number;
  readonly type: string;
}

export interface Wish {
  /** All subagents where absent. */
  readonly ids?: readonly string[];
  /** The reader is over with its one subagent. */
  readonly bound?: boolean;
  readonly from?: number;
  readonly types?: readonly string[];
}

/** What one reader must get. */
export interface Expected {
  readonly wish: Wish;
  readonly history: readonly Logged[];
  readonly lost: readonly Logged[];
  readonly cursor: number;
  /** Last offset that it could get: when it left. */
  until: number;
  readonly unknown: boolean;
  /** Asked by id from the middle, of events that a ring has dropped: where they began is not known, so a gap may tell more. */
  readonly vague: boolean;
}

export class HubModel {
  readonly log: Logged[] = [];
  /** Last offset that readers have been given. */
  delivered = 0;
  /** While an event is delivered: its offset. */
  inside: number | undefined;
  readonly #bufferSize: number;
  readonly #opened = new Set<string>();
  readonly #channels = new Map<string, { kept: Logged[]; closed: boolean; over: boolean; seq: number }>();

  constructor(bufferSize: number) {
    this.#bufferSize = bufferSize;
  }

  open(id: string): void {
    this.#opened.add(id);
    this.#channels.set(id, { kept: [], closed: false, over: false, seq: 0 });
  }

  isOpenable(id: string): boolean {
    return !this.#opened.has(id);
  }

  publish(id: string, type: string): void {
    const channel = this.#channels.get(id);
    if (channel === undefined || channel.closed) return;
    const event = { id, type, seq: ++channel.seq, offset: this.log.length + 1 };
    this.log.push(event);
    const alike = (other: Logged) => (other.type === 'text_delta') === (type === 'text_delta');
    const rest = channel.kept.filter((other) => !alike(other));
    const own = [...channel.kept.filter(alike), event].slice(-this.#bufferSize);
    channel.kept = [...rest, ...own];
  }

  close(id: string): void {
    const channel = this.#channels.get(id);
    if (channel !== undefined) channel.closed = true;
  }

  forget(id: string): void {
    this.#channels.delete(id);
  }

  flushed(): void {
    this.delivered = this.log.length;
    for (const channel of this.#channels.values()) channel.over = channel.closed;
  }

  isOver(id: string): boolean {
    return this.#channels.get(id)?.over ?? true;
  }

  expectFor(wish: Wish): Expected {
    const { ids, from, bound = false } = wish;
    const unknown = bound && ids?.every((id) => !this.#opened.has(id)) === true;
    const expected = {
      wish,
      unknown,
      vague: false,
      history: [],
      lost: [],
      until: unknown ? 0 : Number.POSITIVE_INFINITY,
    };
    if (unknown || from === undefined) return { ...expected, cursor: this.delivered + 1 };
    const asked = this.log.filter((event) => event.offset >= from && inScope(wish, event));
    const isInRing = (event: Logged) => this.#channels.get(event.id)?.kept.includes(event) === true;
    const isKept = (event: Logged) => event.offset > this.delivered || isInRing(event);
    return {
      ...expected,
      history: asked.filter(isKept),
      lost: asked.filter((event) => !isKept(event)),
      cursor: Math.max(from, this.log.length + 1),
      vague: ids !== undefined && from > 1 && asked.some((event) => !isInRing(event)),
    };
  }

  /** All that the reader should be given, but for what it was too slow for. */
  eventsFor({ wish, history, cursor, until }: Expected): Logged[] {
    const live = this.log.filter(({ offset }) => offset >= cursor && offset <= until);
    return [...history, ...live].filter((event) => inScope(wish, event) && isWanted(wish, event));
  }

  /** @param left the reader left by itself, with events unread. */
  check(expected: Expected, got: readonly AgentEvent[], { mayLag, left }: { mayLag: boolean; left: boolean }): void {
    const gaps = got.filter((event): event is GapEvent => event.type === 'gap');
    const gotOffsets = got.flatMap((event) => (event.type === 'gap' ? [] : [event.offset]));
    const due = this.eventsFor(expected);
    const dueOffsets = due.map(({ offset }) => offset);
    if (!mayLag) expect(gotOffsets).toEqual(dueOffsets);
    expect(dueOffsets).toEqual(expect.arrayContaining(gotOffsets));
    this.#checkOrder(got);

    const received = this.log.filter(({ offset }) => gotOffsets.includes(offset));
    for (const event of received) expect(gaps.filter((gap) => covers(gap, event))).toEqual([]);
    if (left) return;
    const lost = [...expected.lost, ...due.filter(({ offset }) => !gotOffsets.includes(offset))];
    for (const event of lost) expect(gaps.filter((gap) => covers(gap, event))).toHaveLength(1);
    const told = gaps.reduce((sum, { missed }) => sum + missed, 0);
    if (expected.vague) expect(told).toBeGreaterThanOrEqual(lost.length);
    else expect(told).toBe(lost.length);
  }

  /** Events and gaps come in ascending order: by offset for events, each gap where its events would have been. */
  #checkOrder(got: readonly AgentEvent[]): void {
    let lastOffset = 0;
    const lastSeq = new Map<string, number>();
    for (const event of got) {
      if (event.type !== 'gap') {
        expect(event.offset).toBeGreaterThan(lastOffset);
        expect(event.seq).toBeGreaterThan(lastSeq.get(event.subagentId) ?? 0);
        lastOffset = event.offset;
        lastSeq.set(event.subagentId, event.seq);
      } else if (event.fromOffset !== undefined && event.toOffset !== undefined) {
        expect(event.fromOffset).toBeGreaterThan(lastOffset);
        lastOffset = event.toOffset;
      } else if (event.subagentId !== undefined) {
        expect(event.fromSeq).toBeGreaterThan(lastSeq.get(event.subagentId) ?? 0);
        lastSeq.set(event.subagentId, event.toSeq ?? 0);
      }
    }
  }
}

function inScope({ ids }: Wish, { id }: Logged): boolean {
  return ids === undefined || ids.includes(id);
}

function isWanted({ types }: Wish, { type }: Logged): boolean {
  return types === undefined || types.includes(type);
}

function covers({ subagentId, fromSeq, toSeq, fromOffset, toOffset }: GapEvent, event: Logged): boolean {
  if (fromOffset !== undefined && toOffset !== undefined) return event.offset >= fromOffset && event.offset <= toOffset;
  return subagentId === event.id && event.seq >= (fromSeq ?? 0) && event.seq <= (toSeq ?? 0);
}
