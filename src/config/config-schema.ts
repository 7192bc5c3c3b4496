/** How a config's schema is held against what was written: keys in either spelling, faults told with file, line and key. */

import { z } from 'zod';
import { messageOf, TroupeError } from '../domain/errors.js';
import { type ConfigNode, camelCase, locate, plainValue } from './config-node.js';
import { place } from './source-text.js';

/**
 * A strict object whose keys may also be written in snake_case. An unknown key is an error that lists the known ones; one key in
 * both spellings is an error.
 */
export function block<Shape extends z.ZodRawShape>(shape: Shape) {
  const schema = strict(shape);
  const respelled = z.preprocess((value, context) => inCamelCase(value, schema.shape, context), schema);
  // The preprocessing takes and gives what the schema takes; zod types its input as unknown.
  return respelled as z.ZodType<z.output<typeof schema>, z.input<typeof schema>>;
}

/** A strict object whose unknown keys are told with the known ones. */
export function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `unknown key; known keys: ${known}` : undefined),
  });
}

/** Values by names that the writer chose. zod would pass over `__proto__` in silence. */
export function named<Value extends z.ZodType>(name: z.ZodString, value: Value) {
  const record = z.record(name, value);
  const checked = z.preprocess((input, context) => {
    if (typeof input === 'object' && input !== null && Object.hasOwn(input, '__proto__')) {
      context.addIssue({ code: 'custom', path: ['__proto__'], message: 'this name cannot be used' });
    }
    return input;
  }, record);
  return checked as z.ZodType<z.output<typeof record>, z.input<typeof record>>; // as in `block`
}

/** @throws TroupeError `config_invalid`; the message names `what` and lists every issue as `path: problem`. */
export function parseValue<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = readSafely(schema, value, what);
  if (parsed.success) return parsed.data;
  const problems = issuesOf(parsed.error).map(
    ({ path, message }) => `${path.map(String).join('.') || '(root)'}: ${message}`,
  );
  throw new TroupeError('config_invalid', `${what}: ${problems.join('; ')}`, { cause: parsed.error });
}

/** @throws TroupeError `config_invalid`; the message lists every issue as `file:line:column: key: problem`. */
export function parseNode<Schema extends z.ZodType>(schema: Schema, node: ConfigNode, file: string): z.output<Schema> {
  const parsed = schema.safeParse(plainValue(node));
  if (parsed.success) return parsed.data;
  const problems = issuesOf(parsed.error).map(({ path, message }) => {
    const { position, spelled } = locate(node, path);
    return `${place(file, position)}: ${spelled.join('.') || 'the file'}: ${message}`;
  });
  throw new TroupeError('config_invalid', problems.join('; '), { cause: parsed.error });
}

/** A caller's object may have getters, or be a proxy: what they throw is told as a fault of the config. */
function readSafely<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string) {
  try {
    return schema.safeParse(value);
  } catch (cause) {
    const path = unreadableIn(value, new Set())?.join('.') || '(root)';
    throw new TroupeError('config_invalid', `${what}: ${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}

const MAX_SEARCHED_OBJECTS = 1_000;

/** The way to the first property that throws when it is read. */
function unreadableIn(value: unknown, seen: Set<unknown>): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value) || seen.size >= MAX_SEARCHED_OBJECTS)
    return undefined;
  seen.add(value);
  let keys: readonly string[];
  try {
    keys = Object.keys(value);
  } catch {
    return [];
  }
  for (const key of keys) {
    try {
      const path = unreadableIn(Reflect.get(value, key), seen);
      if (path !== undefined) return [key, ...path];
    } catch {
      return [key];
    }
  }
  return undefined;
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** One issue for each unknown key, with the key as the end of its path. */
export function issuesOf(error: z.ZodError): readonly Issue[] {
  return error.issues.flatMap((issue): Issue[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: issue.message }))
      : [issue],
  );
}

function inCamelCase(value: unknown, shape: z.ZodRawShape, context: z.RefinementCtx): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const respelled: Record<string, unknown> = Object.create(null);
  const spellings = new Map<string, string>();
  for (const [key, entry] of Object.entries(value)) {
    const camel = camelCase(key);
    const name = Object.hasOwn(shape, camel) ? camel : key;
    const other = spellings.get(name);
    if (other !== undefined) {
      context.addIssue({ code: 'custom', path: [key], message: `given twice, as ${other} and as ${key}; keep one` });
    }
    spellings.set(name, key);
    respelled[name] = entry;
  }
  return respelled;
}
