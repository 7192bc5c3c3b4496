/** Whether a schema refers to itself for one and the same value, which no check of that value can come to an end with. */

import { everySchema, isSchemaObject, mapSubschemas } from './keywords.js';
import { createResolver, referenceIn } from './references.js';

/** Schemas within these hold for the value itself, not for a part of it. */
const IN_PLACE = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas', 'dependencies']);

export function loopsInPlace(root: unknown): boolean {
  const resolve = createResolver(root);
  const done = new Set<unknown>();
  const onTheWay = new Set<unknown>();
  const loops = (schema: unknown): boolean => {
    if (!isSchemaObject(schema) || done.has(schema)) return false;
    if (onTheWay.has(schema)) return true;
    onTheWay.add(schema);
    const reference = referenceIn(schema);
    const next = reference === undefined ? [] : [resolve(reference)];
    mapSubschemas(schema, (sub, [keyword = '']) => {
      if (IN_PLACE.has(keyword)) next.push(sub);
      return sub;
    });
    const found = next.some(loops);
    onTheWay.delete(schema);
    done.add(schema);
    return found;
  };
  return everySchema(root).some(({ schema }) => loops(schema));
}
