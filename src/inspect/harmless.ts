/** What leaves for an inspector: plain data, without secrets, with long texts and lists cut. */

/** As deep as the definitions of the charts reach, with room. */
export const MAX_DEPTH = 30;
const MAX_ITEMS = 100;
const TOO_DEEP = '(nested too deep)';
const CIRCULAR = '(refers to itself)';
const UNREADABLE = '(cannot be read)';

export interface Tidying {
  readonly redact: (text: string) => string;
  /** A longer text is cut. */
  readonly maxTextLength: number;
  /** Of a list, and keys of an object; 100 by default. */
  readonly maxItems?: number;
}

/** A copy that JSON can hold whatever the value is: also one with cycles, errors, functions, big numbers. */
export function harmlessCopy(value: unknown, tidying: Tidying): unknown {
  return copyOf(value, tidying, []);
}

function copyOf(value: unknown, tidying: Tidying, above: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
      return cut(tidying.redact(value), tidying.maxTextLength);
    case 'bigint':
      return String(value);
    case 'function':
      return { type: value.name };
    case 'symbol':
      return String(value);
    case 'object':
      return value === null ? null : copyOfObject(value, tidying, above);
    default:
      return value;
  }
}

function copyOfObject(object: object, tidying: Tidying, above: readonly object[]): unknown {
  if (above.includes(object)) return CIRCULAR;
  if (above.length >= MAX_DEPTH) return TOO_DEEP;
  const path = [...above, object];
  const { maxItems = MAX_ITEMS } = tidying;
  try {
    if (Array.isArray(object)) {
      const items = object.slice(0, maxItems).map((item) => copyOf(item, tidying, path));
      const left = object.length - items.length;
      return left > 0 ? [...items, `(and ${left} more)`] : items;
    }
    // Snapshots and actors say by themselves what is worth to be seen of them.
    if ('toJSON' in object && typeof object.toJSON === 'function') return copyOf(object.toJSON(), tidying, path);
    const seen =
      object instanceof Error ? Object.assign({ name: object.name, message: object.message }, object) : object;
    const entries = Object.entries(seen);
    const copies = entries
      .slice(0, maxItems)
      .map(([key, item]) => [tidying.redact(key), copyOf(item, tidying, path)] as const);
    if (entries.length > maxItems) copies.push(['…', `(and ${entries.length - maxItems} more)`]);
    return Object.fromEntries(copies);
  } catch {
    return UNREADABLE; // a getter or a proxy that throws
  }
}

function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
}
