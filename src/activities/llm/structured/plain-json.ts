/** Whether a value is plain JSON of a bearable size; a copy of it, so that later changes by its owner do not matter. */

import { MAX_OUTPUT_SCHEMA_CHARACTERS, MAX_OUTPUT_SCHEMA_DEPTH } from '../../../domain/limits.js';

export type PlainJson = { readonly copy: unknown } | { readonly problem: string };

/** A place and what is wrong there; thrown and caught in this file only. */
class NotPlain {
  readonly problem: string;

  constructor(path: readonly string[], problem: string) {
    this.problem = path.length === 0 ? problem : `${path.join('.')}: ${problem}`;
  }
}

/** Members that are undefined are left out, as JSON does. */
export function copyPlainJson(value: unknown): PlainJson {
  try {
    return { copy: new Copying().copy(value, []) };
  } catch (thrown) {
    if (thrown instanceof NotPlain) return { problem: thrown.problem };
    throw thrown;
  }
}

class Copying {
  readonly #ancestors = new Set<object>();
  #characterCount = 0;

  copy(value: unknown, path: readonly string[]): unknown {
    switch (typeof value) {
      case 'string':
        this.#count(value.length);
        return value;
      case 'number':
        if (!Number.isFinite(value)) throw new NotPlain(path, `${value} is not a number of JSON`);
        this.#count(1);
        return value;
      case 'boolean':
        this.#count(4);
        return value;
      case 'object':
        this.#count(2);
        return value === null ? null : this.#copyObject(value, path);
      default:
        throw new NotPlain(path, `a ${typeof value} has no place in JSON`);
    }
  }

  #copyObject(value: object, path: readonly string[]): unknown {
    if (this.#ancestors.has(value)) throw new NotPlain(path, 'contains itself; use $ref for recursion');
    if (path.length >= MAX_OUTPUT_SCHEMA_DEPTH) {
      throw new NotPlain([], `nested deeper than ${MAX_OUTPUT_SCHEMA_DEPTH} levels; use $defs and $ref`);
    }
    this.#ancestors.add(value);
    const copy = Array.isArray(value)
      ? value.map((item, index) => this.copy(item, [...path, String(index)]))
      : this.#copyMembers(value, path);
    this.#ancestors.delete(value);
    return copy;
  }

  #copyMembers(value: object, path: readonly string[]): object {
    const prototype: unknown = Object.getPrototypeOf(value);
    // An object of another realm has another Object.prototype, whose own prototype is null as well.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw new NotPlain(path, `expected a plain object, found one of ${value.constructor?.name || 'some class'}`);
    }
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(
      members.map(([key, member]) => {
        this.#count(key.length + 1);
        return [key, this.copy(member, [...path, key])];
      }),
    );
  }

  #count(characters: number): void {
    this.#characterCount += characters;
    if (this.#characterCount > MAX_OUTPUT_SCHEMA_CHARACTERS) {
      throw new NotPlain([], `larger than ${MAX_OUTPUT_SCHEMA_CHARACTERS} characters; ask for less in one answer`);
    }
  }
}
