/** What a zod schema tells the model, and how it checks what the model answers. */

import { z } from 'zod';
import { messageOf } from '../../../domain/errors.js';
import type { SchemaObject } from './keywords.js';
import { type Check, nearestOf, type Problem } from './problems.js';

/** Of zod 4, its copies and `zod/mini` too; what zod 3 makes is none. */
export function isZodSchema(value: unknown): value is z.ZodType {
  if (typeof value !== 'object' || value === null) return false;
  const inner: unknown = Reflect.get(value, '_zod');
  return typeof inner === 'object' && inner !== null && 'def' in inner;
}

/** The schema of what may come in, or a text that says what of it no JSON can hold. */
export function jsonSchemaOfZod(schema: z.ZodType): SchemaObject | string {
  const withoutForm: string[] = [];
  try {
    const found: SchemaObject = z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override({ zodSchema, jsonSchema, path }) {
        const { type } = zodSchema._zod.def;
        if (hasForm(type, jsonSchema)) return;
        withoutForm.push(
          `${placeOf(path.map(String))}: zod's ${type} has no JSON form; take a JSON type and transform it`,
        );
      },
    });
    return withoutForm.length > 0 ? [...new Set(withoutForm)].join('; ') : found;
  } catch (cause) {
    if (cause instanceof RangeError) return 'nested too deep to be written as JSON Schema';
    return `cannot be written as JSON Schema: ${messageOf(cause)}`;
  }
}

/** Types that JSON lacks, and functions whose input is not known, come out as schemas that say nothing; so do those that hold them. */
const SAY_NOTHING_RIGHTLY = new Set([
  'any',
  'unknown',
  'lazy',
  'pipe',
  'optional',
  'nullable',
  'default',
  'prefault',
  'nonoptional',
  'readonly',
  'catch',
  'success',
]);

function hasForm(type: string, jsonSchema: object): boolean {
  if (type === 'file' || type === 'promise') return false; // zod writes them as what they hold
  return Object.keys(jsonSchema).length > 0 || SAY_NOTHING_RIGHTLY.has(type);
}

function placeOf(path: readonly string[]): string {
  return path.join('.') || '(root)';
}

/** Refinements may be asynchronous. Rejects with what a refinement or transform throws. */
export function createZodCheck(schema: z.ZodType): Check {
  return async (value) => {
    const parsed = await schema.safeParseAsync(value);
    return parsed.success
      ? { value: parsed.data }
      : { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, [])) };
  };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function problemsOf(issue: Issue, above: readonly string[]): readonly Problem[] {
  const path = [...above, ...issue.path.map(String)];
  const alternatives = Reflect.get(issue, 'errors');
  if (!Array.isArray(alternatives) || alternatives.length === 0) return [{ path, message: issue.message }];
  const nearest = nearestOf(
    alternatives.map((issues: readonly Issue[]) => issues.flatMap((inner) => problemsOf(inner, path))),
  );
  return [{ path, message: `${issue.message}: none of the alternatives fits; the nearest says:` }, ...nearest];
}
