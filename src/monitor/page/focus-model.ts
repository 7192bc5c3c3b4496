/** What the page knows of the chosen subagent: its events, and what follows from them. */

import type { FocusEvent, FocusPart } from '../protocol.js';
import { ChartPath } from './chart-path.js';
import { Transcript } from './transcript.js';

/** Events that the page holds. */
const MAX_EVENTS = 50_000;

export class FocusModel {
  readonly id: string;
  events: FocusEvent[] = [];
  transcript = new Transcript();
  path = new ChartPath();
  /** Counts what changed. */
  version = 0;
  /** Events that were let go again. */
  dropped = 0;

  constructor(id: string) {
    this.id = id;
  }

  apply({ events, reset, upTo }: FocusPart): void {
    this.version += 1;
    if (reset) this.#begin([]);
    else if (upTo !== undefined)
      this.#begin(this.events.filter((event) => event.type === 'gap' || event.offset <= upTo));
    for (const event of events) this.#take(event);
    if (this.events.length <= MAX_EVENTS) return;
    const count = this.events.length - MAX_EVENTS * 0.8; // now and then many
    this.events.splice(0, count);
    this.dropped += count;
  }

  #begin(events: readonly FocusEvent[]): void {
    this.events = [];
    this.transcript = new Transcript();
    this.path = new ChartPath();
    for (const event of events) this.#take(event);
  }

  #take(event: FocusEvent): void {
    this.events.push(event);
    this.transcript.apply(event);
    this.path.apply(event);
  }
}
