/** How a program makes a tool of its own: a name, a schema and a function become a `Tool`. */

import { z } from 'zod';
import { messageOf, TroupeError } from '../../domain/errors.js';
import type { JsonValue } from '../../domain/json.js';
import { readGiven } from '../../domain/read-given.js';
import type { JsonSchema, StandardSchema } from '../../domain/schema.js';
import type { PermissionSubject, Tool, ToolContext, ToolRecovery } from '../../domain/tool.js';

/** What the function of a tool is given: the schema's output, defaults filled in. */
export type ToolInput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/** A string is told as it is, a `ToolReply` too, an object as JSON, nothing as an empty text. */
export type ToolAnswer = string | object | undefined;

export interface ToolDefinition<Schema extends StandardSchema> {
  /** 1 to 64 letters, digits, `_` or `-`. */
  readonly name: string;
  /** Told to the model: what the tool does, and when to use it. */
  readonly description: string;
  /** A zod schema of an object, or any Standard Schema that also offers JSON Schema. */
  readonly input: Schema;
  /** Changes nothing: may run beside others and again after a crash; false by default. */
  readonly readOnly?: boolean;
  /** May run twice with the effect of once, also after a crash and a while; what `readOnly` says by default. */
  readonly idempotent?: boolean;
  /** What permission rules are held against; the arguments as JSON by default. */
  readonly subject?: (input: ToolInput<Schema>) => PermissionSubject;
  /** What it throws is told to the model as a failure. `context.signal` aborts when the call must stop. */
  readonly run: (input: ToolInput<Schema>, context: ToolContext) => ToolAnswer | Promise<ToolAnswer>;
  /**
   * Asked just before `run` for what `recover` needs to know after a crash: hashes, ids, at most 4,096 bytes of JSON, no content
   * and no secret. It is on disk before `run` begins. What it throws counts for nothing.
   */
  readonly note?: (input: ToolInput<Schema>, context: ToolContext) => JsonValue | Promise<JsonValue>;
  /**
   * Asked whether a call that a crash cut off has taken effect: its `ToolReply` where it has, `not_begun` where it surely has not
   * (it is decided and run like a new call), else `unknown`, as for what it throws. Changes nothing. `note` is undefined where
   * there is none.
   */
  readonly recover?: (
    input: ToolInput<Schema>,
    note: JsonValue | undefined,
    context: ToolContext,
  ) => ToolRecovery | Promise<ToolRecovery>;
}

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const isFunction = (value: unknown) => typeof value === 'function';

const Definition = z.strictObject({
  name: z.string().regex(NAME, 'expected 1 to 64 letters, digits, _ or -'),
  description: z
    .string()
    .refine((text) => text.trim() !== '', 'expected a text that tells the model what the tool does'),
  input: z.custom<StandardSchema>(isStandardSchema, 'expected a zod schema, or a Standard Schema with JSON Schema'),
  readOnly: z.boolean().optional(),
  idempotent: z.boolean().optional(),
  subject: z.custom<object>(isFunction, 'expected a function').optional(),
  run: z.custom<object>(isFunction, 'expected a function'),
  note: z.custom<object>(isFunction, 'expected a function').optional(),
  recover: z.custom<object>(isFunction, 'expected a function').optional(),
});

/** @throws TroupeError `config_invalid`, listing everything that is wrong with the definition. */
export function defineTool<Schema extends StandardSchema>(definition: ToolDefinition<Schema>): Tool {
  return readGiven(() => toolOf(definition), 'tool');
}

function toolOf<Schema extends StandardSchema>(definition: ToolDefinition<Schema>): Tool {
  const parsed = Definition.safeParse(definition);
  // What was parsed is taken, not read again: a getter may say something else each time.
  const given: Partial<ToolDefinition<Schema>> = parsed.success ? (parsed.data as ToolDefinition<Schema>) : definition;
  const issues = parsed.success ? [] : parsed.error.issues.map((issue) => `${place(issue.path)}: ${issue.message}`);
  if (given?.note !== undefined && given.recover === undefined) {
    issues.push('note: nothing reads it; define recover too');
  }
  const parameters = isStandardSchema(given?.input) ? parametersOf(given.input) : undefined;
  if (typeof parameters === 'string') issues.push(`input: ${parameters}`);
  if (!parsed.success || issues.length > 0 || parameters === undefined || typeof parameters === 'string') {
    const name = typeof given?.name === 'string' ? given.name : '(without a name)';
    throw new TroupeError('config_invalid', `tool ${name}: ${issues.join('; ')}`);
  }
  const {
    name,
    description,
    input,
    readOnly = false,
    idempotent = readOnly,
    subject,
    run,
    note,
    recover,
  } = given as ToolDefinition<Schema>; // it was parsed
  type Input = ToolInput<Schema>;
  return {
    name,
    description,
    input,
    parameters,
    readOnly,
    idempotent,
    // `Tool` promises all functions an input that passed this very schema.
    ...(subject === undefined ? {} : { subject: (checked: unknown) => subject(checked as Input) }),
    run: async (checked, context) => run(checked as Input, context),
    ...(note === undefined ? {} : { note: async (checked: unknown, context) => note(checked as Input, context) }),
    ...(recover === undefined
      ? {}
      : { recover: async (checked: unknown, kept, context) => recover(checked as Input, kept, context) }),
  };
}

const place = (path: readonly PropertyKey[]) => path.map(String).join('.') || '(root)';

function isStandardSchema(value: unknown): value is StandardSchema {
  // Some libraries' schemas are functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  return typeof standard === 'object' && standard !== null && isFunction(Reflect.get(standard, 'validate'));
}

/** What the model is shown of a schema, or a text that says why that cannot be told. */
function parametersOf(schema: StandardSchema): JsonSchema | string {
  try {
    const found = jsonSchemaOf(schema);
    if (found === undefined) {
      return `this ${schema['~standard'].vendor} schema offers no JSON Schema (no ~standard.jsonSchema); use zod 4, or a schema library that does`;
    }
    const { $schema: _, ...parameters } = found;
    if (parameters.type === 'object') return parameters;
    return 'expected a schema of one object: its JSON Schema has no type "object" at the top';
  } catch (cause) {
    return `cannot be written as JSON Schema: ${messageOf(cause)}`;
  }
}

function jsonSchemaOf(schema: StandardSchema): Record<string, unknown> | undefined {
  if (isZod4(schema)) return z.toJSONSchema(schema, { io: 'input' });
  const converter: unknown = Reflect.get(schema['~standard'], 'jsonSchema');
  if (typeof converter !== 'object' || converter === null) return undefined;
  const input: unknown = Reflect.get(converter, 'input');
  if (typeof input !== 'function') return undefined;
  const found: unknown = input.call(converter, { target: 'draft-2020-12' });
  if (typeof found !== 'object' || found === null) return undefined;
  return found as Record<string, unknown>; // checked on the line above; its values are looked at by nobody here
}

function isZod4(schema: StandardSchema): schema is StandardSchema & z.ZodType {
  return schema['~standard'].vendor === 'zod' && '_zod' in schema;
}
