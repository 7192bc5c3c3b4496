/** What a schema demands of an answer: what stands in for members that are left out is made anew each time by some. */

import { isSchemaObject, mapSubschemas } from './keywords.js';

/** The same schema without `default`, at any depth. */
export function withoutDefaults(schema: unknown): unknown {
  if (!isSchemaObject(schema)) return schema;
  const { default: _, ...rest } = schema;
  return mapSubschemas(rest, withoutDefaults);
}
