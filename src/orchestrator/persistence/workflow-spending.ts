/** What the subagents of a workflow have spent so far, by its journal; nobody has to hold it for that. */

import { NOTHING_SPENT, type Spending, spendingIn, sumOf } from '../../domain/budget.js';
import type { JsonValue } from '../../domain/json.js';
import type { SubAgentOutcome } from '../../domain/outcome.js';
import type { ModelPrice, Usage } from '../../domain/usage.js';
import { foldLog, parseLog } from '../../subagent/index.js';
import { sortLines } from './workflow-line.js';

/** Of the model that a subagent with this stored config asks; undefined where it has none, or is not known any more. */
export type PriceOf = (config: Readonly<Record<string, unknown>>) => ModelPrice | undefined;

/** @param where For messages. @throws TroupeError `store_corrupt`, `store_version`. */
export function workflowSpending(lines: readonly JsonValue[], where: string, priceOf: PriceOf): Spending {
  const usages = [...sortLines(lines).stored].map(([id, written]) => usageOf(written, `${where}, ${id}`, priceOf));
  return usages.map(spendingIn).reduce(sumOf, NOTHING_SPENT);
}

function usageOf(written: readonly unknown[], where: string, priceOf: PriceOf): Usage {
  const records = parseLog(written, where);
  const [spawned] = records;
  const last = records.at(-1);
  if (last?.type === 'ended') return (last.outcome as unknown as SubAgentOutcome).usage; // written as one
  if (spawned?.type !== 'spawned') throw new Error(`${where}: parseLog lets no other record be the first`);
  return foldLog(records, spawned, priceOf(spawned.config)).usage;
}
