/** Redaction of plain data: every text and key in it, at any depth. */

const MAX_DEPTH = 100;

/** The value itself when nothing in it had to go, else a copy; what is nested deeper than 100 levels is left out. */
export function redactValue<Value>(value: Value, redact: (text: string) => string): Value {
  return redacted(value, redact, 0) as Value; // the same shape, with other texts
}

function redacted(value: unknown, redact: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '(nested too deep)';
  if (Array.isArray(value)) {
    const items = value.map((item) => redacted(item, redact, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const before = Object.entries(value);
  const entries = before.map(([key, item]) => [redact(key), redacted(item, redact, depth + 1)] as const);
  const changed = entries.some(([key, item], index) => key !== before[index]?.[0] || item !== before[index]?.[1]);
  return changed ? Object.fromEntries(entries) : value;
}
