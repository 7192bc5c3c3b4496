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
  /** What a budget counts for those, in and out; present where there is one, and such requests. */
  readonly estimatedTokens?: number;
  /** As `estimatedTokens`, in USD; present when the model has prices. */
  readonly estimatedCostUsd?: number;
}

/** A request that leaves. */
export interface Sent {
  /** It is to mend a structured answer, and is the first to do so. */
  readonly isRepair?: boolean;
  /** Its input tokens, where a budget counts them. */
  readonly expected?: number;
}

/** What a request has cost that had left. */
export interface Bill {
  readonly usage: TokenUsage;
  /** The provider did not tell. */
  readonly isEstimate?: boolean;
  /** Input tokens that were counted for it when it left. */
  readonly expected?: number;
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  requests: 0,
  repairs: 0,
  unknownRequests: 0,
};

/** Until it is answered its cost is unknown, and stays so when it is cancelled, fails or is cut. */
export function withRequestSent(usage: Usage, { isRepair = false, expected = 0 }: Sent, price?: ModelPrice): Usage {
  const sent = {
    ...usage,
    requests: usage.requests + 1,
    repairs: usage.repairs + (isRepair ? 1 : 0),
    unknownRequests: usage.unknownRequests + 1,
  };
  return withEstimate(sent, expected, 0, price);
}

/** It is known, or can be estimated, what a request has cost. */
export function withRequestBilled(usage: Usage, bill: Bill, price?: ModelPrice): Usage {
  const { usage: tokens, isEstimate = false, expected = 0 } = bill;
  if (!isEstimate) return withTokens(withEstimate(usage, -expected, 0, price), tokens, price);
  return withEstimate(usage, tokens.inputTokens - expected, tokens.outputTokens, price);
}

function withTokens(usage: Usage, tokens: TokenUsage, price: ModelPrice | undefined): Usage {
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

/** With so much more estimated, or less. */
function withEstimate(usage: Usage, inputTokens: number, outputTokens: number, price: ModelPrice | undefined): Usage {
  if (inputTokens === 0 && outputTokens === 0) return usage;
  const { estimatedTokens: tokens = 0, estimatedCostUsd: costUsd = 0, ...told } = usage;
  const estimatedTokens = tokens + inputTokens + outputTokens;
  if (estimatedTokens === 0) return told; // sums of fractions leave crumbs
  const cost = price && costUsdOf({ inputTokens, outputTokens }, price);
  return {
    ...told,
    estimatedTokens,
    ...(cost === undefined ? {} : { estimatedCostUsd: Math.max(0, costUsd + cost) }),
  };
}

export function costUsdOf({ inputTokens, outputTokens }: TokenUsage, { inputCost, outputCost }: ModelPrice): number {
  return (inputTokens * inputCost + outputTokens * outputCost) / 1_000_000;
}

/** Of two runs together. */
export function addUsage(one: Usage, other: Usage): Usage {
  const cachedTokens = (one.cachedTokens ?? 0) + (other.cachedTokens ?? 0);
  const hasPrice = one.costUsd !== undefined || other.costUsd !== undefined;
  const estimatedTokens = (one.estimatedTokens ?? 0) + (other.estimatedTokens ?? 0);
  const estimatedCostUsd = (one.estimatedCostUsd ?? 0) + (other.estimatedCostUsd ?? 0);
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    totalTokens: one.totalTokens + other.totalTokens,
    requests: one.requests + other.requests,
    repairs: one.repairs + other.repairs,
    unknownRequests: one.unknownRequests + other.unknownRequests,
    ...(cachedTokens > 0 ? { cachedTokens } : {}),
    ...(hasPrice ? { costUsd: (one.costUsd ?? 0) + (other.costUsd ?? 0) } : {}),
    ...(estimatedTokens > 0 ? { estimatedTokens } : {}),
    ...(estimatedCostUsd > 0 ? { estimatedCostUsd } : {}),
  };
}
