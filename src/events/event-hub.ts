/** Where all events of an orchestrator pass: stamped, kept for late readers, delivered in one order. */

import { Observable, type Subscriber } from 'rxjs';
import type { Clock } from '../domain/clock.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { AgentEvent, AgentEventBody, SubAgentEvent } from './agent-event.js';
import { Channel, type ChannelOptions } from './channel.js';
import { EventStream, type SubAgentEventStream } from './event-stream.js';
import { historyOf, historyOfAll } from './history.js';
import { Outbox } from './outbox.js';
import { type Reader, ReaderIndex, type Scope } from './reader-index.js';
import { reportUnhandled } from './report.js';
import { sealedEvent } from './sealed.js';

export interface EventHubOptions {
  readonly clock: Clock;
  /** Events kept for each subagent, and as many deltas again; also what a slow iterable reader may leave unread. */
  readonly bufferSize: number;
  /** Told of what a reader's teardown throws; without it RxJS reports it, as it does what a subscriber throws. */
  readonly onError?: (error: TroupeError) => void;
}

export interface EventFilter {
  /** First offset wanted of what is kept; without it live from the moment of the call. */
  readonly from?: number;
  /** Only these subagents, known yet or not. */
  readonly ids?: readonly string[];
  /** Only these types; gaps pass. */
  readonly types?: readonly string[];
  /** Ends the iteration; what is unread goes. */
  readonly signal?: AbortSignal;
}

/** How full a hub is: for monitors and tests. */
export interface EventHubStats {
  readonly channels: number;
  readonly kept: number;
  readonly readers: number;
  /** Subagents that are read one by one. */
  readonly watched: number;
  readonly undelivered: number;
  /** Times that a reader was looked at for an event, since the start. */
  readonly deliveries: number;
}

/** Forgotten subagents of which it is still known what is lost: later readers are told. */
const MAX_FORGOTTEN = 1_000;

type Item = SubAgentEvent | { readonly type: '#closed'; readonly channel: Channel } | { readonly type: '#ended' };

/**
 * A publish stamps, keeps and queues; delivery is always in a microtask after it. So no reader runs inside the publisher, an event
 * published by a reader comes after those before it, and all readers see one order. Live readers get what was not yet
 * delivered when they came. The cost of an event grows with the readers of its subagent and of all subagents, not with those of others.
 */
