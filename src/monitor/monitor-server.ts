/** The server of one page: which request gets what. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { subagentMachine } from '../../machines/index.js';
import { drawingOf, readChart, subagentLayout } from '../charts/index.js';
import { messageOf, TroupeError, toErrorInfo } from '../domain/errors.js';
import { type Refusal, refusalOfHost, refusalOfOrigin, refusalOfToken } from './check-request.js';
import { parseControl } from './control.js';
import { SECURITY_HEADERS } from './headers.js';
import type { PageFile } from './page-files.js';
import { MAX_PAGES, Pages } from './pages.js';
import type { MonitorSource, View } from './source.js';

const LOOPBACK = '127.0.0.1';
/** Of what a page may send. */
const MAX_BODY_BYTES = 512 * 1024;

export interface ServerOptions {
  /** 0 for any that is free. */
  readonly port: number;
  readonly token: string;
  readonly files: ReadonlyMap<string, PageFile>;
  /** Whether the process lives as long as the server. */
  readonly holdsProcess: boolean;
}

class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export class MonitorServer {
  readonly #server: Server;
  readonly #source: MonitorSource;
  readonly #options: ServerOptions;
  readonly #pages: Pages;
  readonly #chart: string;
  #closing: Promise<void> | undefined;

  private constructor(source: MonitorSource, options: ServerOptions) {
    this.#source = source;
    this.#options = options;
    this.#pages = new Pages(source);
    this.#chart = JSON.stringify(drawingOf(readChart(subagentMachine.config), subagentLayout));
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('connection', (socket) => {
      if (!options.holdsProcess) socket.unref();
    });
  }

  /** @throws TroupeError `config_invalid` for a port that is taken or not allowed. */
  static async open(source: MonitorSource, options: ServerOptions): Promise<MonitorServer> {
    const monitor = new MonitorServer(source, options);
    const server = monitor.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => reject(portError(options.port, cause)));
      server.listen({ host: LOOPBACK, port: options.port }, resolve);
    });
    if (!options.holdsProcess) server.unref();
    return monitor;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // it listens on a port
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#source.close();
      this.#pages.close();
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {}); // the page went away
    try {
      await this.#route(request, response);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const refusal = error instanceof Refused ? error.refusal : refusalOf(error);
      send(response, refusal.status, 'application/json', JSON.stringify({ error: refusal.message }));
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method = '' } = request;
    const port = this.port;
    refuse(refusalOfHost(headers, port) ?? refusalOfOrigin(headers, port));
    const { pathname, searchParams } = urlOf(request);
    const file = this.#options.files.get(pathname === '/' ? 'index.html' : pathname.slice(1));
    if (file) {
      allow(method, 'GET', 'HEAD');
      return send(response, 200, file.type, method === 'HEAD' ? '' : file.bytes);
    }
    if (pathname !== '/events' && pathname !== '/chart' && pathname !== '/control') {
      throw new Refused({ status: 404, message: 'there is nothing of this name' });
    }
    refuse(refusalOfToken(headers, this.#options.token));
    if (pathname === '/control') {
      allow(method, 'POST');
      const result = await this.#source.control(parseControl(await bodyOf(request)));
      return send(response, 200, 'application/json', JSON.stringify(result));
    }
    allow(method, 'GET');
    if (pathname === '/chart') return send(response, 200, 'application/json', this.#chart);
    if (this.#pages.count >= MAX_PAGES) throw new Refused({ status: 503, message: `${MAX_PAGES} pages are open` });
    const view = viewOf(searchParams);
    response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const lastEventId = headers['last-event-id'];
    await this.#pages.add(response, view, typeof lastEventId === 'string' ? lastEventId : undefined);
  }
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  try {
    return new URL(url, `http://${LOOPBACK}`);
  } catch {
    throw new Refused({ status: 400, message: 'the address cannot be read' });
  }
}

function viewOf(query: URLSearchParams): View {
  const focus = query.get('focus');
  const at = query.get('at');
  const step = at === null ? undefined : Number(at);
  if (step !== undefined && !Number.isSafeInteger(step)) {
    throw new Refused({ status: 400, message: 'at: expected the number of a step' });
  }
  return { ...(focus ? { focus } : {}), ...(step === undefined ? {} : { at: step }) };
}

function refuse(refusal: Refusal | undefined): void {
  if (refusal) throw new Refused(refusal);
}

function allow(method: string, ...allowed: string[]): void {
  if (!allowed.includes(method)) refuse({ status: 405, message: `${allowed.join(' or ')} only` });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Refused({ status: 413, message: `more than ${MAX_BODY_BYTES} bytes` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': type });
  response.end(body);
}

function refusalOf(error: unknown): Refusal {
  const { code, message } = toErrorInfo(error);
  return { status: code === 'config_invalid' || code === 'wrong_state' ? 400 : 500, message };
}

function portError(port: number, cause: NodeJS.ErrnoException): TroupeError {
  const why = cause.code === 'EADDRINUSE' ? 'it is taken' : messageOf(cause);
  return new TroupeError(
    'config_invalid',
    `port: the monitor cannot listen on ${LOOPBACK}:${port}: ${why}; choose another, or 0 for any that is free`,
    { cause },
  );
}
