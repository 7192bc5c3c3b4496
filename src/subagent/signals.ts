/** Signals on their way to the chart: each is answered exactly once, and none brings a secret in. */

import type { ControlEvent } from '../../machines/index.js';
import type { Redact } from '../domain/redact.js';
import { redactValue } from '../domain/redact-value.js';

export interface SignalAnswer {
  readonly accepted: boolean;
  readonly reason?: string;
}

const ALREADY_ENDED: SignalAnswer = { accepted: false, reason: 'already_ended' };

export class Signals {
  readonly #deliver: (signal: ControlEvent) => void;
  readonly #redact: Redact;
  readonly #open = new Map<ControlEvent, (answer: SignalAnswer) => void>();
  /** Steered messages that held a secret, by what is left of them without it. */
  readonly #saidBehind = new Map<string, string>();

  constructor(deliver: (signal: ControlEvent) => void, redact: Redact) {
    this.#deliver = deliver;
    this.#redact = redact;
  }

  /** Resolves when the chart has taken or refused it. Never rejects. */
  send(signal: ControlEvent, hasEnded: boolean): Promise<SignalAnswer> {
    if (hasEnded) return Promise.resolve(ALREADY_ENDED);
    const harmless = this.harmless(signal);
    return new Promise((resolve) => {
      this.#open.set(harmless, resolve);
      this.#deliver(harmless);
    });
  }

  /** As the chart may be told it, which keeps what it is told: without secrets. */
  harmless<Event extends { readonly type: string }>(event: Event): Event {
    const harmless = redactValue(event, this.#redact);
    if (harmless !== event && isSteering(event) && isSteering(harmless)) {
      this.#saidBehind.set(harmless.message, event.message);
    }
    return harmless;
  }

  /** A steered message as the model is to see it. */
  asSaid(message: string): string {
    return this.#saidBehind.get(message) ?? message;
  }

  answer(signal: ControlEvent, answer: SignalAnswer): void {
    this.#open.get(signal)?.(answer);
    this.#open.delete(signal);
  }

  /** Those that were on their way when the subagent ended. */
  refuseAll(): void {
    for (const answer of this.#open.values()) answer(ALREADY_ENDED);
    this.#open.clear();
  }
}

interface Sendable<Event> {
  send: (event: Event) => void;
}

/**
 * Whoever has the actor may send to it: what comes is made harmless first. The actor of one that has ended is kept, so that nothing
 * of the subagent may stand in the scope of these functions.
 */
export function signalsTo<Event extends { readonly type: string }>(
  actor: Sendable<Event | ControlEvent>,
  redact: Redact,
): Signals {
  const { send } = actor; // bound, as XState v5 makes it
  const signals = new Signals((signal) => actor.send(signal), redact);
  actor.send = (event) => send(signals.harmless(event));
  return signals;
}

function isSteering(event: { readonly type: string }): event is Extract<ControlEvent, { type: 'STEER' }> {
  return event.type === 'STEER';
}