export class EventHub {
  /** Events of all subagents, from now on; completes after `end()`. */
  readonly live$: Observable<AgentEvent> = new Observable((subscriber) => this.#observe(subscriber, {}));
  readonly #clock: Clock;
  readonly #bufferSize: number;
  readonly #onError: ((error: TroupeError) => void) | undefined;
  readonly #channels = new Map<string, Channel>();
  /** Empty, oldest first. */
  readonly #forgotten = new Map<string, Channel>();
  /** What was told of those whose own channel is closed, in an epoch of its own. */
  readonly #afterwards = new Map<string, Channel>();
  readonly #readers = new ReaderIndex((cause) => this.#report(cause));
  readonly #outbox = new Outbox<Item>((item) => this.#deliver(item));
  #lastOffset = 0;
  #delivered = 0;
  #ended = false;
  #over = false;

  constructor({ clock, bufferSize, onError }: EventHubOptions) {
    this.#clock = clock;
    this.#bufferSize = bufferSize;
    this.#onError = onError;
  }

  get lastOffset(): number {
    return this.#lastOffset;
  }

  /** `seq` of its last event; 0 before the first. */
  lastSeqOf(id: string): number {
    return this.#channels.get(id)?.seq ?? 0;
  }

  /** Opens a subagent's channel; a closed one of the same id is forgotten. @throws TroupeError `bug` when it is open. */
  open(id: string, options: ChannelOptions = {}): void {
    const former = this.#channels.get(id);
    if (former !== undefined && !former.closed) {
      throw new TroupeError('bug', `events of ${id} are already open; close them before opening them again`);
    }
    this.#channels.set(id, new Channel(id, this.#bufferSize, options));
    this.#forgotten.delete(id);
    this.#afterwards.delete(id);
  }

  /**
   * Dropped when the id is unknown or closed, or the hub has ended. Fields that an event of its type does not have are left out; what is
   * nested is copied. Events are frozen.
   */
  publish(id: string, body: AgentEventBody): void {
    const channel = this.#channels.get(id);
    if (channel === undefined || channel.closed || this.#ended) return;
    this.#append(channel, body);
  }

  /**
   * An event about one that lives no more, or not here: it does not follow the last event of its life, but begins an epoch. What is
   * kept of that life stays, and so do streams of it alone, which have ended.
   */
  publishAfterwards(id: string, body: AgentEventBody): void {
    const own = this.#channels.get(id);
    if (own !== undefined && !own.closed) this.publish(id, body);
    else if (!this.#ended) this.#append(this.#afterwardsOf(id, own), body);
  }

  #afterwardsOf(id: string, own: Channel | undefined): Channel {
    let channel = this.#afterwards.get(id);
    if (channel === undefined) {
      channel = new Channel(id, this.#bufferSize, own === undefined ? {} : { epoch: own.epoch + 1 });
      channel.closed = true;
      channel.over = true;
      this.#afterwards.set(id, channel);
    }
    return channel;
  }

  #append(channel: Channel, body: AgentEventBody): void {
    channel.seq += 1;
    this.#lastOffset += 1;
    const event = sealedEvent(channel, this.#lastOffset, this.#clock.now(), body);
    channel.append(event);
    this.#outbox.push(event);
  }

  /** Nothing more will be published for it: its streams complete once all is delivered; what is kept stays. */
  close(id: string): void {
    const channel = this.#channels.get(id);
    if (channel === undefined || channel.closed) return;
    channel.closed = true;
    this.#outbox.push({ type: '#closed', channel });
  }

  /** Closes it and drops what is kept. Live readers still get what is on its way; later ones get a gap. */
  forget(id: string): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    this.close(id);
    channel.clear();
    this.#channels.delete(id);
    this.#afterwards.delete(id);
    this.#forgotten.delete(id);
    this.#forgotten.set(id, channel);
    for (const oldest of this.#forgotten.keys()) {
      if (this.#forgotten.size <= MAX_FORGOTTEN) break;
      this.#forgotten.delete(oldest);
    }
  }

  /** All streams complete after what is on its way; what is kept can still be replayed. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outbox.push({ type: '#ended' });
  }

  /** What is kept from that offset, then live. @throws TroupeError `config_invalid` for what is no positive integer. */
  replay$(fromOffset = 1): Observable<AgentEvent> {
    const from = checkOffset(fromOffset);
    return new Observable((subscriber) => this.#observe(subscriber, { from }));
  }

  /** Live; completes after the last event of a closed subagent, at once for an unknown one. */
  liveOf(id: string): Observable<AgentEvent> {
    return this.#observableOf(id, {});
  }

  /**
   * From its first kept event, then live; completes after the last event of a closed subagent, at once for an unknown one. A gap
   * stands for what is kept no more, also of one that was forgotten, and one for each former life.
   */
  replayOf(id: string): Observable<AgentEvent> {
    return this.#observableOf(id, { from: 1 });
  }

  /**
   * Reads from the moment of the call, so iterate or abort what you asked for: until then up to `bufferSize` live events wait.
   * Ends after `end()`, not with a subagent. @throws TroupeError `config_invalid` for a `from` that is no positive integer.
   */
  events({ from, ids, types, signal }: EventFilter = {}): AsyncIterable<AgentEvent> {
    const scope: Scope = {
      ...(ids === undefined ? {} : { ids: [...new Set(ids)] }),
      ...(from === undefined ? {} : { from: checkOffset(from) }),
    };
    return this.#read(scope, types && new Set(types), signal);
  }

  /** Like `replayOf`. */
  streamOf(id: string): SubAgentEventStream {
    const channel = this.#channelOf(id);
    if (channel !== undefined) return this.#read({ ids: [id], channel, from: 1 });
    const nothing = this.#stream([], 'seq', () => {});
    nothing.end();
    return nothing;
  }

  stats(): EventHubStats {
    let kept = 0;
    for (const channel of [...this.#channels.values(), ...this.#afterwards.values()]) kept += channel.keptCount;
    return {
      channels: this.#channels.size,
      kept,
      readers: this.#readers.size,
      watched: this.#readers.watched,
      undelivered: this.#outbox.length,
      deliveries: this.#readers.deliveries,
    };
  }

  #channelOf(id: string): Channel | undefined {
    return this.#channels.get(id) ?? this.#forgotten.get(id);
  }

  #observableOf(id: string, { from }: Scope): Observable<AgentEvent> {
    return new Observable((subscriber) => {
      const channel = this.#channelOf(id);
      if (channel === undefined) return subscriber.complete();
      return this.#observe(subscriber, { ids: [id], channel, ...(from === undefined ? {} : { from }) });
    });
  }

  #observe(subscriber: Subscriber<AgentEvent>, scope: Scope): (() => void) | undefined {
    const cursor = this.#cursorOf(scope);
    for (const event of this.#historyOf(scope)) {
      if (subscriber.closed) return undefined;
      subscriber.next(event); // what this one publishes is delivered later, and is at or after the cursor
    }
    if (subscriber.closed) return undefined;
    const reader: Reader = {
      scope,
      cursor,
      next: (event) => subscriber.next(event),
      complete: () => subscriber.complete(),
    };
    this.#attach(reader);
    return () => this.#readers.remove(reader);
  }

  #read(scope: Scope, types?: ReadonlySet<string>, signal?: AbortSignal): EventStream {
    const wanted = ({ type }: AgentEvent) => types === undefined || type === 'gap' || types.has(type);
    const gapsBy = scope.ids === undefined ? 'offset' : 'seq';
    const leave = () => stream.leave();
    const stream = this.#stream(this.#historyOf(scope).filter(wanted), gapsBy, () => {
      signal?.removeEventListener('abort', leave);
      this.#readers.remove(reader);
    });
    const reader: Reader = {
      scope,
      cursor: this.#cursorOf(scope),
      next: (event) => {
        if (wanted(event)) stream.push(event);
      },
      complete: () => stream.end(),
    };
    if (signal?.aborted) {
      stream.leave();
    } else {
      signal?.addEventListener('abort', leave, { once: true });
      this.#attach(reader);
    }
    return stream;
  }

