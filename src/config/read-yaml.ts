/** How a YAML file is read, with the place of each key. Plain data only: no tags of one's own, one document, bounded work. */

import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument, type YAMLError } from 'yaml';
import { type ConfigNode, define, type MapNode } from './config-node.js';
import { MAX_CONFIG_DEPTH, SourceText } from './source-text.js';

/** The parser's time grows with these, not with the length of texts: a config file has a few hundred. */
const MAX_TOKENS = 50_000;
/** Levels of block nesting are bounded by it: the parser itself would exhaust the stack. */
const MAX_INDENT = 200;
const MAX_ALIASES = 100;
const MAX_NODES = 50_000;

/** What a parser's error means; its own messages may quote the file, and with it a secret. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias can have no anchor or tag',
  BAD_ALIAS: 'this alias has no name, or no anchor before it',
  BAD_DQ_ESCAPE: 'unknown escape in a text in double quotes',
  BAD_INDENT: 'bad indentation, or a bracket that is not closed',
  BAD_SCALAR_START: 'a text that starts like this must stand in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping within a mapping must start on a new line; a text with ": " in it must stand in quotes',
  BLOCK_IN_FLOW: 'block style cannot stand within brackets',
  MISSING_CHAR: 'expected a quote, a bracket, a comma or a blank',
  MULTILINE_IMPLICIT_KEY: 'expected ":" after a key',
  MULTIPLE_DOCS: 'expected one document only',
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  TAG_RESOLVE_FAILED: 'unknown tag; only plain values are read',
  UNEXPECTED_TOKEN: 'this stands where nothing may stand',
};

/** @throws TroupeError `config_invalid` with file, line, column and what is wrong; it never quotes the file's values. */
export function readYaml(text: string, file: string): ConfigNode {
  const source = new SourceText(file, text);
  guard(source);
  const document = parseDocument(text, {
    lineCounter: new LineCounter(),
    logLevel: 'error',
    merge: false,
    prettyErrors: false,
    schema: 'core',
    uniqueKeys: false, // quadratic there; `define` finds duplicates
  });
  const problem: YAMLError | undefined = document.errors[0] ?? document.warnings[0];
  if (problem) source.fail(problem.pos[0], `no valid YAML: ${PROBLEMS[problem.code] ?? problem.code}`);
  let nodes = 0;
  let aliases = 0;

  const convert = (node: unknown, offset: number, depth: number): ConfigNode => {
    if (depth > MAX_CONFIG_DEPTH) source.fail(offset, `nested deeper than ${MAX_CONFIG_DEPTH} levels`);
    nodes += 1;
    if (nodes > MAX_NODES) source.fail(offset, `more than ${MAX_NODES} values`);
    if (isAlias(node)) {
      aliases += 1;
      if (aliases > MAX_ALIASES) source.fail(offset, `more than ${MAX_ALIASES} aliases`);
      const target =
        node.resolve(document) ?? source.fail(startOf(node) ?? offset, `no valid YAML: ${PROBLEMS.BAD_ALIAS}`);
      return convert(target, offset, depth + 1);
    }
    const at = startOf(node) ?? offset;
    const position = source.position(at);
    if (isMap(node)) {
      const map: MapNode = { kind: 'map', position, entries: new Map() };
      for (const pair of node.items) {
        const keyAt = startOf(pair.key) ?? at;
        if (!isScalar(pair.key)) return source.fail(keyAt, 'expected a plain key');
        define(map, String(pair.key.value), convert(pair.value, keyAt, depth + 1), source, keyAt);
      }
      return map;
    }
    if (isSeq(node)) return { kind: 'list', position, items: node.items.map((item) => convert(item, at, depth + 1)) };
    const value = isScalar(node) ? node.value : null;
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return { kind: 'scalar', position, value };
    }
    return source.fail(at, 'expected a text, a number, true, false, null, a list or a mapping');
  };
  return convert(document.contents, 0, 0);
}

/** Refuses what would cost the parser seconds, or the process its stack. */
function guard(source: SourceText): void {
  let offset = 0;
  let tokens = 0;
  let brackets = 0;
  let indicators = 0;
  for (const token of new Lexer().lex(source.text)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) source.fail(offset, `more than ${MAX_TOKENS} YAML tokens`);
    if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets -= 1;
    else if (token === '-' || token === '?' || token === ':') indicators += 1;
    else if (token.startsWith('\n') || token.startsWith('\r')) indicators = 0;
    if (brackets > MAX_CONFIG_DEPTH || (brackets === 0 && indicators > MAX_CONFIG_DEPTH)) {
      source.fail(offset, `nested deeper than ${MAX_CONFIG_DEPTH} levels`);
    }
    if (brackets === 0 && token.length > MAX_INDENT && token.trim() === '') {
      source.fail(offset, `indented by more than ${MAX_INDENT} blanks`);
    }
    if (!CONTROL.has(token)) offset += token.length;
  }
}

/** Tokens that the lexer adds: they are not in the text. */
const CONTROL: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f']);

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : undefined;
}
