/** What of a body may travel in an event: its own fields, as plain data that no reader can change for the others. */

import { type AgentEventBody, FIELDS } from './agent-event.js';

/** Deeper data is left as it is: bodies are made of redacted data, which ends before. */
const MAX_DEPTH = 110;

const ONLY_TYPE: ReadonlySet<string> = new Set(['type']);

/**
 * The body itself where it has no fields but its own and they hold texts and numbers, else a copy without the others. What is nested
 * is copied, since it is its maker's to change, and frozen.
 */
export function sealedBody(body: AgentEventBody): AgentEventBody {
  const fields = FIELDS.get(body.type) ?? ONLY_TYPE;
  return isFlat(body, fields) ? body : copyOf(body, fields);
}

function isFlat(body: object, fields: ReadonlySet<string>): boolean {
  for (const key in body) {
    if (!fields.has(key)) return false;
    const value: unknown = body[key as keyof typeof body];
    if (typeof value === 'object' && value !== null) return false;
  }
  return true;
}

function copyOf(body: AgentEventBody, fields: ReadonlySet<string>): AgentEventBody {
  const copies = new Map<object, object>();
  const entries = Object.entries(body).filter(([key]) => fields.has(key));
  // The same fields with equal values.
  return Object.fromEntries(entries.map(([key, value]) => [key, frozenCopy(value, copies, 1)])) as AgentEventBody;
}

/** Only lists and plain objects; each once, so that neither circles nor many references to one take long. */
function frozenCopy(value: unknown, copies: Map<object, object>, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  const before = copies.get(value);
  if (before !== undefined) return before;
  const isList = Array.isArray(value);
  if (!isList && !isPlainObject(value)) return value;
  const copy: object = isList ? [] : {};
  copies.set(value, copy);
  for (const [key, item] of Object.entries(value)) {
    const copied = frozenCopy(item, copies, depth + 1);
    // Assigning to `__proto__` would change the prototype.
    Object.defineProperty(copy, key, { value: copied, enumerable: true, configurable: true, writable: true });
  }
  return Object.freeze(copy);
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
