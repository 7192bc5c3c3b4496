/** Requests to a monitor, with any headers: `fetch` would not let a test choose its host. */

import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { onTestFinished } from 'vitest';
import { SseParser } from '../../../src/monitor/page/sse.js';
import type { Frame, Hello } from '../../../src/monitor/protocol.js';

export interface Question {
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export async function ask(question: Question): Promise<Answer> {
  const response = await send(question);
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** @param body What a page would send. */
export async function control(port: number, token: string, body: object): Promise<unknown> {
  const { text } = await ask({ port, token, path: '/control', method: 'POST', body: JSON.stringify(body) });
  return JSON.parse(text);
}

export interface Told {
  readonly id: string;
  readonly frame: Frame;
}

export interface EventStream {
  readonly hello: Hello;
  /** The next frame; rejects when the stream is over. */
  next(): Promise<Told>;
  /** Frames until one is as wanted, which is the last. */
  until(isWanted: (frame: Frame) => boolean): Promise<Told[]>;
  readonly response: IncomingMessage;
  close(): void;
}

export async function openStream(question: Question): Promise<EventStream> {
  const response = await send({ path: '/events', ...question });
  if (response.statusCode !== 200) throw new Error(`the stream was refused with ${response.statusCode}`);
  onTestFinished(() => void response.destroy());
  const messages = read(response);
  const first = await messages.next();
  if (first.done || first.value.event !== 'hello') throw new Error('the stream did not begin with hello');
  const next = async (): Promise<Told> => {
    const { done, value } = await messages.next();
    if (done || value.event !== 'frame') throw new Error('the stream is over');
    return { id: value.id, frame: JSON.parse(value.data) };
  };
  return {
    hello: JSON.parse(first.value.data),
    next,
    until: async (isWanted) => {
      const told: Told[] = [];
      for (;;) {
        const one = await next();
        told.push(one);
        if (isWanted(one.frame)) return told;
      }
    },
    response,
    close: () => void response.destroy(),
  };
}

async function* read(response: IncomingMessage) {
  const parser = new SseParser();
  for await (const piece of response.setEncoding('utf8')) yield* parser.push(piece);
}

function send({ port, path = '/', method = 'GET', token, headers = {}, body }: Question): Promise<IncomingMessage> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, headers: { ...authorization, ...headers } },
      resolve,
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
