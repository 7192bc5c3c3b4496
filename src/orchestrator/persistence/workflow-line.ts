/** How records of a subagent stand in the journal of its workflow: those that were written together in one line. A stored format. */

import { z } from 'zod';
import type { JsonValue } from '../../domain/json.js';

/** What a record does not say of these is what the one before it in its line says. */
const LASTING = ['t', 'seq'] as const;

/** Any other line is of the workflow itself. */
const SubagentLine = z.strictObject({ of: z.string().min(1), records: z.array(z.looseObject({})).min(1) });

/** @param records As a `SubagentLog` writes them. */
export function subagentLine(of: string, records: readonly JsonValue[]): JsonValue {
  const last: Record<string, unknown> = {};
  const short = records.map((record) => {
    const rest = { ...(record as { readonly [key: string]: JsonValue }) }; // see above
    for (const key of LASTING) {
      const value = rest[key];
      if (value !== undefined && value === last[key]) delete rest[key];
      last[key] = value;
    }
    return rest;
  });
  return { of, records: short };
}

/** @returns `undefined` for a line that is not of a subagent. */
export function parseSubagentLine(line: unknown): { readonly of: string; readonly records: unknown[] } | undefined {
  const parsed = SubagentLine.safeParse(line);
  if (!parsed.success) return undefined;
  const last: Record<string, unknown> = {};
  const records = parsed.data.records.map((record) => {
    for (const key of LASTING) if (record[key] !== undefined) last[key] = record[key];
    return { ...record, ...last };
  });
  return { of: parsed.data.of, records };
}

export interface SortedLines {
  /** By id, as they were written. */
  readonly stored: Map<string, unknown[]>;
  /** Of the workflow itself. */
  readonly own: readonly unknown[];
}

export function sortLines(lines: readonly JsonValue[]): SortedLines {
  const stored = new Map<string, unknown[]>();
  const own: unknown[] = [];
  for (const written of lines) {
    const line = parseSubagentLine(written);
    const before = line && stored.get(line.of);
    if (!line) own.push(written);
    else if (before) before.push(...line.records);
    else stored.set(line.of, line.records);
  }
  return { stored, own };
}
