/** Plain data that is handed to many, and that none of them can change for the others. */

/** Deeper data is left as it is: what is told is redacted before, and ends there. */
const MAX_DEPTH = 110;
/** Looked at no deeper, so that circles and many references to one end soon. */
const MAX_FIXED_DEPTH = 4;

/** A frozen copy of lists and plain objects, at any depth, or the value itself where nothing of it can change; anything else is kept as it is. */
export function frozenCopy<Value>(value: Value): Value {
  if (isFixed(value, 0)) return value;
  return copyOf(value, new Map(), 0) as Value; // the same shape
}

/** Nothing in it can change: what was copied once need not be copied for each who is told. */
function isFixed(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_FIXED_DEPTH || !Object.isFrozen(value)) return false;
  for (const key in value) if (!isFixed(value[key as keyof typeof value], depth + 1)) return false;
  return true;
}

/** Only lists and plain objects; each once, so that neither circles nor many references to one take long. */
function copyOf(value: unknown, copies: Map<object, object>, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  const before = copies.get(value);
  if (before !== undefined) return before;
  const isList = Array.isArray(value);
  if (!isList && !isPlainObject(value)) return value;
  const copy = (isList ? [] : {}) as Record<string, unknown>; // a list too is written by its keys
  copies.set(value, copy);
  for (const key of Object.keys(value)) {
    const copied = copyOf(value[key as keyof typeof value], copies, depth + 1);
    if (key !== '__proto__') copy[key] = copied;
    // Assigning to it would change the prototype.
    else Object.defineProperty(copy, key, { value: copied, enumerable: true, configurable: true, writable: true });
  }
  return Object.freeze(copy);
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
