/** What is kept of one subagent's events, and where it stands. */

import type { AgentEventType, SubAgentEvent } from './agent-event.js';
import { Ring } from './ring.js';

const DELTAS: ReadonlySet<AgentEventType> = new Set(['text_delta', 'reasoning_delta', 'tool_output_delta']);

export interface ChannelOptions {
  readonly parentId?: string;
  readonly epoch?: number;
  /** By epoch: `seq` of the last event that is known of each former life. */
  readonly formerLives?: readonly number[];
}

export class Channel {
  readonly id: string;
  readonly parentId: string | undefined;
  readonly epoch: number;
  readonly formerLives: readonly number[];
  /** Of the last event; 0 before the first. */
  seq = 0;
  /** Nothing more will be published. */
  closed = false;
  /** Closed, and every reader has been given all of it. */
  over = false;
  /** Offset of the newest event that is no longer kept; 0 while all are. */
  droppedOffset = 0;
  readonly #capacity: number;
  // Two rings, so that a long answer never pushes out life-cycle, turn and tool events; made when first needed.
  #deltas: Ring<SubAgentEvent> | undefined;
  #rest: Ring<SubAgentEvent> | undefined;

  constructor(id: string, capacity: number, { parentId, epoch = 0, formerLives = [] }: ChannelOptions) {
    this.id = id;
    this.#capacity = capacity;
    this.parentId = parentId;
    this.epoch = epoch;
    this.formerLives = formerLives;
  }

  get keptCount(): number {
    return (this.#deltas?.length ?? 0) + (this.#rest?.length ?? 0);
  }

  append(event: SubAgentEvent): void {
    const dropped = this.#ringOf(event.type).push(event);
    if (dropped !== undefined && dropped.offset > this.droppedOffset) this.droppedOffset = dropped.offset;
  }

  /** The kept events with offsets from `from` to `to`, both included, in order. */
  kept(from: number, to: number): SubAgentEvent[] {
    const events: SubAgentEvent[] = [];
    let d = indexOfOffset(this.#deltas, from);
    let r = indexOfOffset(this.#rest, from);
    for (;;) {
      const delta = this.#deltas?.at(d);
      const other = this.#rest?.at(r);
      const deltaFirst = delta !== undefined && (other === undefined || delta.offset < other.offset);
      const event = deltaFirst ? delta : other;
      if (event === undefined || event.offset > to) return events;
      events.push(event);
      if (deltaFirst) d++;
      else r++;
    }
  }

  /** `seq` of the newest kept event with an offset below `offset`; 0 where there is none. */
  lastSeqBefore(offset: number): number {
    const delta = this.#deltas?.at(indexOfOffset(this.#deltas, offset) - 1);
    const other = this.#rest?.at(indexOfOffset(this.#rest, offset) - 1);
    return Math.max(delta?.seq ?? 0, other?.seq ?? 0);
  }

  clear(): void {
    const newest = Math.max(
      this.#deltas?.at(this.#deltas.length - 1)?.offset ?? 0,
      this.#rest?.at(this.#rest.length - 1)?.offset ?? 0,
    );
    this.droppedOffset = Math.max(this.droppedOffset, newest);
    this.#deltas = undefined;
    this.#rest = undefined;
  }

  #ringOf(type: AgentEventType): Ring<SubAgentEvent> {
    if (DELTAS.has(type)) {
      this.#deltas ??= new Ring(this.#capacity);
      return this.#deltas;
    }
    this.#rest ??= new Ring(this.#capacity);
    return this.#rest;
  }
}

/** Index of the first event at or after `offset`; the length where there is none. */
function indexOfOffset(ring: Ring<SubAgentEvent> | undefined, offset: number): number {
  let low = 0;
  let high = ring?.length ?? 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ring?.at(middle)?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
