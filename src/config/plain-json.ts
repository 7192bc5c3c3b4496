/** Whether a value that a caller gives is plain JSON, and a copy of it that nobody else can change. */

import { isProxy } from 'node:util/types';
import { messageOf } from '../domain/errors.js';
import type { JsonValue } from '../domain/json.js';

export interface PlainJsonLimits {
  /** As JSON. */
  readonly maxCharacters: number;
  /** Levels of objects and lists. */
  readonly maxDepth: number;
}

/** What is wrong, and where. */
export class NotPlainJson extends Error {
  override readonly name = 'NotPlainJson';
  readonly path: readonly PropertyKey[];

  constructor(path: readonly PropertyKey[], problem: string) {
    super(problem);
    this.path = path;
  }
}

/**
 * A copy in which each object stands alone. Each property is read once, so that what was checked is what is kept; keys that are
 * `undefined` are left out. @throws NotPlainJson for everything that JSON cannot say as it is.
 */
export function copyPlainJson(value: unknown, limits: PlainJsonLimits): JsonValue {
  return new Copying(limits).copy(value, []);
}

class Copying {
  readonly #limits: PlainJsonLimits;
  readonly #open = new Set<object>();
  #charactersLeft: number;

  constructor(limits: PlainJsonLimits) {
    this.#limits = limits;
    this.#charactersLeft = limits.maxCharacters;
  }

  copy(value: unknown, path: readonly PropertyKey[]): JsonValue {
    if (typeof value === 'string') {
      this.#count(value, path);
      return value;
    }
    if (typeof value === 'boolean' || value === null || (typeof value === 'number' && Number.isFinite(value))) {
      this.#count(value, path);
      return value;
    }
    if (typeof value !== 'object') throw new NotPlainJson(path, `expected plain JSON, got ${kindOf(value)}`);
    return this.#object(value, path);
  }

  #object(object: object, path: readonly PropertyKey[]): JsonValue {
    if (isProxy(object))
      throw new NotPlainJson(path, 'expected plain JSON, got a proxy; give a copy of what it stands for');
    if (this.#open.has(object)) throw new NotPlainJson(path, 'refers to an object that it is within');
    if (path.length > this.#limits.maxDepth) {
      throw new NotPlainJson(path, `is nested deeper than ${this.#limits.maxDepth} levels`);
    }
    this.#count(null, path); // brackets, so that many empty objects count too
    this.#open.add(object);
    const copied = Array.isArray(object) ? this.#list(object, path) : this.#record(object, path);
    this.#open.delete(object);
    return copied;
  }

  #list(list: readonly unknown[], path: readonly PropertyKey[]): JsonValue {
    const items: JsonValue[] = [];
    for (let index = 0; index < list.length; index++) {
      items.push(this.copy(read(list, index, path), [...path, index]));
    }
    return items;
  }

  #record(record: object, path: readonly PropertyKey[]): JsonValue {
    const prototype: unknown = Object.getPrototypeOf(record);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new NotPlainJson(path, `expected plain JSON, got ${kindOf(record)}`);
    }
    const entries: [string, JsonValue][] = [];
    for (const key of Object.keys(record)) {
      const item = read(record, key, path);
      if (item === undefined) continue;
      this.#count(key, path);
      entries.push([key, this.copy(item, [...path, key])]);
    }
    return Object.fromEntries(entries);
  }

  /** As JSON, with the comma or colon behind it. */
  #count(scalar: string | number | boolean | null, path: readonly PropertyKey[]): void {
    const characterCount =
      typeof scalar === 'string' && scalar.length > this.#charactersLeft ? scalar.length : jsonLength(scalar);
    this.#charactersLeft -= characterCount + 1;
    if (this.#charactersLeft >= 0) return;
    const [first] = path;
    throw new NotPlainJson(
      first === undefined ? [] : [first],
      `is too much: all of it may have ${this.#limits.maxCharacters} characters as JSON`,
    );
  }
}

const jsonLength = (scalar: string | number | boolean | null) => JSON.stringify(scalar).length;

function read(object: object, key: PropertyKey, path: readonly PropertyKey[]): unknown {
  try {
    return Reflect.get(object, key);
  } catch (cause) {
    throw new NotPlainJson([...path, key], `cannot be read: ${messageOf(cause)}`);
  }
}

function kindOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return 'an object made by a class';
}
