/** What an output schema comes to: a JSON Schema for the model, and a check for what it answers. */

import { messageOf, TroupeError } from '../../../domain/errors.js';
import { MAX_STRUCTURED_DEPTH } from '../../../domain/limits.js';
import type { JsonSchema, OutputSchema } from '../../../domain/schema.js';
import { mayAdmit } from './admits.js';
import { draftOf, faultsOfJsonSchema } from './check-json-schema.js';
import { createJsonSchemaCheck } from './json-schema-validator.js';
import { isSchemaObject, type SchemaObject } from './keywords.js';
import { loopsInPlace } from './loops.js';
import { copyPlainJson } from './plain-json.js';
import { type Check, type Problem, problemText } from './problems.js';
import { strictForm } from './strict-schema.js';
import { inlined, isOfOneObject, WRAPPED, wrapped } from './wrap.js';
import { createZodCheck, isZodSchema, jsonSchemaOfZod } from './zod-schema.js';

/** `value` is what passed, with the defaults and transforms of a zod schema applied; `problems` is a text for the model. */
export type StructuredResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: string };

export interface OutputForm {
  /** 1 to 64 letters, digits, `_` or `-`. */
  readonly name: string;
  /** What the model is asked for: always one object, `{ value }` where the schema is of something else. */
  readonly jsonSchema: JsonSchema;
  /** The schema as it was given, as JSON Schema. */
  readonly source: JsonSchema;
  /** The same as `jsonSchema` for the strict mode of a service, where it can be said in that. */
  readonly strictSchema?: JsonSchema;
  /** Checks a value in the form of `jsonSchema`, and takes it out of its `{ value }`. Never rejects. */
  validate(value: unknown): Promise<StructuredResult>;
  /** A value in the form of `jsonSchema` as one of the schema: taken out of its `{ value }`. */
  bare(value: unknown): unknown;
}

const DEFAULT_NAME = 'answer';
const MAX_NAME_LENGTH = 64;

/**
 * With a zod schema, zod checks what comes, so its transforms, defaults and refinements apply. A JSON Schema is read by its own
 * rules (2020-12, or what `$schema` names): unknown keywords mean nothing, formats that are known are checked, nothing is fetched.
 * @throws TroupeError `config_invalid`, naming each place that makes the schema unusable.
 */
export function prepareOutputSchema(schema: OutputSchema): OutputForm {
  if (!isZodSchema(schema)) return formOfJsonSchema(schema);
  const found = jsonSchemaOfZod(schema);
  return typeof found === 'string' ? refuse(found) : formOf(found, createZodCheck(schema), true);
}

function formOfJsonSchema(schema: unknown): OutputForm {
  const problem = whyNoSchema(schema);
  if (problem !== undefined) return refuse(problem);
  const plain = plainSchema(schema);
  const faults = faultsOfJsonSchema(plain);
  if (faults.length > 0) return refuse(faults.join('; '));
  const check = createJsonSchemaCheck(plain, draftOf(plain) ?? '2020-12');
  const checked: Check = (value) => {
    const problems = check(value);
    return problems.length === 0 ? { value } : { problems };
  };
  return formOf(plain, checked, false);
}

function whyNoSchema(value: unknown): string | undefined {
  const expected = 'expected a zod schema or a JSON Schema object';
  if (typeof value === 'boolean') return `${expected}, not ${value}, which asks for ${value ? 'no form' : 'nothing'}`;
  if (!isSchemaObject(value))
    return `${expected}, not ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}`;
  const standard: unknown = Reflect.get(value, '~standard');
  const vendor = isSchemaObject(standard) ? standard.vendor : undefined;
  if (vendor === 'zod' || '_def' in value) return `${expected}, not one of zod 3; make it with zod 4`;
  return vendor === undefined ? undefined : `${expected}, not one of ${String(vendor)}; give its JSON Schema`;
}

/** Without `$id`, which would give its references another root. */
function plainSchema(schema: unknown): SchemaObject {
  const plain = copyPlainJson(schema);
  if ('problem' in plain) return refuse(plain.problem);
  if (!isSchemaObject(plain.copy)) return refuse('expected a JSON Schema object');
  const { $id: _, ...rest } = plain.copy;
  return rest;
}

function formOf(found: SchemaObject, check: Check, areUnknownMembersDropped: boolean): OutputForm {
  const schema = inlined(plainSchema(found));
  if (!mayAdmit(schema)) return refuse('no finite value can satisfy it');
  if (loopsInPlace(schema)) {
    return refuse(
      'a reference leads back to where it stands, for the same value; refer to itself only for a member or an item',
    );
  }
  const isObject = isOfOneObject(schema);
  const { $schema: _, ...source } = schema;
  const { $schema: __, ...jsonSchema } = isObject ? schema : wrapped(schema);
  const strictSchema = strictForm(jsonSchema, areUnknownMembersDropped);
  return {
    name: nameOf(schema),
    jsonSchema,
    source,
    ...(strictSchema === undefined ? {} : { strictSchema }),
    validate: (value) => (isObject ? validated(check, value, []) : validatedInside(check, value)),
    bare: (value) => (!isObject && isWrapping(value) ? value[WRAPPED] : value),
  };
}

/** Also takes the bare value: in plain text a model may leave the wrapping out, and nothing else can be meant. */
function validatedInside(check: Check, value: unknown): Promise<StructuredResult> {
  return isWrapping(value) ? validated(check, value[WRAPPED], [WRAPPED]) : validated(check, value, []);
}

function isWrapping(value: unknown): value is SchemaObject {
  return isSchemaObject(value) && Object.keys(value).length === 1 && Object.hasOwn(value, WRAPPED);
}

async function validated(check: Check, value: unknown, path: readonly string[]): Promise<StructuredResult> {
  const failed = (problems: readonly Problem[]): StructuredResult => ({
    ok: false,
    problems: problemText(problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }))),
  });
  if (isDeeperThan(value, MAX_STRUCTURED_DEPTH)) {
    return failed([{ path: [], message: `nested deeper than ${MAX_STRUCTURED_DEPTH} levels` }]);
  }
  try {
    const checked = await check(value);
    return 'problems' in checked ? failed(checked.problems) : { ok: true, value: checked.value };
  } catch (cause) {
    // Both validators spread their findings into calls: hundreds of thousands of them overflow the stack.
    const isTooMuch = cause instanceof RangeError && cause.message.includes('call stack');
    const message = isTooMuch ? 'too much of it is wrong to be told' : `could not be checked: ${messageOf(cause)}`;
    return failed([{ path: [], message }]);
  }
}

/** Level by level, not by recursion: the depth is what is in doubt. */
function isDeeperThan(value: unknown, depth: number): boolean {
  let level: readonly unknown[] = [value];
  for (let at = 0; level.length > 0; at++) {
    if (at > depth) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}

function nameOf({ title }: SchemaObject): string {
  const name = typeof title === 'string' ? title.trim().replace(/[^A-Za-z0-9_-]+/g, '_') : '';
  return /[A-Za-z0-9]/.test(name) ? name.slice(0, MAX_NAME_LENGTH) : DEFAULT_NAME;
}

function refuse(problem: string): never {
  throw new TroupeError('config_invalid', `outputSchema: ${problem}`);
}
