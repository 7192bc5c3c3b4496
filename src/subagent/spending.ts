/** What a request is expected to cost before it leaves, and what it is taken to have cost when nobody tells. */

import type { ModelTurn } from '../activities/llm/index.js';
import { ModelFault } from '../activities/llm/index.js';
import { NOTHING_SPENT, type Reservation, type Spending } from '../domain/budget.js';
import { TroupeError, type TroupeErrorCode } from '../domain/errors.js';
import { CHARACTERS_PER_TOKEN, EXPECTED_ANSWER_TOKENS } from '../domain/limits.js';
import type { Message } from '../domain/message.js';
import type { ModelRequest } from '../domain/model.js';
import { type Bill, costUsdOf, type TokenUsage, type Usage } from '../domain/usage.js';
import type { LiveSubagent } from './live-subagent.js';

/** A request that may leave, and how it is paid for. A bill is undefined when there is nothing to tell. */
export interface Account {
  /** Its input tokens; absent where no budget counts them. */
  readonly expected?: number;
  /** It was answered. */
  answered(turn: ModelTurn): Bill | undefined;
  /** It was sent and not answered: it failed, or nobody waits for it any more. */
  failed(error: unknown): Bill | undefined;
  notSent(): void;
}

const NO_ACCOUNT: Account = {
  answered: ({ usage }) => usage && { usage },
  failed: (error) => (error instanceof ModelFault && error.usage ? { usage: error.usage } : undefined),
  notSent: () => {},
};

/**
 * Reserves what the request may cost.
 * @returns undefined while requests in flight may use up what is left.
 * @throws TroupeError `budget_exceeded` when nothing is left.
 */
export function openAccount(subagent: LiveSubagent, request: ModelRequest): Account | undefined {
  const { budget, model } = subagent.plan;
  if (!budget) return NO_ACCOUNT;
  const inputTokens = inputTokensOf(request);
  const spendingOf = (tokens: TokenUsage): Spending => ({
    tokens: tokens.inputTokens + tokens.outputTokens,
    costUsd: model.price ? costUsdOf(tokens, model.price) : 0,
  });
  const reserved = budget.reserve(spendingOf({ inputTokens, outputTokens: expectedAnswer(subagent.usage) }));
  switch (reserved.kind) {
    case 'spent':
      throw new TroupeError('budget_exceeded', `${subagent.id} asks no more: ${reserved.problem}`);
    case 'wait':
      return undefined;
    case 'reserved':
      return accountOf(reserved.reservation, inputTokens, spendingOf);
  }
}

function accountOf(
  reservation: Reservation,
  inputTokens: number,
  spendingOf: (tokens: TokenUsage) => Spending,
): Account {
  const settle = (told: TokenUsage | undefined, estimate: TokenUsage): Bill => {
    const usage = told ?? estimate;
    reservation.settle(spendingOf(usage));
    return { usage, ...(told ? {} : { isEstimate: true }), expected: inputTokens };
  };
  return {
    expected: inputTokens,
    answered: ({ usage, text, toolCalls }) => {
      const written = toolCalls.reduce((count, call) => count + call.arguments.length, text.length);
      return settle(usage, { inputTokens, outputTokens: tokensOf(written) });
    },
    failed: (error) => {
      const [usage, text] = error instanceof ModelFault ? [error.usage, error.text] : [undefined, ''];
      return settle(usage, isTurnedAway(error) ? NO_TOKENS : { inputTokens, outputTokens: tokensOf(text.length) });
    },
    notSent: () => reservation.settle(NOTHING_SPENT),
  };
}

const NO_TOKENS: TokenUsage = { inputTokens: 0, outputTokens: 0 };

/** Providers charge nothing for a request that they do not take. */
const TURNED_AWAY: readonly TroupeErrorCode[] = ['rate_limited', 'quota_exceeded', 'model_auth', 'context_overflow'];

function isTurnedAway(error: unknown): boolean {
  return error instanceof TroupeError && TURNED_AWAY.includes(error.code);
}

/** As long as the answers before it, on average. */
function expectedAnswer({ requests, unknownRequests, outputTokens }: Usage): number {
  const billed = requests - unknownRequests;
  return billed > 0 ? Math.ceil(outputTokens / billed) : EXPECTED_ANSWER_TOKENS;
}

function inputTokensOf({ system, messages, tools, output }: ModelRequest): number {
  const said = messages.reduce((count, message) => count + charactersOf(message), 0);
  return tokensOf(system.length + said + JSON.stringify([tools, output]).length);
}

function charactersOf(message: Message): number {
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
  return calls.reduce((count, call) => count + call.name.length + call.arguments.length, message.content.length);
}

function tokensOf(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
