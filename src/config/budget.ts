/** What a caller says of a budget. */

import { z } from 'zod';
import { strict } from './config-schema.js';

/** Of all that one subagent and those below it spend, or all of an orchestrator. */
export const budgetOption = strict({
  /** In and out. */
  maxTokens: z.int().positive().optional(),
  /** Needs models with prices. */
  maxCostUsd: z.number().positive().optional(),
}).refine(
  ({ maxTokens, maxCostUsd }) => maxTokens !== undefined || maxCostUsd !== undefined,
  'expected maxTokens, maxCostUsd, or both',
);
