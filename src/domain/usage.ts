/** What a subagent has spent: tokens as the provider counted them, requests as we made them. */

/** Tokens of one request, as the provider reports them. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens?: number;
}

/** USD per million tokens. */
export interface ModelPrice {
  readonly inputCost: number;
  readonly outputCost: number;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly cachedTokens?: number;
  /** Requests sent to a model, failed attempts included. */
  readonly requests: number;
  /** Requests made to mend a structured answer. */
  readonly repairs: number;
  /** Present when the model has prices. */
  readonly costUsd?: number;
  /** Requests whose cost is not known: cancelled, failed or cut in flight. */
  readonly unknownRequests: number;
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  requests: 0,
  repairs: 0,
  unknownRequests: 0,
};

/** A request leaves. Until it is answered its cost is unknown, and stays so when it is cancelled, fails or is cut. */
export function withRequestSent(usage: Usage): Usage {
  return { ...usage, requests: usage.requests + 1, unknownRequests: usage.unknownRequests + 1 };
}

/** The request that leaves is one to mend a structured answer. */
export function withRepair(usage: Usage): Usage {
  return { ...usage, repairs: usage.repairs + 1 };
}

/** The provider told what the request that left last has cost. */
export function withRequestBilled(usage: Usage, tokens: TokenUsage, price?: ModelPrice): Usage {
  const cachedTokens = (usage.cachedTokens ?? 0) + (tokens.cachedTokens ?? 0);
  const cost = price && costUsdOf(tokens, price);
  return {
    ...usage,
    inputTokens: usage.inputTokens + tokens.inputTokens,
    outputTokens: usage.outputTokens + tokens.outputTokens,
    totalTokens: usage.totalTokens + tokens.inputTokens + tokens.outputTokens,
    unknownRequests: usage.unknownRequests - 1,
    ...(cachedTokens > 0 ? { cachedTokens } : {}),
    ...(cost === undefined ? {} : { costUsd: (usage.costUsd ?? 0) + cost }),
  };
}

export function costUsdOf({ inputTokens, outputTokens }: TokenUsage, { inputCost, outputCost }: ModelPrice): number {
  return (inputTokens * inputCost + outputTokens * outputCost) / 1_000_000;
}

/** Of two runs together. */
export function addUsage(one: Usage, other: Usage): Usage {
  const cachedTokens = (one.cachedTokens ?? 0) + (other.cachedTokens ?? 0);
  const hasPrice = one.costUsd !== undefined || other.costUsd !== undefined;
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    totalTokens: one.totalTokens + other.totalTokens,
    requests: one.requests + other.requests,
    repairs: one.repairs + other.repairs,
    unknownRequests: one.unknownRequests + other.unknownRequests,
    ...(cachedTokens > 0 ? { cachedTokens } : {}),
    ...(hasPrice ? { costUsd: (one.costUsd ?? 0) + (other.costUsd ?? 0) } : {}),
  };
}
