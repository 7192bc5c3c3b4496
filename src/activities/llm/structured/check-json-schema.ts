/** What makes a JSON Schema unusable: told before anything runs, with the place of each fault. */

import { everySchema, isSchemaObject, KEYWORD_NAMES, kindOf, type SchemaObject } from './keywords.js';
import { createResolver, type Resolve } from './references.js';

export type Draft = '2020-12' | '2019-09' | '7';

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
const INSTEAD: Readonly<Record<string, string>> = {
  nullable: "nullable is not JSON Schema; write type: ['string', 'null'], or anyOf with { type: 'null' }",
  $vocabulary: '$vocabulary is not supported; leave it out',
};

/** The draft that `$schema` names; 2020-12 by default, undefined where it names another. */
export function draftOf(schema: SchemaObject): Draft | undefined {
  const { $schema: named } = schema;
  if (named === undefined) return '2020-12';
  if (typeof named !== 'string') return undefined;
  if (/\bdraft\/2020-12\/schema#?$/.test(named)) return '2020-12';
  if (/\bdraft\/2019-09\/schema#?$/.test(named)) return '2019-09';
  return /\bdraft-0[67]\/schema#?$/.test(named) ? '7' : undefined;
}

/** One sentence for each fault, as `path: problem`; none: the schema can be used. */
export function faultsOfJsonSchema(root: SchemaObject): readonly string[] {
  const draft = draftOf(root);
  if (draft === undefined) {
    return [`$schema: ${shown(root.$schema)} is not known; expected draft 2020-12, 2019-09, draft-07 or draft-06`];
  }
  const keywords = Object.keys(root);
  if (keywords.length > 0 && keywords.every((keyword) => kindOf(keyword) === undefined)) {
    return [`not a JSON Schema: none of its keys (${keywords.slice(0, 5).join(', ')}) is a keyword of JSON Schema`];
  }
  const resolve = createResolver(root);
  return everySchema(root).flatMap(({ schema, path }) => {
    if (typeof schema === 'boolean') return [];
    const at = (problem: string, keyword?: string) =>
      `${[...path, ...(keyword === undefined ? [] : [keyword])].join('.') || '(root)'}: ${problem}`;
    if (!isSchemaObject(schema)) return [at(`expected a schema, an object or a boolean, not ${shown(schema)}`)];
    return Object.entries(schema).flatMap(([keyword, value]) => {
      const isRoot = path.length === 0;
      const fault = faultOf(keyword, value, { resolve, draft, isRoot });
      return fault === undefined ? [] : [at(fault, keyword)];
    });
  });
}

interface Place {
  readonly resolve: Resolve;
  readonly draft: Draft;
  readonly isRoot: boolean;
}

function faultOf(keyword: string, value: unknown, { resolve, draft, isRoot }: Place): string | undefined {
  const kind = kindOf(keyword);
  const expected = (isRight: boolean, what: string) => (isRight ? undefined : `expected ${what}, not ${shown(value)}`);
  switch (kind) {
    case undefined: {
      const meant = KEYWORD_NAMES.find((name) => isMistyped(keyword, name));
      return meant === undefined ? undefined : `not a keyword of JSON Schema; did you mean ${meant}?`;
    }
    case 'schema':
      return undefined; // told at the schema itself
    case 'schemaOrSchemas':
      if (!Array.isArray(value) || draft !== '2020-12') return undefined;
      return 'a list of schemas is prefixItems since draft 2020-12; rename it, or name draft-07 in $schema';
    case 'schemas':
      return expected(Array.isArray(value) && value.length > 0, 'a list of schemas that is not empty');
    case 'schemaMap':
      return (
        expected(isSchemaObject(value), 'an object of schemas') ??
        (keyword === 'patternProperties' ? faultOfPatterns(value) : undefined)
      );
    case 'dependencies':
      return expected(isSchemaObject(value), 'an object of schemas or lists of names');
    case 'types':
      return faultOfType(value);
    case 'values':
      return expected(Array.isArray(value) && value.length > 0, 'a list of values that is not empty');
    case 'texts':
      return expected(isTexts(value), 'a list of names');
    case 'textsByKey':
      return expected(isSchemaObject(value) && Object.values(value).every(isTexts), 'lists of names by key');
    case 'text':
      if (keyword === '$id' && !isRoot)
        return 'an $id within a schema moves its references; use $defs and #/$defs/name';
      return expected(typeof value === 'string', 'a text');
    case 'pattern':
      return expected(typeof value === 'string', 'a regular expression as text') ?? faultOfPattern(String(value));
    case 'reference':
      return faultOfReference(value, resolve);
    case 'count':
      return expected(Number.isInteger(value) && Number(value) >= 0, 'an integer of 0 or more');
    case 'number':
      return expected(typeof value === 'number', 'a number');
    case 'positive':
      return expected(typeof value === 'number' && value > 0, 'a number above 0');
    case 'boolean':
      return expected(typeof value === 'boolean', 'true or false');
    case 'unsupported':
      return INSTEAD[keyword] ?? `${keyword} is not supported; use $ref`;
    case 'any':
      // Draft 4 named schemas by it, and a text would be taken for that.
      return keyword === 'id' && typeof value === 'string'
        ? 'a schema has no id since draft 6; leave it out'
        : undefined;
    default:
      return kind satisfies never;
  }
}

function faultOfType(value: unknown): string | undefined {
  const types = Array.isArray(value) ? value : [value];
  if (types.length === 0) return 'expected a type, or a list of types that is not empty';
  const wrong = types.find((type) => !TYPES.includes(type));
  return wrong === undefined ? undefined : `expected one of ${TYPES.join(', ')}, not ${shown(wrong)}`;
}

function faultOfReference(value: unknown, resolve: Resolve): string | undefined {
  if (typeof value !== 'string') return `expected a text such as #/$defs/name, not ${shown(value)}`;
  if (!value.startsWith('#')) {
    return `${shown(value)} is outside this schema, and nothing is fetched; copy it into $defs and use #/$defs/name`;
  }
  return resolve(value) === undefined ? `${shown(value)} points at nothing that is a schema` : undefined;
}

function faultOfPatterns(value: unknown): string | undefined {
  return Object.keys(isSchemaObject(value) ? value : {})
    .map(faultOfPattern)
    .find((fault) => fault !== undefined);
}

/** As JSON Schema reads it: a regular expression of ECMAScript with the flag `u`. */
function faultOfPattern(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (cause) {
    return `no regular expression: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The same letters in another case or order, or one letter too few or too many; `x-...` is anyone's. */
function isMistyped(written: string, name: string): boolean {
  if (written.startsWith('x-') || name.length < 4) return false;
  const [a, b] = [written.toLowerCase(), name.toLowerCase()];
  if (a.length === b.length) return [...a].sort().join('') === [...b].sort().join('');
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (long.length - short.length !== 1) return false;
  return [...long].some((_, index) => long.slice(0, index) + long.slice(index + 1) === short);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
