/** The smallest value that a JSON Schema admits, so far as simple rules find one: for the model that is none. */

import { createJsonSchemaCheck } from './json-schema-validator.js';
import { isSchemaObject, own, type SchemaObject } from './keywords.js';
import { createResolver, type Resolve, referenceIn } from './references.js';

/** Texts by format that pass every check of it. */
const BY_FORMAT: Readonly<Record<string, string>> = {
  'date-time': '2000-01-01T00:00:00Z',
  date: '2000-01-01',
  time: '00:00:00Z',
  duration: 'PT0S',
  email: 'nobody@example.com',
  hostname: 'example.com',
  ipv4: '127.0.0.1',
  ipv6: '::1',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  'uri-reference': '/',
  uuid: '00000000-0000-4000-8000-000000000000',
};
/** Tried where a pattern asks for something: not to find every text, but the common ones. */
const TRIES = [
  'a',
  'A',
  '0',
  'aa',
  '00',
  'a-0',
  'A-0',
  'abc',
  'ABC',
  '1.0.0',
  '0000',
  '2000-01-01',
  '#000000',
  'a@a.aa',
];
/** Longer texts and lists than anyone means. */
const MAX_COUNT = 1_000;

/** Undefined where none was found. `filler` is written into free texts where it fits. */
export function sampleOf(schema: SchemaObject, filler: string): Found {
  try {
    const found = new Sampling(createResolver(schema), filler).of(schema, new Set());
    if (found === undefined) return undefined;
    return createJsonSchemaCheck(schema, '2020-12')(found.value).length === 0 ? found : undefined;
  } catch {
    return undefined; // a pattern of zod's that the strict reading of JSON Schema does not take
  }
}

export type Found = { readonly value: unknown } | undefined;

class Sampling {
  readonly #resolve: Resolve;
  readonly #filler: string;

  constructor(resolve: Resolve, filler: string) {
    this.#resolve = resolve;
    this.#filler = filler;
  }

  /** `above` are the references on the way here: the smallest value never needs one of them again, and so recursion ends. */
  of(schema: unknown, above: ReadonlySet<string>): Found {
    if (!isSchemaObject(schema)) return schema === false ? undefined : { value: null };
    if (Object.hasOwn(schema, 'const')) return { value: schema.const };
    if (Array.isArray(schema.enum)) return { value: schema.enum[0] };
    if (Object.hasOwn(schema, 'default')) return { value: schema.default };
    const reference = referenceIn(schema);
    if (reference !== undefined) {
      return above.has(reference) ? undefined : this.of(this.#resolve(reference), new Set([...above, reference]));
    }
    const alternatives = schema.anyOf ?? schema.oneOf;
    if (Array.isArray(alternatives)) {
      return firstFound(alternatives, (alternative) => this.of(together(schema, alternative), above));
    }
    if (Array.isArray(schema.allOf)) return this.of(schema.allOf.reduce<SchemaObject>(together, schema), above);
    return firstFound([schema.type ?? typeMeantBy(schema)].flat(), (type) => this.#ofType(type, schema, above));
  }

  #ofType(type: unknown, schema: SchemaObject, above: ReadonlySet<string>): Found {
    switch (type) {
      case 'object':
        return this.#object(schema, above);
      case 'array':
        return this.#list(schema, above);
      case 'string':
        return this.#text(schema);
      case 'number':
      case 'integer':
        return { value: numberOf(schema, type === 'integer') };
      case 'boolean':
        return { value: false };
      default:
        return { value: null };
    }
  }

  #object(schema: SchemaObject, above: ReadonlySet<string>): Found {
    const members: [string, unknown][] = [];
    for (const key of Array.isArray(schema.required) ? schema.required : []) {
      const found = this.of(own(schema.properties, String(key)) ?? schema.additionalProperties ?? true, above);
      if (found === undefined) return undefined;
      members.push([String(key), found.value]);
    }
    return { value: Object.fromEntries(members) };
  }

  #list(schema: SchemaObject, above: ReadonlySet<string>): Found {
    const count = Math.min(typeof schema.minItems === 'number' ? schema.minItems : 0, MAX_COUNT);
    const prefix = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
    const items: unknown[] = [];
    for (let index = 0; index < count; index++) {
      const found = this.of(prefix[index] ?? schema.items ?? schema.contains ?? true, above);
      if (found === undefined) return undefined;
      items.push(found.value);
    }
    return { value: items };
  }

  #text({ pattern, format, minLength, maxLength }: SchemaObject): Found {
    const least = typeof minLength === 'number' ? Math.min(minLength, MAX_COUNT) : 0;
    const most = typeof maxLength === 'number' ? maxLength : Number.POSITIVE_INFINITY;
    const known = typeof format === 'string' ? own(BY_FORMAT, format) : undefined;
    if (known !== undefined) return { value: known };
    const fitting = [this.#filler, '', ...TRIES]
      .map((text) => text.padEnd(least, text.at(-1) ?? '.'))
      .filter((text) => text.length <= most);
    const value =
      typeof pattern === 'string' ? fitting.find((text) => new RegExp(pattern, 'u').test(text)) : fitting[0];
    return value === undefined ? undefined : { value };
  }
}

function firstFound(candidates: readonly unknown[], find: (candidate: unknown) => Found): Found {
  for (const candidate of candidates) {
    const found = find(candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The keywords of both; of two that must be merged only those that objects need. */
function together(schema: SchemaObject, other: unknown): SchemaObject {
  const { anyOf: _anyOf, oneOf: _oneOf, allOf: _allOf, ...rest } = schema;
  if (!isSchemaObject(other)) return rest;
  const both = (key: string) => ({ ...Object(own(rest, key)), ...Object(own(other, key)) });
  const required = [rest.required, other.required].flatMap((names) => (Array.isArray(names) ? names : []));
  return {
    ...rest,
    ...other,
    ...(rest.properties || other.properties ? { properties: both('properties') } : {}),
    ...(required.length > 0 ? { required: [...new Set(required)] } : {}),
  };
}

function typeMeantBy({ properties, required, items, prefixItems }: SchemaObject): string {
  if (properties !== undefined || required !== undefined) return 'object';
  return items !== undefined || prefixItems !== undefined ? 'array' : 'string';
}

function numberOf(schema: SchemaObject, isInteger: boolean): number {
  const bound = (key: string, otherwise: number) => (typeof schema[key] === 'number' ? schema[key] : otherwise);
  const step = bound('multipleOf', isInteger ? 1 : 0);
  const low = Math.max(bound('minimum', -Infinity), bound('exclusiveMinimum', -Infinity));
  const high = Math.min(bound('maximum', Infinity), bound('exclusiveMaximum', Infinity));
  if (step === 0) {
    const middle = low + (high - low) / 2;
    const isZeroInside = low < 0 && high > 0;
    if (isZeroInside) return 0;
    if (Number.isFinite(middle)) return middle;
    return Number.isFinite(low) ? low + 1 : high - 1;
  }
  if (low < 0 && high > 0) return 0;
  if (low <= 0 && high > 0 && schema.exclusiveMinimum !== 0) return 0;
  const isLowOpen = schema.exclusiveMinimum === low;
  if (Number.isFinite(low)) return (isLowOpen ? Math.floor(low / step) + 1 : Math.ceil(low / step)) * step;
  return (schema.exclusiveMaximum === high ? Math.ceil(high / step) - 1 : Math.floor(high / step)) * step;
}
