/** How one reader pulls events at its own pace: a bounded buffer behind an async iterator. */

import { type Clock, MAX_TIMER_MS } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import type { AgentEvent, SubAgentEvent } from './agent-event.js';
import { Losses } from './gap.js';
import { Ring } from './ring.js';

/**
 * Events of one subagent: from its first kept one, then live, then over. It is its own iterator: `recv` and `for await` take
 * from the same place, and leaving a loop ends it. Of a reader that is slower than its buffer the oldest unread live events
 * are dropped, told by one `gap`.
 */
export interface SubAgentEventStream extends AsyncIterable<AgentEvent> {
  /**
   * The next event; `null` when the stream is over; `undefined` when none came within `timeoutMs` (no limit by default;
   * 0 does not wait). Several calls at once are answered in order. Rejects with `config_invalid` for a `timeoutMs` that is no number.
   */
  recv(timeoutMs?: number): Promise<AgentEvent | null | undefined>;
}

export interface EventStreamOptions {
  readonly clock: Clock;
  /** Live events that may stay unread. */
  readonly bufferSize: number;
  /** What is given first; held whole, since it is bounded by what was kept. */
  readonly history: readonly AgentEvent[];
  /** Whether gaps count by `offset` or by each subagent's `seq`. */
  readonly gapsBy: 'offset' | 'seq';
  /** The reader has left, or is over: called once. */
  readonly onEnd: () => void;
}

type Waiter = (event: AgentEvent | null) => void;

export class EventStream implements SubAgentEventStream, AsyncIterableIterator<AgentEvent> {
  readonly #clock: Clock;
  readonly #history: AgentEvent[];
  readonly #losses: Losses;
  readonly #live: Ring<SubAgentEvent>;
  readonly #waiters = new Set<Waiter>();
  readonly #onEnd: () => void;
  #over = false;

  constructor({ clock, bufferSize, history, gapsBy, onEnd }: EventStreamOptions) {
    this.#clock = clock;
    this.#history = history.toReversed(); // taken from its end, so that each event is let go when read
    this.#losses = new Losses(gapsBy);
    this.#live = new Ring(bufferSize);
    this.#onEnd = onEnd;
    const last = history.at(-1);
    if (gapsBy === 'offset' && last?.type === 'gap' && last.fromOffset !== undefined) {
      this.#history.shift();
      this.#losses.addGap(last); // a loss that follows at once belongs to the same gap
    }
  }

  /** A live event, from the hub. */
  push(event: SubAgentEvent): void {
    if (this.#over) return;
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      waiter(event);
      return;
    }
    const dropped = this.#live.push(event);
    if (dropped !== undefined) this.#losses.add(dropped);
  }

  /** Nothing more will come; what is unread can still be read. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const waiter of this.#waiters) waiter(null);
    this.#waiters.clear();
    this.#onEnd();
  }

  /** The reader wants no more: what is unread goes. */
  leave(): void {
    this.end();
    this.#history.length = 0;
    this.#losses.clear();
    this.#live.clear();
  }

  async recv(timeoutMs = Number.POSITIVE_INFINITY): Promise<AgentEvent | null | undefined> {
    if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) {
      throw new TroupeError('config_invalid', 'recv: timeoutMs must be a number of ms');
    }
    const event = this.#take();
    if (event !== undefined) return event;
    if (this.#over) return null;
    if (timeoutMs <= 0) return undefined;
    return this.#wait(timeoutMs);
  }

  async next(): Promise<IteratorResult<AgentEvent, undefined>> {
    const event = await this.recv();
    return event ? { done: false, value: event } : { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<AgentEvent, undefined>> {
    this.leave();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): AgentEvent | undefined {
    return this.#history.pop() ?? this.#losses.take(this.#clock.now()) ?? this.#live.shift();
  }

  #wait(timeoutMs: number): Promise<AgentEvent | null | undefined> {
    return new Promise((resolve) => {
      if (timeoutMs === Number.POSITIVE_INFINITY) {
        this.#waiters.add(resolve);
        return;
      }
      const waiter: Waiter = (event) => {
        this.#clock.clearTimeout(timer);
        resolve(event);
      };
      const expire = () => {
        this.#waiters.delete(waiter); // else it would swallow a later event
        resolve(undefined);
      };
      const timer = this.#clock.setTimeout(expire, Math.min(MAX_TIMER_MS, timeoutMs));
      this.#waiters.add(waiter);
    });
  }
}
