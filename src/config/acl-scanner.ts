/** The words of the block language: blanks, comments, names, numbers, quoted strings and heredocs. */

import { SourceText } from './source-text.js';

const BLANK = /[ \t\f\v\u00a0]+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const NAME = /[A-Za-z_][\w-]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y;
const HEREDOC = /<<(-?)([A-Za-z_]\w*)[ \t]*(?=\n|$)/y;
const PLAIN = /[^"\\\n$]+/y;
const UNICODE = /[0-9A-Fa-f]{4}/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['"', '"'],
  ['\\', '\\'],
]);
const OPENING = '\x24{';
const NO_INTERPOLATION = `${OPENING} is not supported; join texts with concat("...", env("NAME")), or write $${OPENING} for the two characters`;

/** Reads on from `offset`; every reading method either moves it past what it read or fails with the place. */
export class AclScanner {
  readonly source: SourceText;
  offset = 0;
  readonly #text: string;

  constructor(file: string, text: string) {
    this.source = new SourceText(file, text.replace(/\r\n?/g, '\n'));
    this.#text = this.source.text;
  }

  get atEnd(): boolean {
    return this.offset >= this.#text.length;
  }

  /** The next character; empty at the end. */
  peek(): string {
    return this.#text.charAt(this.offset);
  }

  /** Passes `character` if it is next. */
  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.offset += 1;
    return true;
  }

  /** Passes blanks and comments up to the end of the line. */
  skipBlanks(): void {
    while (this.#match(BLANK));
    if (this.#text.startsWith('/*', this.offset))
      this.source.fail(this.offset, 'this comment is not closed; expected */');
  }

  /** Passes blanks, comments and line ends. Tells whether a line ended. */
  skipLines(): boolean {
    this.skipBlanks();
    let ended = false;
    while (this.take('\n')) {
      ended = true;
      this.skipBlanks();
    }
    return ended;
  }

  /** A bare name, if one is next. */
  name(): string | undefined {
    return this.#match(NAME)?.[0];
  }

  /** A name, bare or in quotes, if one is next. */
  nameOrString(): string | undefined {
    return this.peek() === '"' ? this.quoted() : this.name();
  }

  number(): number {
    const start = this.offset;
    const value = Number(this.#match(NUMBER)?.[0] ?? Number.NaN);
    if (Number.isFinite(value)) return value;
    return this.source.fail(
      start,
      Number.isNaN(value) ? 'this is no number; put texts in quotes' : 'this number is too large',
    );
  }

  /** A string in double quotes, on one line. */
  quoted(): string {
    const start = this.offset;
    this.offset += 1;
    const pieces: string[] = [];
    for (;;) {
      const plain = this.#match(PLAIN);
      if (plain) pieces.push(plain[0]);
      else if (this.take('"')) return pieces.join('');
      else if (this.take('\\')) pieces.push(this.#escape());
      else if (this.peek() === '$') pieces.push(this.#dollar());
      else return this.source.fail(start, 'this string is not closed on its line; expected "');
    }
  }

  /** `<<END` or `<<-END`, lines, and a line with `END` alone. The text ends with a line end; `-` takes common indentation off. */
  heredoc(): string {
    const start = this.offset;
    const opening = this.#match(HEREDOC);
    if (!opening) return this.source.fail(start, 'expected a heredoc: <<END, its lines, and END on a line of its own');
    const [, dash, marker] = opening;
    const lines: string[] = [];
    while (this.take('\n')) {
      const lineEnd = this.#text.indexOf('\n', this.offset);
      const line = this.#text.slice(this.offset, lineEnd === -1 ? undefined : lineEnd);
      if (line.trim() === marker) {
        this.offset += line.length;
        return textOf(dash === '-' ? withoutIndent(lines) : lines);
      }
      const dollar = /(?<!\$)\$\{/.exec(line);
      if (dollar) this.source.fail(this.offset + dollar.index, NO_INTERPOLATION);
      lines.push(line.replaceAll(`$${OPENING}`, () => OPENING));
      this.offset += line.length;
    }
    return this.source.fail(start, `this heredoc is not closed; expected ${marker} on a line of its own`);
  }

  /** Fails here, with what was expected and what kind of thing stands here instead: never its text, which may be a secret. */
  expected(what: string): never {
    return this.source.fail(this.offset, `expected ${what}, found ${this.#found()}`);
  }

  #found(): string {
    const character = this.peek();
    if (character === '') return 'the end of the file';
    if (character === '\n') return 'the end of the line';
    if (character === '"') return 'a string';
    if (/\d/.test(character)) return 'a number';
    if (/[\w]/.test(character)) return 'a bare word (texts stand in double quotes)';
    return JSON.stringify(character);
  }

  #escape(): string {
    const at = this.offset - 1;
    const character = this.peek();
    this.offset += 1;
    const plain = ESCAPES.get(character);
    if (plain !== undefined) return plain;
    const unicode = character === 'u' ? this.#match(UNICODE) : undefined;
    if (unicode) return String.fromCharCode(Number.parseInt(unicode[0], 16));
    return this.source.fail(at, 'unknown escape; expected \\n, \\t, \\r, \\", \\\\ or \\u and four hexadecimal digits');
  }

  #dollar(): string {
    if (this.#text.startsWith(OPENING, this.offset)) this.source.fail(this.offset, NO_INTERPOLATION);
    this.offset += 1;
    if (!this.#text.startsWith(OPENING, this.offset)) return '$';
    this.offset += OPENING.length;
    return OPENING;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.offset;
    const match = pattern.exec(this.#text);
    if (match) this.offset = pattern.lastIndex;
    return match ?? undefined;
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function withoutIndent(lines: readonly string[]): readonly string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const common = indents.reduce((least, indent) => Math.min(least, indent), Number.POSITIVE_INFINITY);
  return lines.map((line) => line.slice(Math.min(common, line.length - line.trimStart().length)));
}
