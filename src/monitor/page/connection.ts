/** The page's one stream: opened for what is looked at, opened again where it was cut, closed while nobody can see the page. */

import type { Frame, Hello } from '../protocol.js';
import { SseParser } from './sse.js';

export type Status = 'connecting' | 'open' | 'lost' | 'refused' | 'away';

export interface PageView {
  readonly focus?: string;
  readonly at?: number;
}

export interface ConnectionListeners {
  readonly onHello: (hello: Hello) => void;
  readonly onFrame: (frame: Frame) => void;
  readonly onStatus: (status: Status) => void;
}

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;
/** A page that was hidden for so long lets its stream go: browsers allow few of them to one server. */
const AWAY_MS = 20_000;

export class Connection {
  readonly #token: string;
  readonly #listeners: ConnectionListeners;
  #view: PageView = {};
  /** Where to go on: `board.version.offset`. */
  #place = '';
  #abort = new AbortController();
  #retryMs = FIRST_RETRY_MS;
  #timer = 0;

  constructor(token: string, listeners: ConnectionListeners) {
    this.#token = token;
    this.#listeners = listeners;
    document.addEventListener('visibilitychange', () => this.#onVisibility());
  }

  /** @param isOther Another subagent than before: nothing of it is known. */
  look(view: PageView, isOther: boolean): void {
    this.#view = view;
    if (isOther) this.#place = this.#place.replace(/\.\d+$/, '.0');
    this.#open();
  }

  #open(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#abort = new AbortController();
    void this.#read(this.#abort.signal);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams();
    if (this.#view.focus !== undefined) query.set('focus', this.#view.focus);
    if (this.#view.at !== undefined) query.set('at', `${this.#view.at}`);
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(this.#place ? { 'last-event-id': this.#place } : {}),
    };
    try {
      const response = await fetch(`/events?${query}`, { headers, signal, cache: 'no-store' });
      if (response.status === 401) return this.#listeners.onStatus('refused');
      if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
      this.#listeners.onStatus('open');
      if (await this.#take(response.body, signal)) return;
    } catch {
      // As when the stream just ends: the server is gone, or comes back.
    }
    if (signal.aborted) return;
    this.#listeners.onStatus('lost');
    this.#timer = window.setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
  }

  /** @returns whether the server has said that there is no more. */
  async #take(body: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal): Promise<boolean> {
    const parser = new SseParser();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return false;
      for (const { event, data, id } of parser.push(value)) {
        if (signal.aborted) return false;
        if (id) this.#place = id;
        if (event === 'end') return true;
        if (event === 'hello') this.#listeners.onHello(JSON.parse(data) as Hello); // our own server made both
        if (event === 'frame') this.#listeners.onFrame(JSON.parse(data) as Frame);
        this.#retryMs = FIRST_RETRY_MS;
      }
    }
  }

  #onVisibility(): void {
    clearTimeout(this.#timer);
    if (document.hidden) {
      this.#timer = window.setTimeout(() => {
        this.#abort.abort();
        this.#listeners.onStatus('away');
      }, AWAY_MS);
    } else if (this.#abort.signal.aborted) {
      this.#open();
    }
  }
}
