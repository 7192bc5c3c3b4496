/** What a tree of subagents may spend, and whether a request may still leave. */

import type { Usage } from './usage.js';

export interface BudgetLimits {
  readonly maxTokens?: number | undefined;
  readonly maxCostUsd?: number | undefined;
}

export interface Spending {
  /** In and out. */
  readonly tokens: number;
  /** 0 where the model has no prices. */
  readonly costUsd: number;
}

/** What is expected of one request; it counts until it is settled. */
export interface Reservation {
  /** The request is over, or was not sent: what it has cost is spent in place of what was expected. Only the first call counts. */
  settle(actual: Spending): void;
}

export type Reserved =
  | { readonly kind: 'reserved'; readonly reservation: Reservation }
  /** There is something left, but requests in flight may use it up. */
  | { readonly kind: 'wait' }
  /** `problem` says whose budget it is, and how much of what is spent. */
  | { readonly kind: 'spent'; readonly problem: string };

export interface BudgetOptions {
  readonly limits: BudgetLimits;
  /** Whose it is, for messages: `the session`, `subagent-3`. */
  readonly owner: string;
  /** What is spent here is spent there too. */
  readonly parent?: Budget | undefined;
}

export const NOTHING_SPENT: Spending = { tokens: 0, costUsd: 0 };

/** What nobody told is spent by estimate. */
export function spendingIn(usage: Usage): Spending {
  const { totalTokens, costUsd = 0, estimatedTokens = 0, estimatedCostUsd = 0 } = usage;
  return { tokens: totalTokens + estimatedTokens, costUsd: costUsd + estimatedCostUsd };
}

export class Budget {
  readonly #limits: BudgetLimits;
  readonly #owner: string;
  readonly #parent: Budget | undefined;
  #spent = NOTHING_SPENT;
  #expected = NOTHING_SPENT;
  #inFlight = 0;

  constructor({ limits, owner, parent }: BudgetOptions) {
    this.#limits = limits;
    this.#owner = owner;
    this.#parent = parent;
  }

  /** By all below it so far; requests in flight are not in it. */
  get spent(): Spending {
    return this.#spent;
  }

  /** Here or above: such a limit needs a model with prices. */
  get limitsCost(): boolean {
    return this.#chain().some((budget) => budget.#limits.maxCostUsd !== undefined);
  }

  /**
   * Asked before each request. One request may leave as long as anything is left, here and above, so that the last one may
   * overshoot; beside others that are in flight it leaves only when all of them fit, as far as can be expected.
   */
  reserve(expected: Spending): Reserved {
    const chain = this.#chain();
    const spent = chain.find((budget) => budget.#exceeds(budget.#spent) !== undefined);
    if (spent) return { kind: 'spent', problem: spent.#problem() };
    if (chain.some((budget) => budget.#mustWaitWith(expected))) return { kind: 'wait' };
    for (const budget of chain) budget.#expect(expected, 1);
    let isSettled = false;
    const settle = (actual: Spending) => {
      if (isSettled) return;
      isSettled = true;
      for (const budget of chain) budget.#expect(negative(expected), -1);
      this.charge(actual);
    };
    return { kind: 'reserved', reservation: { settle } };
  }

  /** Spent, here and above, without having been reserved: by a run before a restore. Less than nothing takes back. */
  charge(actual: Spending): void {
    for (const budget of this.#chain()) budget.#spent = sumOf(budget.#spent, actual);
  }

  #chain(): readonly Budget[] {
    return this.#parent ? [this, ...this.#parent.#chain()] : [this];
  }

  #expect(expected: Spending, count: 1 | -1): void {
    this.#inFlight += count;
    // Sums of fractions leave crumbs.
    this.#expected = this.#inFlight === 0 ? NOTHING_SPENT : sumOf(this.#expected, expected);
  }

  #mustWaitWith(expected: Spending): boolean {
    if (this.#inFlight === 0) return false;
    const { maxTokens = Number.POSITIVE_INFINITY, maxCostUsd = Number.POSITIVE_INFINITY } = this.#limits;
    const { tokens, costUsd } = sumOf(sumOf(this.#spent, this.#expected), expected);
    return tokens > maxTokens || costUsd > maxCostUsd;
  }

  /** The limit that is reached. */
  #exceeds({ tokens, costUsd }: Spending): 'maxTokens' | 'maxCostUsd' | undefined {
    const { maxTokens, maxCostUsd } = this.#limits;
    if (maxTokens !== undefined && tokens >= maxTokens) return 'maxTokens';
    return maxCostUsd !== undefined && costUsd >= maxCostUsd ? 'maxCostUsd' : undefined;
  }

  #problem(): string {
    const { maxTokens, maxCostUsd } = this.#limits;
    const told =
      this.#exceeds(this.#spent) === 'maxTokens'
        ? `${this.#spent.tokens} tokens of maxTokens ${maxTokens}`
        : `${Number(this.#spent.costUsd.toPrecision(3))} USD of maxCostUsd ${maxCostUsd}`;
    return `the budget of ${this.#owner} is spent: ${told}; raise it, or ask for less`;
  }
}

export function sumOf(a: Spending, b: Spending): Spending {
  return { tokens: a.tokens + b.tokens, costUsd: a.costUsd + b.costUsd };
}

export function negative({ tokens, costUsd }: Spending): Spending {
  return { tokens: -tokens, costUsd: -costUsd };
}
