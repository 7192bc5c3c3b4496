/** How bad input is told: one line that lists every issue as `path: problem`. */

import type { z } from 'zod';
import { TroupeError } from '../domain/errors.js';

/** @throws TroupeError `config_invalid`; the message names `what` and lists every issue as `path: problem`. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TroupeError('config_invalid', `${what}: ${describeIssues(parsed.error.issues)}`, { cause: parsed.error });
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export function describeIssues(issues: readonly Issue[]): string {
  return issues.map((issue) => `${issue.path.map(String).join('.') || '(root)'}: ${issue.message}`).join('; ');
}
