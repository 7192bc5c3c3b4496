/** Where in a config file something stands, and how a fault there is told. */

import { TroupeError } from '../domain/errors.js';

/** A config or definition file larger than this is refused. */
export const MAX_CONFIG_BYTES = 1024 * 1024;
/** Values and blocks nested deeper than this are refused. */
export const MAX_CONFIG_DEPTH = 100;

/** Both count from 1; a column is a UTF-16 unit. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A file's text, with lines to point at. */
export class SourceText {
  /** As the caller named it. */
  readonly file: string;
  readonly text: string;
  #lineStarts: readonly number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  position(offset: number): Position {
    this.#lineStarts ??= lineStartsOf(this.text);
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  /** @throws TroupeError `config_invalid`, as `file:line:column: message`. */
  fail(offset: number, message: string): never {
    throw new TroupeError('config_invalid', `${place(this.file, this.position(offset))}: ${message}`);
  }
}

export function place(file: string, position: Position): string {
  return `${file}:${position.line}:${position.column}`;
}

function lineStartsOf(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
