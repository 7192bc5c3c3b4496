/** Which keywords JSON Schema has, what their values are, and where schemas lie within a schema. */

export type KeywordKind =
  | 'schema'
  | 'schemas'
  | 'schemaMap'
  | 'schemaOrSchemas'
  | 'dependencies'
  | 'types'
  | 'values'
  | 'texts'
  | 'textsByKey'
  | 'text'
  | 'pattern'
  | 'reference'
  | 'count'
  | 'number'
  | 'positive'
  | 'boolean'
  | 'any'
  | 'unsupported';

const KEYWORDS: Readonly<Record<KeywordKind, readonly string[]>> = {
  schema: [
    ...['additionalProperties', 'unevaluatedProperties', 'propertyNames', 'contains', 'additionalItems'],
    ...['unevaluatedItems', 'not', 'if', 'then', 'else', 'contentSchema'],
  ],
  schemas: ['allOf', 'anyOf', 'oneOf', 'prefixItems'],
  schemaMap: ['$defs', 'definitions', 'properties', 'patternProperties', 'dependentSchemas'],
  schemaOrSchemas: ['items'],
  dependencies: ['dependencies'],
  types: ['type'],
  values: ['enum'],
  texts: ['required'],
  textsByKey: ['dependentRequired'],
  text: [
    'title',
    'description',
    '$comment',
    '$schema',
    '$id',
    '$anchor',
    'contentEncoding',
    'contentMediaType',
    'format',
  ],
  pattern: ['pattern'],
  reference: ['$ref'],
  count: [
    ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minContains', 'maxContains'],
    ...['minProperties', 'maxProperties'],
  ],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  positive: ['multipleOf'],
  boolean: ['uniqueItems', 'deprecated', 'readOnly', 'writeOnly'],
  any: ['const', 'default', 'examples', 'example', 'discriminator', 'id'],
  unsupported: ['$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$recursiveAnchor', '$vocabulary', 'nullable'],
};

const kindByKeyword = new Map(
  Object.entries(KEYWORDS).flatMap(
    ([kind, names]) => names.map((name) => [name, kind as KeywordKind] as const), // the keys of a record of kinds
  ),
);

export const KEYWORD_NAMES: readonly string[] = [...kindByKeyword.keys()];

export function kindOf(keyword: string): KeywordKind | undefined {
  return kindByKeyword.get(keyword);
}

/** An object that is no list: every schema but `true` and `false`. */
export type SchemaObject = Readonly<Record<string, unknown>>;

export function isSchemaObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads `key` where it is the object's own: names in a schema are anybody's, `constructor` too. */
export function own(object: unknown, key: string): unknown {
  return isSchemaObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The same schema with `change` applied to each schema directly within it. */
export function mapSubschemas(
  schema: SchemaObject,
  change: (sub: unknown, path: readonly string[]) => unknown,
): SchemaObject {
  return mapEntries(schema, (value, keyword) => {
    const inList = (list: readonly unknown[]) => list.map((sub, index) => change(sub, [keyword, String(index)]));
    switch (kindOf(keyword)) {
      case 'schema':
        return change(value, [keyword]);
      case 'schemas':
        return Array.isArray(value) ? inList(value) : value;
      case 'schemaOrSchemas':
        return Array.isArray(value) ? inList(value) : change(value, [keyword]);
      case 'schemaMap':
        return isSchemaObject(value) ? mapEntries(value, (sub, key) => change(sub, [keyword, key])) : value;
      case 'dependencies':
        return isSchemaObject(value)
          ? mapEntries(value, (sub, key) => (Array.isArray(sub) ? sub : change(sub, [keyword, key])))
          : value;
      default:
        return value; // data: what looks like a schema there is none
    }
  });
}

/** Every schema in `root`, itself first, by its path. Not through references. */
export function everySchema(root: unknown): readonly { readonly schema: unknown; readonly path: readonly string[] }[] {
  const found: { schema: unknown; path: readonly string[] }[] = [];
  const visit = (schema: unknown, path: readonly string[]): unknown => {
    found.push({ schema, path });
    if (isSchemaObject(schema)) mapSubschemas(schema, (sub, steps) => visit(sub, [...path, ...steps]));
    return schema;
  };
  visit(root, []);
  return found;
}

function mapEntries(object: SchemaObject, change: (value: unknown, key: string) => unknown): SchemaObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}
