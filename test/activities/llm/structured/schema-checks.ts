/** What a caller sees of a schema for answers: the problems of a value, and why the schema itself is refused. */

import { prepareOutputSchema } from '../../../../src/activities/llm/index.js';
import { TroupeError } from '../../../../src/domain/errors.js';
import type { OutputSchema } from '../../../../src/domain/schema.js';

/** What the model is told, empty for a value that passes. */
export async function problems(schema: OutputSchema, value: unknown): Promise<string> {
  const result = await prepareOutputSchema(schema).validate(value);
  return result.ok ? '' : result.problems;
}

/** The message of the error that the schema is refused with, empty for one that is taken. */
export function refusal(schema: unknown): string {
  try {
    prepareOutputSchema(schema as OutputSchema); // what a caller without types may give
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'config_invalid') return error.message;
    throw error;
  }
  return '';
}
