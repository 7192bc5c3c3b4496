/** Redaction of plain data: every text and key in it, at any depth. */

const MAX_DEPTH = 100;
const TOO_DEEP = '(nested too deep)';
const CIRCULAR = '(refers to itself)';
const UNREADABLE = '(cannot be read)';

type Redact = (text: string) => string;

/** What became of an object, and how many levels of objects it has, itself included. */
interface Done {
  readonly value: unknown;
  readonly height: number;
}

/** An object that is being gone through: whoever refers to it stands within it. */
const OPEN: Done = { value: CIRCULAR, height: 0 };

/**
 * The value itself when nothing in it had to go, else a copy. Of what is nested deeper than 100 levels, of a reference to what it
 * stands in, and of what throws when it is read, a note is left. Each object is gone through once, however often it is referred to.
 */
export function redactValue<Value>(value: Value, redact: Redact): Value {
  if (typeof value === 'string') return redact(value) as Value; // a text for a text
  if (typeof value !== 'object' || value === null) return value;
  return new Redaction(value, redact).redacted().value as Value; // the same shape, with other texts
}

class Redaction {
  readonly #root: object;
  readonly #redact: Redact;
  /** Made for the first object within the root: most data has none. */
  #done: Map<object, Done> | undefined;

  constructor(root: object, redact: Redact) {
    this.#root = root;
    this.#redact = redact;
  }

  redacted(): Done {
    return this.#object(this.#root, 1);
  }

  /** @param level of the object, from 1 for the root. */
  #within(object: object, level: number): Done {
    if (level > MAX_DEPTH) return { value: TOO_DEEP, height: 0 };
    this.#done ??= new Map([[this.#root, OPEN]]);
    const before = this.#done.get(object);
    // By a second reference it may come to stand deeper than by the first.
    if (before !== undefined) return level + before.height - 1 > MAX_DEPTH ? { value: TOO_DEEP, height: 0 } : before;
    this.#done.set(object, OPEN);
    const done = this.#object(object, level);
    this.#done.set(object, done);
    return done;
  }

  #object(object: object, level: number): Done {
    try {
      return Array.isArray(object) ? this.#list(object, level) : this.#record(object, level);
    } catch {
      return { value: UNREADABLE, height: 0 }; // a proxy
    }
  }

  #list(list: readonly unknown[], level: number): Done {
    let height = 1;
    let isChanged = false;
    const items = list.map((item) => {
      if (typeof item === 'object' && item !== null) {
        const done = this.#within(item, level + 1);
        height = Math.max(height, done.height + 1);
        if (done.value !== item) isChanged = true;
        return done.value;
      }
      const shown = typeof item === 'string' ? this.#redact(item) : item;
      if (shown !== item) isChanged = true;
      return shown;
    });
    return { value: isChanged ? items : list, height };
  }

  #record(record: object, level: number): Done {
    let height = 1;
    let isChanged = false;
    let entries: [string, unknown][];
    try {
      entries = Object.entries(record);
    } catch {
      entries = Object.keys(record).map((key) => [key, readable(record, key)]);
      isChanged = true;
    }
    for (const entry of entries) {
      const [key, item] = entry;
      entry[0] = this.#redact(key);
      if (typeof item === 'string') {
        entry[1] = this.#redact(item);
      } else if (typeof item === 'object' && item !== null) {
        const done = this.#within(item, level + 1);
        height = Math.max(height, done.height + 1);
        entry[1] = done.value;
      }
      if (entry[0] !== key || entry[1] !== item) isChanged = true;
    }
    return { value: isChanged ? Object.fromEntries(entries) : record, height };
  }
}

function readable(record: object, key: string): unknown {
  try {
    return Reflect.get(record, key);
  } catch {
    return UNREADABLE; // a getter that throws
  }
}
