/** How a schema of anything becomes the schema of one object, which is all that models can be asked for. */

import { isSchemaObject, mapSubschemas, own, type SchemaObject } from './keywords.js';
import { referenceIn } from './references.js';

/** The member that holds the answer where the schema asked for is not of an object. */
export const WRAPPED = 'value';

/** Services refuse these at the top, beside `type: 'object'` too. */
const NOT_AT_THE_TOP = ['$ref', 'anyOf', 'oneOf', 'allOf', 'not', 'enum', 'const', 'if'];

export function isOfOneObject(schema: SchemaObject): boolean {
  return schema.type === 'object' && NOT_AT_THE_TOP.every((keyword) => schema[keyword] === undefined);
}

/** A schema that is no more than a reference to one of its definitions becomes that definition, beside the others. */
export function inlined(schema: SchemaObject): SchemaObject {
  const { $ref, $defs, $schema, ...rest } = schema;
  if (typeof $ref !== 'string' || !$ref.startsWith('#/$defs/') || Object.keys(rest).length > 0) return schema;
  const target = own($defs, $ref.slice('#/$defs/'.length));
  if (!isSchemaObject(target) || target.$defs !== undefined) return schema;
  return { ...($schema === undefined ? {} : { $schema }), ...target, $defs };
}

/** `{ value: ... }` around the schema; its references lead to the same places as before. */
export function wrapped(schema: SchemaObject): SchemaObject {
  const { $defs, $schema, ...rest } = schema;
  const definitions = isSchemaObject($defs) ? $defs : {};
  const name = unusedName(definitions);
  // With references to its root or into its middle, the schema moves to a definition of its own; else it stays readable in place.
  const isReferredTo = references(rest).concat(Object.values(definitions).flatMap(references)).some(leadsInside);
  const move = (sub: unknown): unknown => {
    if (!isSchemaObject(sub)) return sub;
    const reference = referenceIn(sub);
    const moved = mapSubschemas(sub, move);
    return reference !== undefined && leadsInside(reference)
      ? { ...moved, $ref: `#/$defs/${name}${reference.slice(1)}` }
      : moved;
  };
  const all = mapSubschemas({ ...($defs === undefined ? {} : { $defs }) }, move);
  const value = isReferredTo ? { $ref: `#/$defs/${name}` } : rest;
  return {
    ...($schema === undefined ? {} : { $schema }),
    type: 'object',
    properties: { [WRAPPED]: value },
    required: [WRAPPED],
    additionalProperties: false,
    ...(isReferredTo ? { $defs: { ...definitionsIn(all), [name]: move(rest) } } : all),
  };
}

function definitionsIn(schema: SchemaObject): SchemaObject {
  return isSchemaObject(schema.$defs) ? schema.$defs : {};
}

/** To the root, or to a place that moves with it; anchors and `$defs` stay where they are found. */
function leadsInside(reference: string): boolean {
  return reference === '#' || (reference.startsWith('#/') && !reference.startsWith('#/$defs/'));
}

function references(schema: unknown): readonly string[] {
  const found: string[] = [];
  const visit = (sub: unknown): unknown => {
    const reference = referenceIn(sub);
    if (reference !== undefined) found.push(reference);
    if (isSchemaObject(sub)) mapSubschemas(sub, visit);
    return sub;
  };
  visit(schema);
  return found;
}

function unusedName(definitions: SchemaObject): string {
  let name = 'answer';
  while (own(definitions, name) !== undefined) name += '_';
  return name;
}
