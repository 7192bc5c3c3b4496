/** The schema shapes that cross the border: JSON Schema for models, Standard Schema for validation. */

export type JsonSchema = { readonly [keyword: string]: unknown };

/** The part of Standard Schema v1 (standardschema.dev) that is used; zod, valibot and arktype objects have it. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What is used of a zod 4 schema's type, so that the domain needs no zod: every `z.ZodType` fits. */
export interface ZodSchema<Output = unknown> {
  readonly _zod: { readonly output: Output };
}

/** The form that an answer is asked for in: a zod schema, or a JSON Schema as a plain object. */
export type OutputSchema = ZodSchema | JsonSchema;

/** What an answer in this form is: the output type of a zod schema, else unknown. */
export type StructuredOf<Schema> = Schema extends ZodSchema<infer Output> ? Output : unknown;
