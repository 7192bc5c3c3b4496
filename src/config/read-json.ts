/** How a JSON file is read, with the place of each key. Strict: what `JSON.parse` refuses is refused, and duplicate keys too. */

import { type ConfigNode, define, type MapNode, type ScalarNode } from './config-node.js';
import { MAX_CONFIG_DEPTH, SourceText } from './source-text.js';

const BLANKS = /[ \t\r\n]*/y;
/** No quote, backslash or control character; or an escape. */
const TEXT_PIECE = /[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** @throws TroupeError `config_invalid` with file, line, column and what was expected; it never quotes the file. */
export function readJson(text: string, file: string): ConfigNode {
  const reader = new JsonReader(new SourceText(file, text));
  const node = reader.value(0);
  reader.end();
  return node;
}

class JsonReader {
  readonly #source: SourceText;
  #offset = 0;

  constructor(source: SourceText) {
    this.#source = source;
  }

  /** A value and the blanks around it. */
  value(depth: number): ConfigNode {
    if (depth > MAX_CONFIG_DEPTH) this.#fail(`nested deeper than ${MAX_CONFIG_DEPTH} levels`);
    this.#match(BLANKS);
    const position = this.#source.position(this.#offset);
    const node = this.#composite(depth) ?? this.#scalar();
    this.#match(BLANKS);
    return { ...node, position };
  }

  end(): void {
    if (this.#offset < this.#source.text.length) this.#fail('expected the end of the file');
  }

  #composite(depth: number): ConfigNode | undefined {
    const position = this.#source.position(this.#offset);
    if (this.#take('[')) {
      const items: ConfigNode[] = [];
      if (this.#empty(']')) return { kind: 'list', position, items };
      do items.push(this.value(depth + 1));
      while (this.#take(','));
      if (!this.#take(']')) this.#fail('expected "," or "]" in an array');
      return { kind: 'list', position, items };
    }
    if (!this.#take('{')) return undefined;
    const map: MapNode = { kind: 'map', position, entries: new Map() };
    if (this.#empty('}')) return map;
    do this.#member(map, depth);
    while (this.#take(','));
    if (!this.#take('}')) this.#fail('expected "," or "}" in an object');
    return map;
  }

  #member(map: MapNode, depth: number): void {
    this.#match(BLANKS);
    const start = this.#offset;
    const key = this.#string() ?? this.#fail('expected a key in double quotes');
    this.#match(BLANKS);
    if (!this.#take(':')) this.#fail('expected ":" after a key');
    define(map, key, this.value(depth + 1), this.#source, start);
  }

  #scalar(): ScalarNode {
    const position = this.#source.position(this.#offset);
    const text = this.#string();
    if (text !== undefined) return { kind: 'scalar', position, value: text };
    const plain = this.#match(WORD) ?? this.#match(NUMBER);
    if (plain !== undefined) {
      const value: unknown = JSON.parse(plain);
      return { kind: 'scalar', position, value: value as boolean | number | null }; // the patterns match nothing else
    }
    return this.#fail('expected a value');
  }

  #string(): string | undefined {
    const start = this.#offset;
    if (!this.#take('"')) return undefined;
    while (this.#match(TEXT_PIECE) !== undefined);
    if (!this.#take('"')) this.#fail('this string is not closed on its line, or holds an unknown escape');
    return String(JSON.parse(this.#source.text.slice(start, this.#offset)));
  }

  /** Passes `closing` where nothing but blanks stands before it. */
  #empty(closing: string): boolean {
    this.#match(BLANKS);
    return this.#take(closing);
  }

  #take(character: string): boolean {
    if (this.#source.text.charAt(this.#offset) !== character) return false;
    this.#offset += 1;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#source.text);
    if (match) this.#offset = pattern.lastIndex;
    return match?.[0];
  }

  #fail(message: string): never {
    const found = this.#offset >= this.#source.text.length ? ', found the end of the file' : '';
    return this.#source.fail(this.#offset, `no valid JSON: ${message}${found}`);
  }
}
