/** Questions to the person at the terminal: one at a time, each open until it is answered or taken back. */

import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface Question<Answer> {
  /** Shows it; called when it is its turn. */
  show(): void;
  /** @returns undefined for a line that is no answer. */
  read(line: string): Answer | undefined;
  /** Says what would be one. */
  remind(): void;
  /** Takes it back. */
  readonly signal: AbortSignal;
}

export class Questions {
  readonly #input: NodeJS.ReadStream;
  #reader: Interface | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #over = new AbortController();
  #isClosed = false;

  /** @param input Is read from the first question on: a job in the background that never asks is never stopped for it. */
  constructor(input: NodeJS.ReadStream) {
    this.#input = input;
  }

  /** Never rejects. @returns undefined when it was taken back, or when no more lines can come. */
  ask<Answer>(question: Question<Answer>): Promise<Answer | undefined> {
    const answer = this.#last.then(() => this.#ask(question));
    this.#last = answer;
    return answer;
  }

  /** Nobody can answer any more: the input is at its end. */
  get isAtEnd(): boolean {
    return this.#over.signal.aborted && !this.#isClosed;
  }

  /** All that is open is taken back. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#over.abort();
    this.#reader?.close();
  }

  async #ask<Answer>({ show, read, remind, signal }: Question<Answer>): Promise<Answer | undefined> {
    const reader = await this.#open();
    const [line, over] = [new AbortController(), this.#over.signal];
    const stop = () => line.abort();
    for (const each of [signal, over]) each.addEventListener('abort', stop);
    try {
      if (signal.aborted || over.aborted) return undefined;
      show();
      for (;;) {
        const [text] = (await once(reader, 'line', { signal: line.signal })) as [string]; // what the event brings
        const answer = read(text);
        if (answer !== undefined) return answer;
        remind();
      }
    } catch {
      return undefined; // it was taken back
    } finally {
      for (const each of [signal, over]) each.removeEventListener('abort', stop);
    }
  }

  /** Lines, not keys: the terminal stays as it is, and Ctrl-C a signal. */
  async #open(): Promise<Interface> {
    if (this.#reader) return this.#reader;
    const reader = createInterface({ input: this.#input, terminal: false });
    this.#reader = reader;
    reader.once('close', () => this.#over.abort());
    // What was typed before the first question is no answer to it: it is there at once, and let go.
    await nextTurn();
    await nextTurn();
    return reader;
  }
}
