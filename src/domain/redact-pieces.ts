/** How a text that comes in pieces is redacted: a secret that is cut by the borders of pieces goes too. */

import { type HarmlessPieces, NEAR_CHARACTERS } from './harmless-pieces.js';
import { SECRET_CONTEXT_CHARACTERS, SECRET_SHAPES, type SecretShape } from './secret-shapes.js';

/** What was before a piece is cut back when it has become longer. */
const MAX_CONTEXT_CHARACTERS = 128;

/** What is already seen to be a secret is not held back any longer than this, in characters: what follows of it is left out. */
const MAX_HELD_SECRET = 256;
/** What has the look of the beginning of a secret, and after so many characters is none yet, is handed on. */
const MAX_HELD_BEGINNING = 4_096;

export interface RedactedPiecesOptions {
  /** Secrets as they may be spelt. */
  readonly values: readonly string[];
  /** Global; group 1 is what may be more of a secret in the next piece. Else as `whole`. */
  readonly openOrWhole: RegExp;
  readonly whole: RegExp;
  readonly replacement: string;
  readonly handOn: (text: string) => void;
  /** Which pieces need not be looked at any further. */
  readonly harmless: HarmlessPieces;
}

export class RedactedPieces {
  readonly #options: RedactedPiecesOptions;
  /** The end of what is done with, as it came: what a secret looks like depends on what is before it. */
  #before = '';
  /** The same, or its end where that is a text of its own already: to read in what was just put together costs more. */
  #near = '';
  /** As it came, and not handed on yet. */
  #pending = '';
  /** A secret of this shape was told, and may go on. */
  #growing: SecretShape | undefined;

  constructor(options: RedactedPiecesOptions) {
    this.#options = options;
  }

  push(piece: string): void {
    if (this.#pending === '' && this.#growing === undefined && this.#options.harmless.has(piece, this.#near)) {
      this.#before += piece;
      if (this.#before.length > MAX_CONTEXT_CHARACTERS) this.#before = this.#before.slice(-SECRET_CONTEXT_CHARACTERS);
      this.#near = piece.length >= NEAR_CHARACTERS ? piece : this.#before;
      if (piece !== '') this.#options.handOn(piece);
      return;
    }
    const rest = this.#growing === undefined ? piece : this.#behindSecret(this.#growing, piece);
    if (rest === '') return;
    const text = this.#before + this.#pending + rest;
    const { values, openOrWhole, replacement } = this.#options;
    let at = this.#before.length;
    let shown = '';
    let valueAt = startOfAny(values, text, at);
    for (;;) {
      openOrWhole.lastIndex = at;
      const match = openOrWhole.exec(text);
      const isOpen = match?.[1] !== undefined;
      if (match !== null && match.index < valueAt && !isOpen) {
        shown += text.slice(at, match.index) + replacement;
        at = match.index + match[0].length;
        if (valueAt < at) valueAt = startOfAny(values, text, at);
        continue;
      }
      const openAt = match !== null && isOpen ? match.index : text.length;
      this.#hold(text, shown, at, Math.min(valueAt, openAt), openAt <= valueAt);
      return;
    }
  }

  end(): void {
    const text = this.#before + this.#pending;
    this.#release(text, this.#redacted(text, this.#before.length), text.length);
  }

  /** @param from of what may be part of a secret; by a known value it is never too long to wait for. */
  #hold(text: string, shown: string, at: number, from: number, isOfShape: boolean): void {
    const heldCount = text.length - from;
    if (isOfShape && heldCount > MAX_HELD_SECRET) {
      this.#growing = SECRET_SHAPES.find(({ whole, rest }) => rest !== undefined && reachesEnd(whole, text, from));
      if (this.#growing !== undefined) {
        this.#release(text, shown + text.slice(at, from) + this.#options.replacement, text.length);
        return;
      }
      if (heldCount > MAX_HELD_BEGINNING) {
        this.#release(text, shown + this.#redacted(text, at), text.length);
        return;
      }
    }
    this.#release(text, shown + text.slice(at, from), from);
  }

  #release(text: string, shown: string, end: number): void {
    this.#pending = text.slice(end);
    this.#before = text.slice(Math.max(0, end - SECRET_CONTEXT_CHARACTERS), end);
    this.#near = this.#before;
    if (shown !== '') this.#options.handOn(shown);
  }

  #redacted(text: string, from: number): string {
    const { whole, replacement } = this.#options;
    let shown = '';
    let at = from;
    whole.lastIndex = from;
    for (let match = whole.exec(text); match !== null; match = whole.exec(text)) {
      shown += text.slice(at, match.index) + replacement;
      at = whole.lastIndex;
    }
    return shown + text.slice(at);
  }

  /** What of the piece does not belong to the secret. */
  #behindSecret({ rest, restOpen }: SecretShape, piece: string): string {
    const text = this.#pending + piece;
    this.#pending = '';
    if (rest === undefined) return text;
    rest.lastIndex = 0;
    const match = rest.exec(text);
    const length = match?.[0].length ?? 0;
    const left = text.slice(length);
    this.#before = (this.#before + text.slice(0, length)).slice(-SECRET_CONTEXT_CHARACTERS);
    this.#near = this.#before;
    if (match?.[1] !== undefined) {
      this.#growing = undefined; // its end has come
    } else if (left !== '') {
      if (restOpen?.test(left)) {
        this.#pending = left;
        return '';
      }
      this.#growing = undefined;
    }
    return left;
  }
}

/** Where the text ends with the beginning of one of the words, not the whole of it; the text's length where it does not. */
function startOfAny(words: readonly string[], text: string, from: number): number {
  let start = text.length;
  for (const word of words) {
    const first = word.charAt(0);
    let at = text.indexOf(first, Math.max(from, text.length - word.length + 1));
    while (at >= 0 && at < start) {
      if (word.startsWith(text.slice(at))) start = at;
      else at = text.indexOf(first, at + 1);
    }
  }
  return start;
}

/** Whether what matches there goes on to the end of the text. */
function reachesEnd(pattern: RegExp, text: string, at: number): boolean {
  const sticky = new RegExp(pattern, 'y');
  sticky.lastIndex = at;
  return sticky.test(text) && sticky.lastIndex === text.length;
}
