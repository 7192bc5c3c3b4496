/** Server-sent events out of a stream of text. */

export interface SseMessage {
  readonly event: string;
  readonly data: string;
  /** The last id that was told. */
  readonly id: string;
}

export class SseParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id = '';

  /** @returns the messages that are whole with this piece. */
  push(piece: string): SseMessage[] {
    const lines = (this.#rest + piece).split('\n'); // our server ends lines with this alone
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#take(line));
  }

  #take(line: string): SseMessage[] {
    if (line === '') {
      const message = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id };
      const isWhole = this.#data.length > 0;
      this.#event = '';
      this.#data = [];
      return isWhole ? [message] : [];
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.#id = value;
    return [];
  }
}
