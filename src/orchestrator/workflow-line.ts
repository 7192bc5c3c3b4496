/** How records of a subagent stand in the journal of its workflow: those that were written together in one line. A stored format. */

import { z } from 'zod';
import type { JsonValue } from '../domain/json.js';

/** Any other line is of the workflow itself. A record without a time has that of the record before it. */
const SubagentLine = z.strictObject({
  of: z.string().min(1),
  records: z.array(z.looseObject({ t: z.number().exactOptional() })).min(1),
});

/** @param records As a `SubagentLog` writes them. */
export function subagentLine(of: string, records: readonly JsonValue[]): JsonValue {
  let last: JsonValue | undefined;
  const short = records.map((record) => {
    const { t, ...rest } = record as { readonly [key: string]: JsonValue }; // see above
    const isSame = t !== undefined && t === last;
    last = t;
    return isSame ? rest : record;
  });
  return { of, records: short };
}

/** @returns `undefined` for a line that is not of a subagent. */
export function parseSubagentLine(line: unknown): { readonly of: string; readonly records: unknown[] } | undefined {
  const parsed = SubagentLine.safeParse(line);
  if (!parsed.success) return undefined;
  let last: number | undefined;
  const records = parsed.data.records.map((record) => {
    last = record.t ?? last;
    return last === undefined ? record : { ...record, t: last };
  });
  return { of: parsed.data.of, records };
}
