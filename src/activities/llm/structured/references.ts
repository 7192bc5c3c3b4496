/** What a reference in a schema points at: only within the same schema, never over the network. */

import { everySchema, isSchemaObject, own } from './keywords.js';

/** The schema that a `$ref` names; undefined where there is none. */
export type Resolve = (reference: unknown) => unknown;

/** Knows `#`, `#/path/to/schema` and `#anchor`, for every place of `root` that holds a schema. */
export function createResolver(root: unknown): Resolve {
  const schemaByFragment = new Map<string, unknown>();
  for (const { schema, path } of everySchema(root)) {
    schemaByFragment.set(path.map((step) => `/${escapeStep(step)}`).join(''), schema);
    const anchor = own(schema, '$anchor');
    if (typeof anchor === 'string') schemaByFragment.set(anchor, schema);
  }
  return (reference) => {
    if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined;
    return schemaByFragment.get(decoded(reference.slice(1)));
  };
}

/** Whether a schema is a reference and, if so, to what. */
export function referenceIn(schema: unknown): string | undefined {
  const reference = own(schema, '$ref');
  return isSchemaObject(schema) && typeof reference === 'string' ? reference : undefined;
}

/** As JSON Pointer wants it (RFC 6901). */
function escapeStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment; // a stray percent sign
  }
}
