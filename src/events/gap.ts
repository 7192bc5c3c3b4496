/** How readers are told of events that they will not get. */

import type { GapEvent, SubAgentEvent } from './agent-event.js';

/** A hole in a stream of all subagents. */
export function gapByOffset(fromOffset: number, toOffset: number, missed: number, time: number): GapEvent {
  return { type: 'gap', missed, fromOffset, toOffset, time, v: 1 };
}

/** A hole in the events of one subagent. */
export function gapBySeq(subagentId: string, fromSeq: number, toSeq: number, missed: number, time: number): GapEvent {
  return { type: 'gap', subagentId, missed, fromSeq, toSeq, time, v: 1 };
}

/** What a subagent told in a former life, of which nothing is kept. @param known `seq` of the last event that is known of. */
export function gapOfLife(subagentId: string, epoch: number, known: number, time: number): GapEvent {
  return { type: 'gap', subagentId, epoch, missed: known, fromSeq: 1, toSeq: known, time, v: 1 };
}

interface Loss {
  readonly subagentId: string;
  from: number;
  to: number;
  missed: number;
}

/** What a slow reader has lost since it last read: one gap, or one for each subagent where the stream counts by `seq`. */
export class Losses {
  readonly #bySeq: boolean;
  readonly #losses = new Map<string, Loss>();

  constructor(by: 'offset' | 'seq') {
    this.#bySeq = by === 'seq';
  }

  get isEmpty(): boolean {
    return this.#losses.size === 0;
  }

  /** Extends the gap that is there, to the range that holds all that were lost. */
  add({ subagentId, epoch, seq, offset }: SubAgentEvent): void {
    if (this.#bySeq) this.#extend(`${epoch}/${subagentId}`, { subagentId, from: seq, to: seq, missed: 1 });
    else this.#extend('', { subagentId: '', from: offset, to: offset, missed: 1 });
  }

  /** A gap that the reader has not been told yet, and that may grow. Only of streams that count by `offset`. */
  addGap({ fromOffset: from, toOffset: to, missed }: GapEvent): void {
    if (from !== undefined && to !== undefined) this.#extend('', { subagentId: '', from, to, missed });
  }

  /** The next gap to tell; it is forgotten here. */
  take(time: number): GapEvent | undefined {
    for (const [key, { subagentId, from, to, missed }] of this.#losses) {
      this.#losses.delete(key);
      return this.#bySeq ? gapBySeq(subagentId, from, to, missed, time) : gapByOffset(from, to, missed, time);
    }
    return undefined;
  }

  clear(): void {
    this.#losses.clear();
  }

  #extend(key: string, more: Loss): void {
    const loss = this.#losses.get(key);
    if (loss === undefined) {
      this.#losses.set(key, more);
    } else {
      loss.from = Math.min(loss.from, more.from);
      loss.to = Math.max(loss.to, more.to);
      loss.missed += more.missed;
    }
  }
}
