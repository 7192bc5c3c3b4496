/** How the bytes of a body reach the answer: as a stream of events, or as one JSON text in its place. */

import { MAX_LINE_BYTES } from '../../domain/limits.js';
import type { ModelChunk } from '../../domain/model.js';
import type { Answer } from './answer.js';
import { faultOfErrorObject, ProviderFault, parsed } from './faults.js';
import { SseParser } from './sse.js';

export class AnswerDecoder {
  readonly #answer: Answer;
  readonly #isEventStream: boolean;
  readonly #utf8 = new TextDecoder(); // also drops a byte order mark
  readonly #sse: SseParser;
  /** Which of the two it is shows in the first character that is not blank: servers get the content type wrong. */
  #kind: 'unknown' | 'events' | 'whole' = 'unknown';
  #whole: string[] = [];
  #wholeLength = 0;
  #out: ModelChunk[] = [];
  #dataCount = 0;
  #isDone = false;

  constructor(answer: Answer, contentType: string | null) {
    this.#answer = answer;
    this.#isEventStream = contentType?.includes('event-stream') ?? false;
    this.#sse = new SseParser((data, name) => this.#takeEvent(data, name));
  }

  /** The server has said that nothing follows, or all has come that is wanted. */
  get isDone(): boolean {
    return this.#isDone || this.#answer.state === 'complete';
  }

  /**
   * Takes bytes and pushes to `out` what they mean. Whether data came in them: comments are none.
   * @throws ProviderFault; `out` then holds what came before the fault.
   */
  push(bytes: Uint8Array, out: ModelChunk[]): boolean {
    const before = this.#dataCount;
    this.#out = out;
    this.#takeText(this.#utf8.decode(bytes, { stream: true }));
    return this.#dataCount > before;
  }

  /** The body is over. @throws ProviderFault where it did not hold a complete answer. */
  end(out: ModelChunk[]): void {
    this.#out = out;
    this.#takeText(this.#utf8.decode());
    if (this.#kind === 'whole') this.#takeWhole(this.#whole.join(''));
    else if (this.#kind === 'unknown' && !this.#isEventStream) {
      throw new ProviderFault('bad_response', 'the body of the answer is empty');
    } else if (!this.isDone) this.#flush();
    this.#answer.end(out);
  }

  /** The last event may lack its blank line; half an event is part of an answer that was cut. */
  #flush(): void {
    try {
      this.#sse.end();
    } catch (fault) {
      if (!(fault instanceof ProviderFault) || fault.code !== 'model_unavailable') throw fault;
    }
  }

  #takeText(text: string): void {
    if (text === '') return;
    if (this.#kind === 'unknown') {
      const first = text.trimStart().charAt(0);
      if (first === '') return;
      const isEvents = this.#isEventStream ? !'{[<'.includes(first) : 'deir:'.includes(first);
      this.#kind = isEvents ? 'events' : 'whole';
    }
    if (this.#kind === 'events') {
      this.#sse.push(text);
      return;
    }
    this.#whole.push(text);
    this.#wholeLength += text.length;
    this.#dataCount += 1;
    if (this.#wholeLength > MAX_LINE_BYTES) {
      throw new ProviderFault('output_limit', `the answer is one JSON text of more than ${MAX_LINE_BYTES} characters`);
    }
    if (/^\s*</.test(this.#whole[0] ?? '')) throw notJson(this.#whole.join('')); // a page: its end need not be awaited
  }

  #takeEvent(data: string, name: string): void {
    if (this.isDone) return; // what follows the end is not looked at
    this.#dataCount += 1;
    if (data === '[DONE]') {
      this.#isDone = true;
      return;
    }
    const value = parsed(data);
    if (name === 'error') throw faultOfErrorObject(errorOf(value) ?? data);
    if (value === undefined) {
      throw new ProviderFault('model_unavailable', `the stream holds a data line that is not JSON: ${data}`);
    }
    this.#answer.take(value, name, this.#out);
  }

  #takeWhole(text: string): void {
    const value = parsed(text);
    if (value === undefined) throw notJson(text);
    this.#answer.takeWhole(value, this.#out);
  }
}

/** The error in an event of that name, however it is wrapped. */
function errorOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'error' in value ? (value.error ?? value) : value;
}

function notJson(text: string): ProviderFault {
  return new ProviderFault('bad_response', `the answer is neither a stream of events nor JSON: ${text}`);
}
