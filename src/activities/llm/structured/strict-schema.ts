/** Whether a schema can be sent in the strict mode of a service, which keeps to it by force but knows only a part of JSON Schema. */

import { everySchema, isSchemaObject, mapSubschemas, own, type SchemaObject } from './keywords.js';

/** What the strict mode knows; anything else makes the service refuse the request. */
const KNOWN = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const', 'anyOf', '$ref', '$defs'],
  ...['title', 'description', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minItems', 'maxItems'],
]);

/** Levels of members that the strict mode takes (OpenAI, structured outputs: 10). */
const MAX_STRICT_LEVELS = 10;

/**
 * The schema as the strict mode wants it, where it says the same: all properties required, nothing else allowed. Else undefined.
 * @param areOpenObjectsClosed Whoever checks the answer drops unknown members, so that forbidding them changes nothing.
 */
export function strictForm(schema: SchemaObject, areOpenObjectsClosed: boolean): SchemaObject | undefined {
  let fits = true;
  const strict = (sub: unknown): unknown => {
    if (!isSchemaObject(sub)) {
      fits = false;
      return sub;
    }
    const { $schema: _, ...rest } = withAnyOf(sub);
    const closed = closedObject(rest, areOpenObjectsClosed);
    if (closed === undefined || !Object.keys(closed).every((keyword) => KNOWN.has(keyword)) || !hasType(closed)) {
      fits = false;
      return sub;
    }
    return mapSubschemas(closed, (inner, path) => (path[0] === 'additionalProperties' ? inner : strict(inner)));
  };
  const form = strict(schema);
  return fits && isSchemaObject(form) && levelsOf(form) <= MAX_STRICT_LEVELS ? form : undefined;
}

function levelsOf(schema: SchemaObject): number {
  const levels = everySchema(schema).map(({ path }) => path.filter((step) => step === 'properties').length);
  return Math.max(...levels);
}

function closedObject(schema: SchemaObject, areOpenObjectsClosed: boolean): SchemaObject | undefined {
  if (![schema.type].flat().includes('object')) return schema;
  const { properties = {}, required = [], additionalProperties } = schema;
  if (!isSchemaObject(properties) || !Array.isArray(required)) return undefined;
  const names = Object.keys(properties);
  if (names.some((name) => !required.includes(name)) || required.length !== names.length) return undefined;
  const isClosed = additionalProperties === false || (additionalProperties === undefined && areOpenObjectsClosed);
  return isClosed ? { ...schema, properties, required, additionalProperties: false } : undefined;
}

/** `oneOf` is not known; where a member tells its alternatives apart, `anyOf` means the same. */
function withAnyOf(schema: SchemaObject): SchemaObject {
  const { oneOf, ...rest } = schema;
  return Array.isArray(oneOf) && schema.anyOf === undefined && areToldApart(oneOf) ? { ...rest, anyOf: oneOf } : schema;
}

function areToldApart(alternatives: readonly unknown[]): boolean {
  const names = Object.keys(Object(own(alternatives[0], 'properties')));
  return names.some((name) => {
    const values = alternatives.map((alternative) => {
      const required = own(alternative, 'required');
      if (!Array.isArray(required) || !required.includes(name)) return undefined;
      return own(own(own(alternative, 'properties'), name), 'const');
    });
    return values.every((value) => typeof value === 'string') && new Set(values).size === values.length;
  });
}

/** A schema that admits anything is refused. */
function hasType({ type, anyOf, $ref }: SchemaObject): boolean {
  return type !== undefined || anyOf !== undefined || $ref !== undefined;
}
