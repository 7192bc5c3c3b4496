/** How a file in the block language (`.acl`, `.hcl`) is read: attributes `key = value` and blocks `name "label" { ... }`. */

import { AclScanner } from './acl-scanner.js';
import { type Environment, readAclValue } from './acl-value.js';
import { define, type MapNode } from './config-node.js';
import { MAX_CONFIG_BYTES, MAX_CONFIG_DEPTH } from './source-text.js';

/**
 * The file's keys, with a block's labels as keys of their own: `providers "openai" { models "x" {} }` is
 * `{ providers: { openai: { models: { x: {} } } } }`. Attributes end with their line, or at a comma.
 * @throws TroupeError `config_invalid` with file, line, column and what was expected; also for an unset variable in `env`.
 */
export function readAcl(text: string, file: string, env: Environment): MapNode {
  const reader = new BodyReader(new AclScanner(file, text), env);
  if (text.length > MAX_CONFIG_BYTES) reader.scanner.source.fail(0, `larger than ${MAX_CONFIG_BYTES} bytes`);
  return reader.read(0);
}

class BodyReader {
  readonly scanner: AclScanner;
  readonly #env: Environment;
  /** Maps made by labels: a further block of the same name may add to them. */
  readonly #byLabel = new WeakSet<MapNode>();

  constructor(scanner: AclScanner, env: Environment) {
    this.scanner = scanner;
    this.#env = env;
  }

  /** A body at `depth`: of the file at 0, of a block (after its brace, up to and with the closing one) below. */
  read(depth: number): MapNode {
    const { scanner } = this;
    const body = this.#emptyMap(scanner.offset);
    for (;;) {
      scanner.skipLines();
      if (depth === 0 && scanner.atEnd) return body;
      if (depth > 0 && scanner.take('}')) return body;
      this.#entry(body, depth);
      scanner.skipBlanks();
      if (!scanner.take(',') && !scanner.atEnd && !'\n}'.includes(scanner.peek())) scanner.expected('a new line');
    }
  }

  #entry(body: MapNode, depth: number): void {
    const { scanner } = this;
    const start = scanner.offset;
    const name = scanner.name() ?? scanner.expected(depth === 0 ? 'a key or a block' : 'a key, a block or "}"');
    const names = [name];
    scanner.skipBlanks();
    if (scanner.take('=')) {
      scanner.skipBlanks();
      define(body, name, readAclValue(scanner, this.#env, depth + 1), scanner.source, start);
      return;
    }
    for (let label = scanner.nameOrString(); label !== undefined; label = scanner.nameOrString()) {
      names.push(label);
      scanner.skipBlanks();
    }
    const inner = depth + names.length;
    if (inner > MAX_CONFIG_DEPTH) scanner.source.fail(start, `nested deeper than ${MAX_CONFIG_DEPTH} levels`);
    if (!scanner.take('{'))
      scanner.expected(names.length > 1 ? '"{" after the labels of a block' : '"=", a label or "{" after a key');
    this.#defineBlock(body, names, this.read(inner), start);
  }

  #defineBlock(body: MapNode, names: readonly string[], block: MapNode, start: number): void {
    let map = body;
    for (const name of names.slice(0, -1)) {
      const known = map.entries.get(name)?.node;
      if (known?.kind === 'map' && this.#byLabel.has(known)) {
        map = known;
        continue;
      }
      const labelled = this.#emptyMap(start);
      this.#byLabel.add(labelled);
      define(map, name, labelled, this.scanner.source, start);
      map = labelled;
    }
    define(map, names.at(-1) ?? '', block, this.scanner.source, start);
  }

  #emptyMap(offset: number): MapNode {
    return { kind: 'map', position: this.scanner.source.position(offset), entries: new Map() };
  }
}
