/** The pages that are open: each is sent what it lacks, as fast as it reads and no faster. */

import type { ServerResponse } from 'node:http';
import { parsePlace, placeText } from './place.js';
import type { Place } from './protocol.js';
import type { MonitorSource, View } from './source.js';

export const MAX_PAGES = 256;
/** Changes within it go together. */
const FRAME_MS = 80;
/** Shows both sides that the other is there. */
const HEARTBEAT_MS = 15_000;
/** A page that has not taken what it was sent by then is let go: that alone would keep the process alive. It comes back by itself. */
const STALLED_MS = 15_000;

interface Page {
  readonly response: ServerResponse;
  readonly view: View;
  readonly letGo: () => void;
  place: Place | undefined;
  /** Runs while its socket takes nothing more. */
  patience: NodeJS.Timeout | undefined;
}

interface Made {
  readonly text: string;
  /** Of a page that has it. */
  readonly place: Place;
}

export class Pages {
  readonly #source: MonitorSource;
  readonly #open = new Set<Page>();
  /** While all are fed in one go: what those at the same place with the same view are sent. */
  #made: Map<string, Made | undefined> | undefined;
  #round: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(source: MonitorSource) {
    this.#source = source;
    source.onChange(() => this.#soon());
  }

  get count(): number {
    return this.#open.size;
  }

  /** The head of the response is written. @param lastEventId As the page says it. */
  async add(response: ServerResponse, view: View, lastEventId: string | undefined): Promise<void> {
    const place = parsePlace(lastEventId);
    const hello = await this.#source.hello(place === undefined);
    if (response.destroyed) return;
    const letGo = this.#source.watch(view);
    const page: Page = { response, view, letGo, place, patience: undefined };
    this.#open.add(page);
    response.once('close', () => this.#remove(page));
    response.on('drain', () => {
      clearTimeout(page.patience);
      page.patience = undefined;
      this.#feed(page);
    });
    response.write(`retry: 1000\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`);
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
    this.#feed(page);
  }

  close(): void {
    clearTimeout(this.#round);
    clearInterval(this.#heartbeat);
    for (const { response } of this.#open) response.destroy();
  }

  #remove(page: Page): void {
    clearTimeout(page.patience);
    if (!this.#open.delete(page)) return;
    page.letGo();
    if (this.#open.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  #soon(): void {
    if (this.#round !== undefined || this.#open.size === 0) return;
    this.#round = setTimeout(() => {
      this.#round = undefined;
      this.#made = new Map();
      for (const page of this.#open) this.#feed(page);
      this.#made = undefined;
    }, FRAME_MS).unref();
  }

  /** Nothing waits here for a page that does not read: when it does, it is sent what it lacks then. */
  #feed(page: Page): void {
    const { response } = page;
    while (page.patience === undefined && !response.destroyed) {
      const next = this.#frameFor(page);
      if (next === undefined) {
        if (this.#source.endsWhenRead) response.end('event: end\ndata: {}\n\n');
        return;
      }
      page.place = next.place;
      if (!response.write(next.text)) page.patience = setTimeout(() => response.destroy(), STALLED_MS).unref();
    }
  }

  #frameFor({ place, view }: Page): Made | undefined {
    const key = JSON.stringify([place, view]);
    if (this.#made?.has(key)) return this.#made.get(key);
    const part = this.#source.frameAfter(place, view);
    const made = part && {
      text: `id: ${placeText(part.place)}\nevent: frame\ndata: ${JSON.stringify(part.frame)}\n\n`,
      place: part.place,
    };
    this.#made?.set(key, made);
    return made;
  }

  #beat(): void {
    for (const { response, patience } of this.#open) {
      if (patience === undefined) response.write(': here\n\n');
    }
  }
}
