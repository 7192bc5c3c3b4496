/** What a config file says, with the place of each key: the one form that every file format is read into. */

import type { Position, SourceText } from './source-text.js';

export type ConfigNode = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly position: Position;
  readonly value: string | number | boolean | null;
}

export interface ListNode {
  readonly kind: 'list';
  readonly position: Position;
  readonly items: readonly ConfigNode[];
}

export interface MapNode {
  readonly kind: 'map';
  readonly position: Position;
  readonly entries: Map<string, MapEntry>;
}

export interface MapEntry {
  /** Of the key. */
  readonly position: Position;
  readonly node: ConfigNode;
}

/** Adds a key, or fails: a key given twice is a mistake in every format. */
export function define(map: MapNode, key: string, node: ConfigNode, source: SourceText, offset: number): void {
  const first = map.entries.get(key);
  if (first !== undefined) {
    source.fail(offset, `duplicate key ${JSON.stringify(key)}, first given on line ${first.position.line}; keep one`);
  }
  map.entries.set(key, { position: source.position(offset), node });
}

/** The plain value. Objects have no prototype, so that keys such as `__proto__` are keys like any other. */
export function plainValue(node: ConfigNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainValue);
    case 'map': {
      const plain: Record<string, unknown> = Object.create(null);
      for (const [key, entry] of node.entries) plain[key] = plainValue(entry.node);
      return plain;
    }
    default:
      return node satisfies never;
  }
}

/** Where a path leads: the place of its last key that is there, and the path with keys as the file spells them. */
export function locate(root: ConfigNode, path: readonly PropertyKey[]): { position: Position; spelled: string[] } {
  let node: ConfigNode | undefined = root;
  let position = root.position;
  const spelled: string[] = [];
  for (const segment of path) {
    const key = String(segment);
    if (node?.kind === 'map') {
      const found = entryOf(node, key);
      spelled.push(found?.key ?? key);
      if (found) position = found.entry.position;
      node = found?.entry.node;
    } else {
      const item: ConfigNode | undefined = node?.kind === 'list' ? node.items[Number(segment)] : undefined;
      spelled.push(key);
      if (item) position = item.position;
      node = item;
    }
  }
  return { position, spelled };
}

function entryOf(map: MapNode, key: string): { key: string; entry: MapEntry } | undefined {
  const exact = map.entries.get(key);
  if (exact) return { key, entry: exact };
  for (const [spelling, entry] of map.entries) if (camelCase(spelling) === key) return { key: spelling, entry };
  return undefined;
}

/** `max_retries` is `maxRetries`. */
export function camelCase(key: string): string {
  return key.replace(/(?<=[A-Za-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
