/** Reads the records of a journal as what their writer says they are. */

import type { z } from 'zod';
import { TroupeError } from '../domain/errors.js';
import { checkVersion } from './store-format.js';

export interface RecordForm<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** The latest that is known. */
  readonly version: number;
  /** For messages: whose journal it is. */
  readonly where: string;
}

/** @throws TroupeError `store_version` for records of a newer library, `store_corrupt` for what is no record of ours. */
export function parseRecords<Schema extends z.ZodType>(
  records: readonly unknown[],
  { schema, version, where }: RecordForm<Schema>,
): z.output<Schema>[] {
  return records.map((record, index) => {
    const place = `${where}: record ${index + 1} of ${records.length}`;
    checkVersion(record, version, place);
    const parsed = schema.safeParse(record);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const problem = `${issue?.path.map(String).join('.') || '(root)'}: ${issue?.message}`;
    throw new TroupeError('store_corrupt', `${place} is none of ours: ${problem}`, { cause: parsed.error });
  });
}
