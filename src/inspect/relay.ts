/** A relay of our own: on this machine only, for those who know its token, and with the definitions kept for whoever comes late. */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, TroupeError } from '../domain/errors.js';
import { atMost } from './at-most.js';
import { Backlog } from './backlog.js';
import type { Feed, Sink } from './feed.js';
import { PAGE_POLICY, pageOf } from './page.js';
import { Sending } from './sending.js';
import { OPEN, type UpgradeRequest, type WebSocketLike, type WebSockets } from './web-socket.js';
import { parseWireMessage, type WireMessage } from './wire-message.js';

const HOST = '127.0.0.1';
/** Kept in full for those who come late; older ones live on in the definitions and states of what lives. */
const MAX_KEPT_MESSAGES = 1_000;
const MAX_KEPT_CHARACTERS = 8 * 1024 * 1024;
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** A reader that has so much to read still, or takes nothing for a second, is dropped; it may come again. */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024;
const LINGER_MS = 1_000;

export interface RelayOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Of the inspector in the page. */
  readonly ui: URL;
  readonly webSockets: WebSockets;
  /** Of this process; it makes messages only while somebody reads. */
  readonly feed: Feed;
  /** Before the session ids of this process. */
  readonly prefix: string;
}

interface Passed extends WireMessage {
  readonly text: string;
}

export class Relay implements Sink {
  /** For readers, and for other processes that tell of themselves. */
  readonly url: URL;
  /** To open in a browser. */
  readonly page: URL;
  readonly #server: Server;
  readonly #options: RelayOptions;
  readonly #backlog = new Backlog<Passed>({
    maxCount: MAX_KEPT_MESSAGES,
    maxSize: MAX_KEPT_CHARACTERS,
    sizeOf: ({ text }) => text.length,
  });
  readonly #readers = new Map<WebSocketLike, Sending>();

  private constructor(server: Server, options: RelayOptions) {
    const { ui, webSockets } = options;
    this.#options = options;
    const { port } = server.address() as AddressInfo; // it listens on a port
    const token = randomBytes(16).toString('hex');
    this.url = new URL(`ws://${HOST}:${port}/?token=${token}`);
    this.page = new URL(`http://${HOST}:${port}/?token=${token}`);
    this.#server = server;
    const hosts = new Set([`${HOST}:${port}`, `localhost:${port}`]);
    const isWelcome = ({ url = '', headers }: UpgradeRequest) => {
      // A page of somebody else's may reach this address, by a name of its own too, but not by this host and origin.
      if (!hosts.has(headers.host ?? '')) return false;
      if (headers.origin !== undefined && !hosts.has(headers.origin.replace(/^http:\/\//, ''))) return false;
      return isSame(new URL(url, this.page).searchParams.get('token') ?? '', token);
    };
    server.on('request', (request, response) => {
      if (!isWelcome(request)) response.writeHead(403).end('open the address with its token');
      else if (request.method !== 'GET') response.writeHead(405).end();
      else {
        const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY(ui) };
        response.writeHead(200, { ...headers, 'referrer-policy': 'no-referrer' }).end(pageOf(ui));
      }
    });
    webSockets.serve(server, MAX_MESSAGE_BYTES, isWelcome).on('connection', (socket) => this.#welcome(socket));
  }

  /** It keeps no process alive. @throws TroupeError `config_invalid` for a port that cannot be had. */
  static async start(options: RelayOptions): Promise<Relay> {
    const server = createServer().on('connection', (socket) => socket.unref());
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const message = `port: ${options.port} cannot be listened on (${messageOf(cause)}); choose another, or leave it out`;
        reject(new TroupeError('config_invalid', message, { cause }));
      });
      server.listen(options.port, HOST, resolve);
    });
    return new Relay(server.unref(), options);
  }

  get hasRoom(): boolean {
    return this.#readers.size > 0;
  }

  send(message: WireMessage): void {
    this.#pass(message, JSON.stringify(message), undefined);
  }

  /** Sends what waits, for at most a second, and takes leave. */
  async stop(): Promise<void> {
    await atMost(LINGER_MS, this.#options.feed.idle());
    this.#options.feed.stop();
    const readers = [...this.#readers.keys()];
    const closed = readers.map((reader) => new Promise<void>((resolve) => reader.on('close', resolve)));
    for (const reader of readers) reader.close();
    await atMost(LINGER_MS, Promise.all(closed));
    for (const reader of readers) reader.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #welcome(socket: WebSocketLike): void {
    const sending = new Sending({ socket, patienceMs: LINGER_MS });
    for (const { text: _, ...message } of this.#backlog.known()) sending.send(JSON.stringify(message)); // as it was seen last
    for (const { text } of this.#backlog.kept()) sending.send(text);
    this.#readers.set(socket, sending);
    if (this.#readers.size === 1) this.#options.feed.begin(this);
    const told = new Set<string>();
    socket.on('message', (data) => {
      const text = String(data);
      const message = parseWireMessage(text);
      if (!message) return; // a reader that has something to say: to nobody here
      told.add(message.sessionId);
      this.#pass(message, text, socket);
    });
    socket.on('error', () => {}); // its end is told by `close`
    socket.on('close', () => {
      sending.end();
      this.#readers.delete(socket);
      this.#backlog.forget((id) => told.has(id));
      if (this.#readers.size > 0) return;
      // Whoever comes next is told anew by the feed, which knows what happened meanwhile.
      this.#options.feed.end();
      this.#backlog.forget((id) => id.startsWith(this.#options.prefix));
    });
  }

  #pass(message: WireMessage, text: string, from: WebSocketLike | undefined): void {
    this.#backlog.add({ ...message, text });
    for (const [reader, sending] of this.#readers) {
      if (reader === from || reader.readyState !== OPEN) continue;
      if (reader.bufferedAmount > MAX_UNREAD_BYTES) reader.terminate();
      else sending.send(text);
    }
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