  #stream(history: readonly AgentEvent[], gapsBy: 'offset' | 'seq', onEnd: () => void): EventStream {
    return new EventStream({ clock: this.#clock, bufferSize: this.#bufferSize, history, gapsBy, onEnd });
  }

  #cursorOf({ from }: Scope): number {
    return from === undefined ? this.#delivered + 1 : Math.max(from, this.#lastOffset + 1);
  }

  #historyOf({ ids, channel, from }: Scope): AgentEvent[] {
    if (from === undefined) return [];
    const request = {
      from,
      delivered: this.#delivered,
      waiting: () => this.#outbox.waiting().filter(isEvent),
      time: this.#clock.now(),
    };
    if (channel !== undefined) return historyOf([channel], request);
    if (ids === undefined) return historyOfAll([...this.#channels.values(), ...this.#afterwards.values()], request);
    return historyOf(
      ids.flatMap((id) => [this.#channelOf(id) ?? [], this.#afterwards.get(id) ?? []].flat()),
      request,
    );
  }

  #attach(reader: Reader): void {
    if (this.#over || reader.scope.channel?.over) reader.complete();
    else this.#readers.add(reader);
  }

  #deliver(item: Item): void {
    switch (item.type) {
      case '#closed':
        item.channel.over = true;
        this.#readers.completeOf(item.channel);
        break;
      case '#ended':
        this.#over = true;
        this.#readers.completeAll();
        break;
      default:
        this.#delivered = item.offset;
        this.#readers.deliver(item);
    }
  }

  /** RxJS reports what a subscriber throws by itself; what comes out here was thrown while one was torn down. */
  #report(cause: unknown): void {
    try {
      if (this.#onError === undefined) throw cause;
      this.#onError(new TroupeError('bug', `a reader of events threw while it ended: ${messageOf(cause)}`, { cause }));
    } catch (unhandled) {
      reportUnhandled(unhandled);
    }
  }
}

function isEvent(item: Item): item is SubAgentEvent {
  return item.type !== '#closed' && item.type !== '#ended';
}

function checkOffset(from: number): number {
  if (Number.isSafeInteger(from) && from > 0) return from;
  throw new TroupeError(
    'config_invalid',
    `from: expected an offset, a whole number from 1 on; got ${typeof from === 'number' ? from : `a ${typeof from}`}`,
  );
}
