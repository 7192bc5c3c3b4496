/** What is on its way to somebody: it keeps the process alive while it moves, and who takes nothing for a while is given up. */

import type { WebSocketLike } from './web-socket.js';

export interface SendingOptions {
  readonly socket: WebSocketLike;
  readonly patienceMs: number;
  /** Something was taken. */
  readonly onSent?: () => void;
}

/** A write that nobody takes would keep the process alive for ever, though its socket does not: that is destroyed then. */
export class Sending {
  readonly #options: SendingOptions;
  #unsentCount = 0;
  /** Of all that was sent. */
  #takenCount = 0;
  #patience: NodeJS.Timeout | undefined;
  #isOver = false;
  #gaveUp = false;

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#unsentCount === 0;
  }

  /** Nothing was taken for too long. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  send(text: string): void {
    const { socket, patienceMs, onSent } = this.#options;
    this.#unsentCount += 1;
    this.#patience ??= setTimeout(() => this.#lookAgain(), patienceMs);
    socket.send(text, (error) => {
      if (error || this.#isOver) return; // its end is told by `close`
      this.#unsentCount -= 1;
      this.#takenCount += 1;
      if (this.#unsentCount === 0) this.#rest();
      else this.#patience?.refresh();
      onSent?.();
    });
  }

  /** The socket is closed, or of no interest any more. */
  end(): void {
    this.#isOver = true;
    this.#rest();
  }

  /** When it was this process that was busy, what was taken meanwhile is told in this turn of its loop. */
  #lookAgain(): void {
    const before = this.#takenCount;
    setImmediate(() => {
      if (this.#isOver || this.isIdle || this.#takenCount !== before) return;
      this.#gaveUp = true;
      this.#options.socket.terminate();
    });
  }

  #rest(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }
}
