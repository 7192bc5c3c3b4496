/** How control signals of other processes come in: checked, each once, also over a bus that goes and comes back. */

import type { Subscription } from 'rxjs';
import type { Clock } from '../domain/clock.js';
import { messageOf, TroupeError, toErrorInfo } from '../domain/errors.js';
import { RetryTimer } from '../domain/retry-timer.js';
import { type ControlMessage, parseControlMessage } from '../events/index.js';
import type { EventBus, StoredMessage } from './event-bus.js';
import { RecentIds } from './recent-ids.js';

const REMEMBERED_IDS = 1_000;

export interface ControlReceiverOptions {
  readonly bus: EventBus;
  readonly prefix: string;
  readonly clock: Clock;
  readonly onSignal: (id: string, signal: ControlMessage) => void;
  readonly onError: (error: TroupeError) => void;
}

export class ControlReceiver {
  readonly #options: ControlReceiverOptions;
  readonly #retry: RetryTimer;
  readonly #recent = new RecentIds(REMEMBERED_IDS);
  #subscription: Subscription | undefined;
  #lastSequence: number | undefined;
  #stopped = false;

  constructor(options: ControlReceiverOptions) {
    this.#options = options;
    this.#retry = new RetryTimer(options.clock, () => this.#subscribe());
    this.#subscribe();
  }

  stop(): void {
    this.#stopped = true;
    this.#retry.stop();
    this.#subscription?.unsubscribe();
  }

  #subscribe(): void {
    const { bus, prefix } = this.#options;
    // After a break: from the last one on, so that what was sent meanwhile is obeyed.
    const options = this.#lastSequence === undefined ? {} : { from: this.#lastSequence + 1 };
    try {
      this.#subscription = bus.messages$(`${prefix}.*.control`, options).subscribe({
        next: (message) => this.#take(message),
        error: (cause: unknown) => this.#failed(cause),
      });
      if (this.#stopped) this.#subscription.unsubscribe(); // by a signal that came at once
    } catch (cause) {
      this.#failed(cause);
    }
  }

  #take({ id: messageId, subject, data, sequence }: StoredMessage): void {
    if (this.#stopped) return;
    this.#retry.worked();
    this.#lastSequence = sequence;
    if (!this.#recent.add(messageId)) return;
    const { prefix, onSignal, onError } = this.#options;
    const id = subject.slice(`${prefix}.`.length, -'.control'.length);
    let signal: ControlMessage;
    try {
      signal = parseControlMessage(data);
    } catch (cause) {
      onError(new TroupeError('config_invalid', `ignored on ${subject}: ${messageOf(cause)}`, { cause }));
      return;
    }
    try {
      onSignal(id, signal);
    } catch (cause) {
      const { code } = toErrorInfo(cause);
      // A signal that cannot be obeyed is its sender's mistake.
      const what = code === 'bug' ? `${signal.signal} for ${id} threw` : `${signal.signal} ignored on ${subject}`;
      onError(new TroupeError(code, `${what}: ${messageOf(cause)}`, { cause }));
    }
  }

  #failed(cause: unknown): void {
    if (this.#stopped) return;
    const { onError } = this.#options;
    if (cause instanceof TroupeError && (cause.code === 'closed' || cause.code === 'config_invalid')) {
      onError(new TroupeError(cause.code, `control signals are not received any more: ${cause.message}`, { cause }));
      return;
    }
    if (!this.#retry.failing) {
      const message = `the bus is down, control signals wait: ${messageOf(cause)}`;
      onError(new TroupeError('bus_unavailable', message, { cause }));
    }
    this.#retry.failed();
  }
}
