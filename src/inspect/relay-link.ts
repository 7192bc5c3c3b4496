/** The way to a relay that somebody else runs: it may be slow, gone, or not there yet, and holds up nobody. */

import { realClock } from '../domain/clock.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import { RetryTimer } from '../domain/retry-timer.js';
import { Backlog } from './backlog.js';
import { OPEN, type WebSocketLike, type WebSockets } from './web-socket.js';
import type { WireMessage } from './wire-message.js';

/** Of messages as text that wait for the relay. */
const MAX_WAITING_CHARACTERS = 4 * 1024 * 1024;
const MAX_WAITING_MESSAGES = 10_000;
/** In the socket's own buffer; beyond, messages wait in the backlog, which is bounded. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** A process that is done waits no longer than this for a relay to take what is left. */
const LINGER_MS = 1_000;
/** The relay of `@statelyai/inspect` keeps 200 messages for those who come later; a definition is told again before it is lost. */
const REPEAT_AFTER_MESSAGES = 150;

export interface RelayLinkOptions {
  readonly url: URL;
  readonly webSockets: WebSockets;
  /** Told once each time that the relay is lost. */
  readonly onError: (error: TroupeError) => void;
}

export class RelayLink {
  readonly #options: RelayLinkOptions;
  readonly #backlog = new Backlog({ maxCount: MAX_WAITING_MESSAGES, maxCharacters: MAX_WAITING_CHARACTERS });
  readonly #retry = new RetryTimer(realClock, () => this.#connect());
  #socket: WebSocketLike | undefined;
  /** Actors by the number of the message that told of them last; the oldest first. */
  readonly #toldAt = new Map<string, number>();
  #sentCount = 0;
  #unsentCount = 0;
  #holding: NodeJS.Timeout | undefined;
  #isStopped = false;
  /** Called when nothing waits any more, or nobody is there to take it. */
  #onIdle: (() => void) | undefined;

  constructor(options: RelayLinkOptions) {
    this.#options = options;
    this.#connect();
  }

  add(message: WireMessage): void {
    if (this.#isStopped) return;
    this.#backlog.add(message, JSON.stringify(message));
    if (message.type === '@xstate.actor') this.#toldAt.set(message.sessionId, this.#sentCount);
    this.#send();
  }

  /** Sends what waits, for at most a second, and takes leave. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    if (socket && !this.#isFlushed) await atMost(LINGER_MS, (done) => (this.#onIdle = done));
    this.#isStopped = true;
    this.#retry.stop();
    this.#letGo();
    this.#socket = undefined;
    if (!socket) return;
    await atMost(LINGER_MS, (done) => {
      socket.on('close', done);
      socket.close();
    });
    socket.terminate();
  }

  get #isFlushed(): boolean {
    return this.#backlog.isEmpty && this.#unsentCount === 0;
  }

  #connect(): void {
    if (this.#isStopped) return;
    const socket = this.#options.webSockets.open(this.#options.url, HANDSHAKE_TIMEOUT_MS);
    let cause: Error | undefined;
    this.#socket = socket;
    this.#hold();
    socket.on('open', () => {
      this.#retry.worked();
      for (const text of this.#backlog.known()) this.#hand(socket, text);
      this.#send();
    });
    socket.on('message', () => {}); // the relay passes on what others tell
    socket.on('error', (error) => {
      cause = error;
    });
    socket.on('close', () => this.#lost(socket, cause));
  }

  #lost(socket: WebSocketLike, cause: Error | undefined): void {
    if (this.#socket !== socket || this.#isStopped) return;
    this.#socket = undefined;
    this.#unsentCount = 0;
    this.#letGo();
    this.#onIdle?.();
    if (!this.#retry.failing) this.#tellLoss(cause);
    this.#retry.failed();
  }

  #tellLoss(cause: Error | undefined): void {
    const { host } = this.#options.url; // no more of it: what follows may be a token
    const why = cause ? messageOf(cause) || 'no connection' : 'it closed the connection';
    this.#options.onError(
      new TroupeError(
        'bus_unavailable',
        `the inspector's relay at ${host} is not there (${why}); nothing waits for it, it is tried again`,
        cause ? { cause } : {},
      ),
    );
  }

  #send(): void {
    const socket = this.#socket;
    if (socket?.readyState !== OPEN) return;
    while (socket.bufferedAmount < MAX_BUFFERED_BYTES) {
      const text = this.#backlog.take();
      if (text === undefined) break;
      this.#hand(socket, text);
      this.#repeatOldest(socket);
    }
    this.#settle();
  }

  #hand(socket: WebSocketLike, text: string): void {
    this.#sentCount += 1;
    this.#unsentCount += 1;
    this.#hold();
    socket.send(text, (error) => {
      if (error || this.#socket !== socket) return; // its end is told by `close`
      this.#unsentCount -= 1;
      this.#progress();
    });
  }

  /** At most one for each message, so that many actors double the traffic and no more. */
  #repeatOldest(socket: WebSocketLike): void {
    for (const [id, toldAt] of this.#toldAt) {
      if (this.#sentCount - toldAt < REPEAT_AFTER_MESSAGES) return;
      this.#toldAt.delete(id);
      const text = this.#backlog.knownOf(id);
      if (text === undefined) continue; // it has ended
      this.#toldAt.set(id, this.#sentCount);
      this.#hand(socket, text);
      return;
    }
  }

  #progress(): void {
    this.#letGo();
    this.#hold();
    this.#send();
  }

  /** What is not sent yet keeps the process alive, as long as it moves. */
  #hold(): void {
    this.#holding ??= setTimeout(() => {}, LINGER_MS);
  }

  #letGo(): void {
    clearTimeout(this.#holding);
    this.#holding = undefined;
  }

  #settle(): void {
    if (!this.#isFlushed) return;
    this.#letGo();
    this.#onIdle?.();
  }
}

function atMost(limitMs: number, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
