/** The one place that `ws` is loaded: sockets that do not keep the process alive. */

import type { Server } from 'node:http';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { messageOf, TroupeError } from '../domain/errors.js';

/** What is used of a `WebSocket` of `ws`. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string, onSent?: (error?: Error) => void): void;
  close(code?: number): void;
  terminate(): void;
  on(type: 'open' | 'close', listener: () => void): unknown;
  on(type: 'error', listener: (error: Error) => void): unknown;
  on(type: 'message', listener: (data: unknown, isBinary: boolean) => void): unknown;
}

/** What is used of a `WebSocketServer` of `ws`. */
export interface WebSocketServerLike {
  on(type: 'connection', listener: (socket: WebSocketLike) => void): unknown;
  close(): void;
}

export interface WebSockets {
  open(url: URL, handshakeTimeoutMs: number): WebSocketLike;
  /** @param isWelcome Of the request that wants to be upgraded. */
  serve(server: Server, maxMessageBytes: number, isWelcome: (request: UpgradeRequest) => boolean): WebSocketServerLike;
}

export interface UpgradeRequest {
  readonly url?: string | undefined;
  readonly headers: { readonly host?: string | undefined; readonly origin?: string | undefined };
}

export const OPEN = 1;

/** Of the connection alone, which keeps the process alive until it is there or not, whatever its socket says. */
const CONNECT_TIMEOUT_MS = 1_000;

function connectedSoon(socket: Socket): Socket {
  const giveUp = () => socket.destroy(new Error(`no connection in ${CONNECT_TIMEOUT_MS} ms`));
  const timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
  for (const over of ['connect', 'close']) socket.once(over, () => clearTimeout(timer));
  return socket;
}

/** @throws TroupeError `config_invalid` where the package is not installed. */
export async function loadWebSockets(): Promise<WebSockets> {
  const { WebSocket, WebSocketServer } = await import('ws').catch((cause) => {
    throw new TroupeError(
      'config_invalid',
      `startInspector needs ws, which cannot be loaded (${messageOf(cause)}): npm install ws`,
      { cause },
    );
  });
  return {
    open: (url, handshakeTimeout) =>
      new WebSocket(url, {
        handshakeTimeout,
        perMessageDeflate: false,
        createConnection: ((options: TcpNetConnectOpts): Socket => {
          const isSecure = url.protocol === 'wss:';
          const socket = isSecure ? connectSecurely({ servername: url.hostname, ...options }) : connect(options);
          return connectedSoon(socket.unref());
        }) as typeof connect, // the one of its forms that http uses
      }),
    serve: (server, maxPayload, isWelcome) =>
      new WebSocketServer({
        server,
        maxPayload,
        perMessageDeflate: false,
        verifyClient: ({ req }: { req: UpgradeRequest }) => isWelcome(req),
      }),
  };
}
