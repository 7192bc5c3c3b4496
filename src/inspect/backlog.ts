/** What there is to tell those who listen later: the newest messages, and before them the actors that live, as they were then. */

import { tellsOfEnd, type WireMessage } from './wire-message.js';

interface Kept {
  readonly message: WireMessage;
  readonly text: string;
}

interface Known {
  /** Its `@xstate.actor`. */
  readonly actor: WireMessage;
  /** As it was seen last. */
  snapshot: WireMessage['snapshot'];
}

export interface BacklogLimits {
  /** Messages. */
  readonly maxCount: number;
  /** Of all messages as text. */
  readonly maxCharacters: number;
}

/** Bounded: what is too old is taken out, and lives on in what is known of its actor. */
export class Backlog {
  readonly #limits: BacklogLimits;
  #kept: Kept[] = [];
  /** Where the oldest stands in `#kept`: what is before it was taken. */
  #first = 0;
  #characters = 0;
  /** By session id, in the order of their registration: those that lived when the oldest kept message was told. */
  readonly #known = new Map<string, Known>();

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#first === this.#kept.length;
  }

  add(message: WireMessage, text: string): void {
    this.#kept.push({ message, text });
    this.#characters += text.length;
    const { maxCount, maxCharacters } = this.#limits;
    while (this.#kept.length - this.#first > maxCount || this.#characters > maxCharacters) {
      if (this.take() === undefined) break;
    }
  }

  /** The oldest one, as text; it is over, and known. */
  take(): string | undefined {
    const oldest = this.#kept[this.#first];
    if (!oldest) return undefined;
    this.#first += 1;
    if (this.#first > 1_000 && this.#first * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
    this.#characters -= oldest.text.length;
    this.#learn(oldest.message);
    return oldest.text;
  }

  /** What somebody must be told who has heard nothing of what was taken, as texts. */
  known(): string[] {
    return [...this.#known.values()].map(textOf);
  }

  /** The same of one actor; undefined when it has ended. */
  knownOf(sessionId: string): string | undefined {
    const known = this.#known.get(sessionId);
    return known && textOf(known);
  }

  /** What is kept, oldest first, as texts. */
  kept(): string[] {
    return this.#kept.slice(this.#first).map(({ text }) => text);
  }

  /** Who told of them is gone. */
  forget(sessionIds: ReadonlySet<string>): void {
    for (const id of sessionIds) this.#known.delete(id);
    this.#kept = this.#kept.slice(this.#first).filter(({ message, text }) => {
      const isTheirs = sessionIds.has(message.sessionId);
      if (isTheirs) this.#characters -= text.length;
      return !isTheirs;
    });
    this.#first = 0;
  }

  #learn(message: WireMessage): void {
    const { type, sessionId, snapshot } = message;
    if (type === '@xstate.actor') {
      this.#known.set(sessionId, { actor: message, snapshot });
      return;
    }
    const known = this.#known.get(sessionId);
    if (!known || type !== '@xstate.snapshot') return;
    known.snapshot = snapshot;
    if (tellsOfEnd(message)) this.#known.delete(sessionId);
  }
}

function textOf({ actor, snapshot }: Known): string {
  return JSON.stringify({ ...actor, snapshot });
}
