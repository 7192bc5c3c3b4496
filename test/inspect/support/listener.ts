/** A program that reads what a relay passes on, and a relay to read from. */

import { createInspectorServer } from '@statelyai/inspect/server';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../../support/free-port.js';

/** A message of the Stately inspector, as far as the tests look into it. */
export interface Told {
  readonly type: string;
  readonly sessionId: string;
  readonly rootId?: string;
  readonly parentId?: string;
  readonly sourceId?: string;
  readonly name?: string;
  readonly definition?: string;
  readonly event?: { readonly type: string } & Readonly<Record<string, unknown>>;
  readonly snapshot?: {
    readonly status?: string;
    readonly value?: unknown;
    readonly context?: Readonly<Record<string, unknown>>;
  };
}

export interface Listener {
  readonly told: readonly Told[];
  /** As they came. */
  readonly texts: readonly string[];
  /** Resolves with the first message, of those before too, that is wanted. */
  until(isWanted: (message: Told) => boolean): Promise<Told>;
  close(): void;
}

const TIME_LIMIT_MS = 10_000;

export async function listenTo(url: string): Promise<Listener> {
  const socket = new WebSocket(url);
  const told: Told[] = [];
  const texts: string[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data) => {
    texts.push(String(data));
    told.push(JSON.parse(String(data)));
    for (const check of waiting) check();
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  onTestFinished(() => socket.terminate());
  return {
    told,
    texts,
    until: (isWanted) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`not told; the last of ${told.length}: ${texts.at(-1)}`)),
          TIME_LIMIT_MS,
        );
        const check = () => {
          const found = told.find(isWanted);
          if (!found) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
    close: () => socket.terminate(),
  };
}

/** The relay that comes with `@statelyai/inspect`, without its browser. */
export async function statelyRelay(): Promise<string> {
  const port = await freePort();
  const server = createInspectorServer({ port, autoOpen: false });
  onTestFinished(() => server.stop());
  const url = `ws://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    const first = await listenTo(url).catch((error) => {
      if (attempt > 100) throw error;
    });
    if (!first) continue; // it does not say when it listens
    first.close();
    return url;
  }
}

/** The end of the actor of that name. */
export function isEndOf(told: readonly Told[], name: string): (message: Told) => boolean {
  return ({ type, sessionId, snapshot }) =>
    type === '@xstate.snapshot' && snapshot?.status !== 'active' && sessionId === sessionOf(told, name);
}

export function sessionOf(told: readonly Told[], name: string): string | undefined {
  return told.find((message) => message.type === '@xstate.actor' && message.name === name)?.sessionId;
}
