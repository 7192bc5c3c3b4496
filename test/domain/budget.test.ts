import { describe, expect, it } from 'vitest';
import { Budget, NOTHING_SPENT, type Reservation, type Spending } from '../../src/domain/budget.js';

const tokens = (count: number): Spending => ({ tokens: count, costUsd: 0 });

function reserved(budget: Budget, expected: Spending): Reservation {
  const result = budget.reserve(expected);
  if (result.kind !== 'reserved') throw new Error(`expected a reservation, got ${result.kind}`);
  return result.reservation;
}

describe('a budget', () => {
  it('lets one request leave as long as anything is left, so that the last may overshoot', () => {
    const budget = new Budget({ limits: { maxTokens: 100 }, owner: 'the session' });
    reserved(budget, tokens(500)).settle(tokens(99));
    reserved(budget, tokens(500)).settle(tokens(41));
    expect(budget.spent).toEqual(tokens(140));
    expect(budget.reserve(tokens(1))).toEqual({
      kind: 'spent',
      problem: 'the budget of the session is spent: 140 tokens of maxTokens 100; raise it, or ask for less',
    });
  });

  it('makes a request wait that may not fit beside those in flight, until they are settled', () => {
    const budget = new Budget({ limits: { maxTokens: 100 }, owner: 'the session' });
    const [first, second] = [reserved(budget, tokens(40)), reserved(budget, tokens(60))];
    expect(budget.reserve(tokens(1)).kind).toBe('wait');
    first.settle(tokens(10));
    expect(budget.reserve(tokens(31)).kind).toBe('wait');
    second.settle(NOTHING_SPENT);
    expect(budget.reserve(tokens(500)).kind).toBe('reserved');
  });

  it('settles a reservation once', () => {
    const budget = new Budget({ limits: { maxTokens: 100 }, owner: 'the session' });
    const reservation = reserved(budget, tokens(40));
    reservation.settle(tokens(10));
    reservation.settle(tokens(10));
    expect(budget.spent).toEqual(tokens(10));
  });

  it('counts in all budgets above, and heeds each of them', () => {
    const session = new Budget({ limits: { maxTokens: 100 }, owner: 'the session' });
    const lead = new Budget({ limits: { maxTokens: 60 }, owner: 'subagent-1', parent: session });
    const other = new Budget({ limits: { maxTokens: 90 }, owner: 'subagent-2', parent: session });
    reserved(lead, tokens(30)).settle(tokens(60));
    expect(session.spent).toEqual(tokens(60));
    expect(lead.reserve(tokens(1))).toMatchObject({ problem: expect.stringContaining('subagent-1') });
    const inFlight = reserved(other, tokens(30));
    expect(session.reserve(tokens(20)).kind).toBe('wait');
    inFlight.settle(tokens(40));
    expect(other.spent).toEqual(tokens(40));
    expect(other.reserve(tokens(1))).toMatchObject({ problem: expect.stringContaining('the session') });
  });

  it('takes what was spent before a restore, without having reserved it', () => {
    const session = new Budget({ limits: { maxCostUsd: 0.5 }, owner: 'the session' });
    const own = new Budget({ limits: { maxTokens: 60 }, owner: 'subagent-1', parent: session });
    own.charge({ tokens: 10, costUsd: 0.5 });
    expect(own.limitsCost).toBe(true);
    expect(own.reserve(tokens(1))).toMatchObject({ problem: expect.stringContaining('0.5 USD of maxCostUsd 0.5') });
  });

  it('leaves no crumbs of fractions behind', () => {
    const budget = new Budget({ limits: { maxCostUsd: 1 }, owner: 'the session' });
    const all = [0.1, 0.2, 0.3].map((costUsd) => reserved(budget, { tokens: 0, costUsd }));
    for (const reservation of all) reservation.settle(NOTHING_SPENT);
    const first = reserved(budget, { tokens: 0, costUsd: 0.5 });
    expect(budget.reserve({ tokens: 0, costUsd: 0.5 }).kind).toBe('reserved');
    first.settle(NOTHING_SPENT);
  });
});
