/** Which reported token counts are believed: whole numbers, 0 or more; all else is unknown. */

import type { TokenUsage } from '../../domain/usage.js';

/** Absent where either side is not believable: half a count would make a budget wrong in silence. */
export function tokenUsageOf(input: unknown, output: unknown, cached?: unknown): TokenUsage | undefined {
  if (!isCount(input) || !isCount(output)) return undefined;
  return { inputTokens: input, outputTokens: output, ...(isCount(cached) ? { cachedTokens: cached } : {}) };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0; // isSafeInteger is true of numbers only
}
