/** Tells those who do not see the page what matters, and no more of it than can be listened to. */

import { byId, el } from './dom.js';

const PAUSE_MS = 1_500;
const TOAST_MS = 5_000;

export class Announcer {
  readonly #live = byId('announcements', HTMLElement);
  readonly #toasts = byId('toasts', HTMLElement);
  /** By topic: a newer word on a topic takes the place of the one that waits. */
  readonly #waiting = new Map<string, string>();
  #timer = 0;

  say(topic: string, text: string): void {
    this.#waiting.delete(topic);
    this.#waiting.set(topic, text);
    if (this.#timer === 0) this.#next();
  }

  /** Also to be seen, for a while. */
  toast(text: string, isBad: boolean): void {
    const toast = el('p', { class: 'toast', 'data-bad': isBad }, text);
    this.#toasts.replaceChildren(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
    this.say('toast', text);
  }

  #next(): void {
    this.#timer = 0;
    for (const [topic, text] of this.#waiting) {
      this.#waiting.delete(topic);
      this.#live.textContent = text;
      this.#timer = window.setTimeout(() => this.#next(), PAUSE_MS);
      return;
    }
  }
}
