/** The way to a relay that somebody else runs: it may be slow, gone, or not there yet, and holds up nobody. */

import { realClock } from '../domain/clock.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import { RetryTimer } from '../domain/retry-timer.js';
import { atMost } from './at-most.js';
import type { Feed, Sink } from './feed.js';
import { Sending } from './sending.js';
import { OPEN, type WebSocketLike, type WebSockets } from './web-socket.js';
import type { WireMessage } from './wire-message.js';

/** In the socket's own buffer; beyond, no more messages are made. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** No longer than this a process that is done waits for a relay, which is given up when it takes nothing of what is on its way. */
const LINGER_MS = 1_000;

export interface RelayLinkOptions {
  readonly url: URL;
  readonly webSockets: WebSockets;
  readonly feed: Feed;
  /** Told once each time that the relay is lost. */
  readonly onError: (error: TroupeError) => void;
}

export class RelayLink implements Sink {
  readonly #options: RelayLinkOptions;
  readonly #retry = new RetryTimer(realClock, () => this.#connect());
  #socket: WebSocketLike | undefined;
  /** On that socket. */
  #sending: Sending | undefined;
  /** Over when it is connected, or is not. */
  #connecting: Promise<void> | undefined;
  #onSent: (() => void) | undefined;
  #isStopped = false;

  constructor(options: RelayLinkOptions) {
    this.#options = options;
    this.#connect();
  }

  get hasRoom(): boolean {
    return this.#socket?.readyState === OPEN && this.#socket.bufferedAmount < MAX_BUFFERED_BYTES;
  }

  send(message: WireMessage): void {
    if (this.#socket?.readyState === OPEN) this.#sending?.send(JSON.stringify(message));
  }

  /** Sends what waits, for at most a second, and takes leave. */
  async stop(): Promise<void> {
    await atMost(LINGER_MS, this.#flush());
    this.#isStopped = true;
    this.#retry.stop();
    this.#options.feed.stop();
    this.#sending?.end();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    const closed = new Promise<void>((resolve) => socket.on('close', resolve));
    socket.close();
    await atMost(LINGER_MS, closed);
    socket.terminate();
  }

  async #flush(): Promise<void> {
    if (!this.#socket) return;
    await this.#connecting;
    await this.#options.feed.idle();
    if (this.#sending?.isIdle !== false) return;
    await new Promise<void>((resolve) => {
      this.#onSent = resolve;
    });
  }

  #connect(): void {
    if (this.#isStopped) return;
    const { url, webSockets, feed } = this.#options;
    const socket = webSockets.open(url, HANDSHAKE_TIMEOUT_MS);
    const sending = new Sending({ socket, patienceMs: LINGER_MS, onSent: () => this.#sent() });
    let cause: Error | undefined;
    this.#socket = socket;
    this.#sending = sending;
    this.#connecting = new Promise((resolve) => {
      socket.on('open', resolve);
      socket.on('close', resolve);
    });
    const holding = setTimeout(() => {}, LINGER_MS);
    socket.on('open', () => {
      this.#retry.worked();
      clearTimeout(holding);
      feed.begin(this);
    });
    socket.on('message', () => {}); // the relay passes on what others tell
    socket.on('error', (error) => {
      cause = error;
    });
    socket.on('close', () => {
      clearTimeout(holding);
      sending.end();
      if (this.#socket === socket && !this.#isStopped)
        this.#lost(sending.gaveUp ? 'it takes nothing' : whyLost(cause), cause);
    });
  }

  #sent(): void {
    this.#options.feed.pump();
    if (this.#sending?.isIdle) this.#onSent?.();
  }

  #lost(why: string, cause: Error | undefined): void {
    this.#socket = undefined;
    this.#options.feed.end();
    this.#onSent?.();
    if (!this.#retry.failing) this.#tellLoss(why, cause);
    this.#retry.failed();
  }

  #tellLoss(why: string, cause: Error | undefined): void {
    const { host } = this.#options.url; // no more of it: what follows may be a token
    this.#options.onError(
      new TroupeError(
        'bus_unavailable',
        `the inspector's relay at ${host} is not there (${why}); nothing waits for it, it is tried again`,
        cause ? { cause } : {},
      ),
    );
  }
}

function whyLost(cause: Error | undefined): string {
  return cause ? messageOf(cause) || 'no connection' : 'it closed the connection';
}
