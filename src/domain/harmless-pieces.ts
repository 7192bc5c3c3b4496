/** Which pieces of a text can hold neither a secret nor its beginning: nearly all, so they are told without a pattern. */

import { SECRET_SHAPES } from './secret-shapes.js';

const ASCII = 128;
const IN_WORD = 1;
const AT_WORD_START = 2;
const [TAB, SPACE, SLASH, C, E, I, R, S] = [9, 32, 47, 99, 101, 105, 114, 115] as const;

/** How many characters before a piece are looked at. */
export const NEAR_CHARACTERS = 4;

/** Judges by the first two characters of all that is looked for: what it calls harmless is so, what it does not may be so. */
export class HarmlessPieces {
  /** By character, those of other alphabets by their last 7 bits: where something begins with it. */
  readonly #firsts = new Uint8Array(ASCII);
  readonly #pairs = new Uint8Array(ASCII * ASCII);

  constructor(values: readonly string[]) {
    for (const value of values) this.#add(value, IN_WORD);
    for (const { begins } of SECRET_SHAPES) {
      for (const begin of begins) this.#add(begin, isOfWord(begin.charCodeAt(0)) ? AT_WORD_START : IN_WORD);
    }
  }

  /** @param before what was before the piece; nothing of a secret has begun in it. */
  has(piece: string, before: string): boolean {
    const beforeCount = before.length;
    let p1 = before.charCodeAt(beforeCount - 1);
    let p2 = before.charCodeAt(beforeCount - 2);
    let p3 = before.charCodeAt(beforeCount - 3);
    let p4 = before.charCodeAt(beforeCount - 4);
    for (let at = 0; at < piece.length; at++) {
      // Behind `://`, `Bearer ` or `Basic ` anything may be one.
      if (p1 === SLASH && p2 === SLASH) return false;
      if ((p1 === SPACE || p1 === TAB) && ((p2 === R && p3 === E && p4 === R) || (p2 === C && p3 === I && p4 === S)))
        return false;
      const code = piece.charCodeAt(at);
      const where = this.#firsts[code % ASCII];
      if (where !== 0 && (where !== AT_WORD_START || !isOfWord(p1))) {
        const next = piece.charCodeAt(at + 1);
        if (Number.isNaN(next) || this.#pairs[(code % ASCII) * ASCII + (next % ASCII)] === 1) return false;
      }
      p4 = p3;
      p3 = p2;
      p2 = p1;
      p1 = code;
    }
    return true;
  }

  #add(begin: string, where: number): void {
    const first = begin.charCodeAt(0) % ASCII;
    this.#firsts[first] = where === IN_WORD || this.#firsts[first] === IN_WORD ? IN_WORD : AT_WORD_START;
    this.#pairs[first * ASCII + (begin.charCodeAt(1) % ASCII)] = 1;
  }
}

/** A letter of the English alphabet, a digit or `_`: what may not stand before a key. */
function isOfWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
