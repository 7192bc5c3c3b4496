/** The way to a relay that somebody else runs: it may be slow, gone, or not there yet, and holds up nobody. */

import { realClock } from '../domain/clock.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import { RetryTimer } from '../domain/retry-timer.js';
import { atMost } from './at-most.js';
import type { Feed, Sink } from './feed.js';
import { OPEN, type WebSocketLike, type WebSockets } from './web-socket.js';
import type { WireMessage } from './wire-message.js';

/** In the socket's own buffer; beyond, no more messages are made. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** A process that is done waits no longer than this for a relay to take something of what is left. */
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
  #unsentCount = 0;
  #holding: NodeJS.Timeout | undefined;
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
    const socket = this.#socket;
    if (socket?.readyState !== OPEN) return;
    this.#unsentCount += 1;
    this.#hold();
    socket.send(JSON.stringify(message), (error) => {
      if (error || this.#socket !== socket) return; // its end is told by `close`
      this.#unsentCount -= 1;
      if (this.#unsentCount === 0) this.#letGo();
      else this.#holding?.refresh();
      this.#options.feed.pump();
      if (this.#unsentCount === 0) this.#onSent?.();
    });
  }

  /** Sends what waits, for at most a second, and takes leave. */
  async stop(): Promise<void> {
    await atMost(LINGER_MS, this.#flush());
    this.#isStopped = true;
    this.#retry.stop();
    this.#options.feed.stop();
    this.#letGo();
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
    if (this.#unsentCount === 0) return;
    await new Promise<void>((resolve) => {
      this.#onSent = resolve;
    });
  }

  #connect(): void {
    if (this.#isStopped) return;
    const { url, webSockets, feed } = this.#options;
    const socket = webSockets.open(url, HANDSHAKE_TIMEOUT_MS);
    let cause: Error | undefined;
    this.#socket = socket;
    this.#connecting = new Promise((resolve) => {
      socket.on('open', resolve);
      socket.on('close', resolve);
    });
    this.#hold();
    socket.on('open', () => {
      this.#retry.worked();
      this.#letGo();
      feed.begin(this);
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
    this.#options.feed.end();
    this.#onSent?.();
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

  /** What is on its way keeps the process alive, as long as it moves. */
  #hold(): void {
    this.#holding ??= setTimeout(() => {}, LINGER_MS);
  }

  #letGo(): void {
    clearTimeout(this.#holding);
    this.#holding = undefined;
  }
}
