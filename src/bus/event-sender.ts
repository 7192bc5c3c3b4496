/** How events leave for a bus that may be slow or down: in order for each subagent, bounded, with a gap for what was lost. */

import type { Clock } from '../domain/clock.js';
import { familyOf, messageOf, TroupeError } from '../domain/errors.js';
import { RetryTimer } from '../domain/retry-timer.js';
import { type GapEvent, Losses, type SubAgentEvent } from '../events/index.js';
import type { BusMessage, EventBus } from './event-bus.js';

/** Messages on their way at once, at most one of each subagent. */
const MAX_IN_FLIGHT = 64;

export interface EventSenderOptions {
  readonly bus: EventBus;
  readonly prefix: string;
  readonly clock: Clock;
  /** Unique to this run: the first half of each message id. */
  readonly source: string;
  /** Events that may wait. */
  readonly bufferSize: number;
  readonly onError: (error: TroupeError) => void;
}

export class EventSender {
  readonly #options: EventSenderOptions;
  readonly #retry: RetryTimer;
  /** All that the bus has not taken, by offset, so the oldest first; also what is in flight. */
  readonly #waiting = new Map<number, SubAgentEvent>();
  /** The same for each subagent: its first one is next. */
  readonly #lanes = new Map<string, Map<number, SubAgentEvent>>();
  /** Subagents with something that may be sent. */
  readonly #ready = new Set<string>();
  readonly #inFlight = new Set<number>();
  /** Told by the range that holds them and their number: what was on its way may have arrived in between. */
  readonly #losses = new Losses('offset');
  /** Being told: kept as it is until the bus has it, since it may have it already. */
  #gap: GapEvent | undefined;
  #gapInFlight = false;
  #stopped = false;
  #onIdle: (() => void) | undefined;

  constructor(options: EventSenderOptions) {
    this.#options = options;
    this.#retry = new RetryTimer(options.clock, () => this.#send());
  }

  add(event: SubAgentEvent): void {
    if (this.#stopped) return;
    const { subagentId: id, offset } = event;
    this.#waiting.set(offset, event);
    const lane = this.#lanes.get(id);
    if (lane === undefined) {
      this.#lanes.set(id, new Map([[offset, event]]));
      this.#ready.add(id);
    } else {
      lane.set(offset, event);
    }
    this.#send();
    this.#dropOverflow();
  }

  /** Sends what waits, for at most `timeoutMs`, then stops. What is left is reported as `bus_unavailable`. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.#retry.waiting) {
      this.#retry.stop();
      this.#send();
    }
    if (!this.#idle()) {
      const { clock } = this.#options;
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, timeoutMs);
        this.#onIdle = () => {
          clock.clearTimeout(timer);
          resolve();
        };
      });
    }
    const left = this.#waiting.size;
    const done = this.#idle();
    this.#stop();
    if (!done) this.#report(`closed before all was sent: ${left} events were left behind`, undefined);
  }

  #send(): void {
    if (this.#stopped || this.#retry.waiting) return;
    const room = () => this.#inFlight.size + Number(this.#gapInFlight) < (this.#retry.failing ? 1 : MAX_IN_FLIGHT);
    if (room() && !this.#gapInFlight) this.#sendGap();
    for (const id of this.#ready) {
      if (!room()) return;
      this.#ready.delete(id);
      for (const event of this.#lanes.get(id)?.values() ?? []) {
        void this.#sendEvent(event); // never rejects
        break;
      }
    }
    if (this.#idle()) this.#onIdle?.();
  }

  async #sendEvent(event: SubAgentEvent): Promise<void> {
    const { prefix, source } = this.#options;
    const { subagentId: id, type, offset } = event;
    this.#inFlight.add(offset);
    const result = await this.#publish({ id: `${source}:${offset}`, subject: `${prefix}.${id}.${type}`, data: event });
    if (this.#stopped) return;
    this.#inFlight.delete(offset);
    if (result !== 'failed') this.#remove(event);
    if (result === 'refused') this.#losses.add(event);
    if (this.#lanes.has(id)) this.#ready.add(id);
    if (result === 'failed') this.#dropOverflow();
    this.#send();
  }

  #sendGap(): void {
    this.#gap ??= this.#losses.take(this.#options.clock.now());
    if (this.#gap !== undefined) void this.#publishGap(this.#gap); // never rejects
  }

  async #publishGap(gap: GapEvent): Promise<void> {
    const { prefix, source } = this.#options;
    this.#gapInFlight = true;
    const id = `${source}:gap:${gap.fromOffset}-${gap.toOffset}`;
    const result = await this.#publish({ id, subject: `${prefix}.orchestrator.gap`, data: gap });
    this.#gapInFlight = false;
    if (result !== 'failed') this.#gap = undefined;
    this.#send();
  }

  /** `refused`: this message can never be sent. */
  async #publish(message: BusMessage): Promise<'taken' | 'failed' | 'refused'> {
    try {
      await this.#options.bus.publish(message);
    } catch (cause) {
      if (this.#stopped) return 'failed';
      if (cause instanceof TroupeError && cause.code === 'closed') {
        this.#report('the bus was closed; events are not sent any more', cause);
        this.#stop();
      } else if (cause instanceof TroupeError && familyOf(cause.code) !== 'try_again') {
        this.#report(`the bus refused ${message.subject}: ${cause.message}`, cause);
        return 'refused';
      } else {
        if (!this.#retry.failing) this.#report(`the bus is down, events wait: ${messageOf(cause)}`, cause);
        this.#retry.failed();
      }
      return 'failed';
    }
    this.#retry.worked();
    return 'taken';
  }

  #dropOverflow(): void {
    const excess = this.#waiting.size - this.#inFlight.size - this.#options.bufferSize;
    if (excess <= 0) return;
    let left = excess;
    for (const event of this.#waiting.values()) {
      if (this.#inFlight.has(event.offset)) continue;
      this.#remove(event);
      this.#losses.add(event);
      if (--left === 0) break;
    }
    this.#send();
  }

  #remove({ subagentId: id, offset }: SubAgentEvent): void {
    this.#waiting.delete(offset);
    const lane = this.#lanes.get(id);
    if (lane?.delete(offset) && lane.size === 0) {
      this.#lanes.delete(id);
      this.#ready.delete(id);
    }
  }

  #idle(): boolean {
    return this.#stopped || (this.#waiting.size === 0 && this.#losses.isEmpty && this.#gap === undefined);
  }

  #stop(): void {
    this.#stopped = true;
    this.#retry.stop();
    this.#waiting.clear();
    this.#lanes.clear();
    this.#ready.clear();
    this.#inFlight.clear();
    this.#losses.clear();
    this.#gap = undefined;
    this.#onIdle?.();
  }

  #report(message: string, cause: unknown): void {
    this.#options.onError(new TroupeError('bus_unavailable', message, cause === undefined ? {} : { cause }));
  }
}
