/** Whether a schema admits any value at all, so far as that is plain to see; recursion that never ends admits none. */

import { everySchema, isSchemaObject, own, type SchemaObject } from './keywords.js';
import { createResolver, type Resolve, referenceIn } from './references.js';

/** False only where no value can pass; true does not promise that one can. */
export function mayAdmit(root: unknown): boolean {
  const resolve = createResolver(root);
  const targets = new Set(
    everySchema(root).flatMap(({ schema }) => {
      const reference = referenceIn(schema);
      return reference === undefined ? [] : [resolve(reference)];
    }),
  );
  // A value that is finite ends in schemas without references: from there the others are found, round by round.
  const known = new Set<unknown>();
  for (let before = -1; before !== known.size; ) {
    before = known.size;
    for (const target of targets) if (!known.has(target) && admits(target, resolve, known)) known.add(target);
  }
  return admits(root, resolve, known);
}

function admits(schema: unknown, resolve: Resolve, known: ReadonlySet<unknown>): boolean {
  if (!isSchemaObject(schema)) return schema !== false;
  const isPossible = (sub: unknown) => admits(sub, resolve, known);
  const { enum: values, not, allOf, anyOf, oneOf } = schema;
  if (Array.isArray(values) && values.length === 0) return false;
  if (not === true || (isSchemaObject(not) && Object.keys(not).length === 0)) return false;
  const reference = referenceIn(schema);
  if (reference !== undefined && !known.has(resolve(reference))) return false;
  if (Array.isArray(allOf) && !allOf.every(isPossible)) return false;
  if (Array.isArray(anyOf) && !anyOf.some(isPossible)) return false;
  if (Array.isArray(oneOf) && !oneOf.some(isPossible)) return false;
  const types = schema.type === undefined ? [] : [schema.type].flat();
  return types.length === 0 || types.some((type) => admitsType(type, schema, isPossible));
}

function admitsType(type: unknown, schema: SchemaObject, isPossible: (sub: unknown) => boolean): boolean {
  switch (type) {
    case 'object': {
      const required = Array.isArray(schema.required) ? schema.required : [];
      return (
        inOrder(schema, 'minProperties', 'maxProperties') && required.every((key) => isPossible(memberOf(schema, key)))
      );
    }
    case 'array': {
      const { minItems = 0, prefixItems, items } = schema;
      if (!inOrder(schema, 'minItems', 'maxItems')) return false;
      const prefix = Array.isArray(prefixItems) ? prefixItems : [];
      const isNeeded = (index: number) => typeof minItems === 'number' && index < minItems;
      return (
        prefix.every((item, index) => !isNeeded(index) || isPossible(item)) &&
        (!isNeeded(prefix.length) || Array.isArray(items) || isPossible(items))
      );
    }
    case 'string':
      return inOrder(schema, 'minLength', 'maxLength');
    case 'number':
    case 'integer':
      return inOrder(schema, 'minimum', 'maximum');
    default:
      return true;
  }
}

function memberOf(schema: SchemaObject, key: unknown): unknown {
  const member = own(schema.properties, String(key));
  if (member !== undefined || schema.patternProperties !== undefined) return member;
  return schema.additionalProperties;
}

function inOrder(schema: SchemaObject, low: string, high: string): boolean {
  const [least, most] = [schema[low], schema[high]];
  return typeof least !== 'number' || typeof most !== 'number' || least <= most;
}
