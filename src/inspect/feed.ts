/** From what XState tells to messages, at the pace of who takes them: what nobody takes costs next to nothing. */

import type { InspectionEvent, Observer } from 'xstate';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { Tidying } from './harmless.js';
import { observe, retell } from './observed.js';
import { Outgoing } from './outgoing.js';
import { type StatelyInspectionEvent, statelyObserver } from './stately.js';
import { prefixed, type WireMessage } from './wire-message.js';

/** What has happened and was not sent yet. */
const MAX_WAITING = 10_000;
/** A message is made a moment after it is asked for; more than these at once would hold up the program. */
const MAX_IN_THE_MAKING = 50;

/** Where messages go. */
export interface Sink {
  /** Somebody is there, and can take more. */
  readonly hasRoom: boolean;
  send(message: WireMessage): void;
}

export interface FeedOptions extends Tidying {
  /** Before each session id. */
  readonly prefix: string;
  readonly onError: (error: TroupeError) => void;
  /** Tells of an actor again before so many messages have passed since; by default never. */
  readonly repeatAfter?: number;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #outgoing: Outgoing;
  #make: Observer<InspectionEvent> = {};
  #sink: Sink | undefined;
  #makingCount = 0;
  /** Of those in the making: meant for somebody who is gone. */
  #staleCount = 0;
  #onIdle: (() => void) | undefined;
  #isStopped = false;
  /** What has happened in this tick is told in the next: then its actors are complete. */
  #scheduled: NodeJS.Immediate | undefined;

  private constructor(options: FeedOptions) {
    this.#options = options;
    this.#outgoing = new Outgoing({ maxWaiting: MAX_WAITING, repeatAfter: options.repeatAfter });
  }

  /** @throws TroupeError `config_invalid` where `@statelyai/inspect` is not installed. */
  static async create(options: FeedOptions): Promise<Feed> {
    const feed = new Feed(options);
    feed.#make = await statelyObserver((message) => feed.#made(message));
    return feed;
  }

  /** Nothing waits, or there is nobody to take it. */
  get isIdle(): boolean {
    return this.#makingCount === 0 && (this.#outgoing.isEmpty || this.#sink?.hasRoom !== true);
  }

  add(event: InspectionEvent): void {
    const observed = this.#isStopped ? undefined : observe(event);
    if (!observed) return;
    this.#outgoing.add(observed);
    if (this.#scheduled || !this.#sink?.hasRoom) return;
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined;
      this.pump();
    });
  }

  /** Somebody is there who has heard nothing yet. */
  begin(sink: Sink): void {
    this.#sink = sink;
    this.#staleCount = this.#makingCount;
    this.#outgoing.begin();
    this.pump();
  }

  /** Nobody is there any more. */
  end(): void {
    this.#sink = undefined;
    this.#outgoing.end();
    this.#onIdle?.();
  }

  /** From now on it takes nothing down. */
  stop(): void {
    this.#isStopped = true;
    this.end();
  }

  /** Makes messages for as long as there is room. */
  pump(): void {
    while (this.#sink?.hasRoom && this.#makingCount < MAX_IN_THE_MAKING) {
      const next = this.#outgoing.next();
      if (!next) break;
      this.#safely(() => {
        const event = retell(next, this.#options);
        this.#makingCount += 1;
        this.#make.next?.(event);
      });
    }
    if (this.isIdle) this.#onIdle?.();
  }

  /** Resolves when nothing waits any more for somebody who is there. */
  async idle(): Promise<void> {
    if (this.isIdle) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #made(message: StatelyInspectionEvent): void {
    this.#makingCount -= 1;
    if (this.#staleCount > 0) this.#staleCount -= 1;
    else this.#safely(() => this.#sink?.send(prefixed(message, this.#options.prefix)));
    this.pump();
  }

  /** What fails here is nobody's fault who does the work. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const { onError } = this.#options;
      onError(new TroupeError('bug', `an inspection event was not sent: ${messageOf(cause)}`, { cause }));
    }
  }
}
