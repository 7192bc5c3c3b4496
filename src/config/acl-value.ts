/** The values of the block language: texts, numbers, lists, objects and the functions `env` and `concat`. */

import type { AclScanner } from './acl-scanner.js';
import { type ConfigNode, define, type ListNode, type MapNode, type ScalarNode } from './config-node.js';
import { MAX_CONFIG_DEPTH } from './source-text.js';

/** Environment variables by name, read once by whoever starts the reading. */
export type Environment = Readonly<Record<string, string | undefined>>;

const KEYWORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Reads one value; `depth` counts the blocks and values around it. */
export function readAclValue(scanner: AclScanner, env: Environment, depth: number): ConfigNode {
  if (depth > MAX_CONFIG_DEPTH) scanner.source.fail(scanner.offset, `nested deeper than ${MAX_CONFIG_DEPTH} levels`);
  const start = scanner.offset;
  const position = scanner.source.position(start);
  const scalar = (value: ScalarNode['value']): ScalarNode => ({ kind: 'scalar', position, value });
  switch (scanner.peek()) {
    case '"':
      return scalar(scanner.quoted());
    case '<':
      return scalar(scanner.heredoc());
    case '[':
      return { kind: 'list', position, items: readItems(scanner, env, depth, ']', 'a list') };
    case '{':
      return readObject(scanner, env, depth);
  }
  if (/[-\d]/.test(scanner.peek())) return scalar(scanner.number());
  const name = scanner.name();
  if (name === undefined)
    return scanner.expected('a value: a text in quotes, a number, true, false, null, a list or an object');
  const keyword = KEYWORDS.get(name);
  if (keyword !== undefined) return scalar(keyword);
  scanner.skipBlanks();
  if (scanner.peek() !== '(') {
    scanner.offset = start;
    return scanner.expected('a value');
  }
  const args = readItems(scanner, env, depth, ')', `the arguments of ${name}`);
  if (name === 'env') return scalar(valueOfVariable(scanner, env, args, start));
  if (name === 'concat') return concatenated(scanner, args, start);
  return scanner.source.fail(start, `unknown function ${name}; known are env and concat`);
}

/** Values between an opening bracket and `closing`, separated by commas; line ends do not matter, nor a last comma. */
function readItems(scanner: AclScanner, env: Environment, depth: number, closing: string, what: string): ConfigNode[] {
  const items: ConfigNode[] = [];
  scanner.offset += 1; // the opening bracket
  for (;;) {
    scanner.skipLines();
    if (scanner.take(closing)) return items;
    items.push(readAclValue(scanner, env, depth + 1));
    scanner.skipLines();
    if (scanner.take(closing)) return items;
    if (!scanner.take(',')) scanner.expected(`"," or "${closing}" in ${what}`);
  }
}

/** `{ a = 1, "b": 2 }`; entries are separated by commas or line ends. */
function readObject(scanner: AclScanner, env: Environment, depth: number): MapNode {
  const { source } = scanner;
  const map: MapNode = { kind: 'map', position: source.position(scanner.offset), entries: new Map() };
  scanner.offset += 1; // the opening brace
  for (;;) {
    scanner.skipLines();
    if (scanner.take('}')) return map;
    const start = scanner.offset;
    const key = scanner.nameOrString() ?? scanner.expected('a key or "}" in an object');
    scanner.skipBlanks();
    if (!scanner.take('=') && !scanner.take(':')) scanner.expected('"=" or ":" after a key');
    scanner.skipBlanks();
    define(map, key, readAclValue(scanner, env, depth + 1), source, start);
    const lineEnded = scanner.skipLines();
    if (!scanner.take(',') && !lineEnded && scanner.peek() !== '}')
      scanner.expected('",", a new line or "}" in an object');
  }
}

function valueOfVariable(scanner: AclScanner, env: Environment, args: readonly ConfigNode[], start: number): string {
  const [name] = args;
  if (args.length !== 1 || name?.kind !== 'scalar' || typeof name.value !== 'string') {
    return scanner.source.fail(start, 'env takes the name of one variable, as in env("NAME")');
  }
  const value = Object.hasOwn(env, name.value) ? env[name.value] : undefined;
  return value ?? scanner.source.fail(start, `the environment variable ${name.value} is not set; set it`);
}

function concatenated(scanner: AclScanner, args: readonly ConfigNode[], start: number): ScalarNode | ListNode {
  const position = scanner.source.position(start);
  const lists = args.filter((arg) => arg.kind === 'list');
  if (lists.length === args.length && lists.length > 0) {
    return { kind: 'list', position, items: lists.flatMap((list) => list.items) };
  }
  const texts = args.flatMap((arg) => (arg.kind === 'scalar' && typeof arg.value === 'string' ? [arg.value] : []));
  if (texts.length === args.length && texts.length > 0) return { kind: 'scalar', position, value: texts.join('') };
  return scanner.source.fail(start, 'concat takes texts only, or lists only, and at least one');
}
