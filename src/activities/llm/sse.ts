/** How bytes become server-sent events, in time linear in the bytes. */

import { MAX_LINE_BYTES } from '../../domain/limits.js';
import { ProviderFault } from './faults.js';

/** `name` is the `event:` field, empty where there is none; `data` the joined `data:` lines. */
export type SseListener = (data: string, name: string) => void;

/** Takes text in pieces cut anywhere. Comments, ids and events without data are passed over. */
export class SseParser {
  readonly #listener: SseListener;
  /** Pieces of a line whose end has not come. */
  #pieces: string[] = [];
  #pendingLength = 0;
  #data: string | undefined;
  #name = '';
  #endedInReturn = false;

  constructor(listener: SseListener) {
    this.#listener = listener;
  }

  /** @throws ProviderFault `output_limit` for a line, or the data of one event, above `MAX_LINE_BYTES` characters. */
  push(piece: string): void {
    let text = piece;
    // A line may end in \n, \r\n or \r, and a piece between the two of \r\n.
    if (this.#endedInReturn && text.startsWith('\n')) text = text.slice(1);
    if (text === '') return;
    this.#endedInReturn = text.endsWith('\r');
    if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');

    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#line(this.#pendingLength === 0 ? text.slice(start, end) : this.#joined(text.slice(start, end)));
      start = end + 1;
    }
    if (start < text.length) {
      this.#pendingLength += text.length - start;
      checkLength(this.#pendingLength);
      this.#pieces.push(text.slice(start));
    }
  }

  /** Takes what came without its closing blank line. */
  end(): void {
    if (this.#pendingLength > 0) this.#line(this.#joined(''));
    this.#dispatch();
  }

  #joined(last: string): string {
    const line = this.#pieces.join('') + last;
    this.#pieces = [];
    this.#pendingLength = 0;
    return line;
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    if (line.startsWith('data:')) {
      checkLength(line.length);
      const value = line.slice(line.charCodeAt(5) === 32 ? 6 : 5);
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
      checkLength(this.#data.length);
    } else if (line.startsWith('event:')) {
      this.#name = line.slice(6).trim();
    }
  }

  #dispatch(): void {
    const data = this.#data;
    const name = this.#name;
    this.#data = undefined;
    this.#name = '';
    if (data !== undefined) this.#listener(data, name);
  }
}

function checkLength(length: number): void {
  if (length > MAX_LINE_BYTES) {
    throw new ProviderFault('output_limit', `a line of the answer is longer than ${MAX_LINE_BYTES} characters`);
  }
}
