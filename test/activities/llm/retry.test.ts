import { describe, expect, it } from 'vitest';
import { ModelFault, planRetry } from '../../../src/activities/llm/index.js';
import { RateLimitedError, TroupeError } from '../../../src/domain/errors.js';

const down = new TroupeError('model_unavailable', 'down');
const plan = (error: unknown, attempt = 1, random = 0, maxRetries = 10) =>
  planRetry({ error, attempt, maxRetries, random: () => random })?.delayMs;

describe('the plan for a retry', () => {
  it('doubles the wait from half a second to eight, of which a random half may be left out', () => {
    expect([1, 2, 3, 4, 5, 6, 10].map((attempt) => plan(down, attempt, 1))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000,
    ]);
    expect([1, 2, 5].map((attempt) => plan(down, attempt, 0))).toEqual([250, 500, 4_000]);
  });

  it('ends after the given number of retries', () => {
    expect(plan(down, 3, 0, 3)).toBeDefined();
    expect(plan(down, 4, 0, 3)).toBeUndefined();
    expect(plan(down, 1, 0, 0)).toBeUndefined();
  });

  it('is only for faults that may pass', () => {
    for (const code of [
      'bad_response',
      'model_auth',
      'quota_exceeded',
      'context_overflow',
      'cancelled',
      'bug',
    ] as const) {
      expect(plan(new TroupeError(code, 'no'))).toBeUndefined();
    }
    expect(plan(new Error('what'))).toBeUndefined();
  });

  it('keeps the wait that the provider named, and a little more', () => {
    expect(plan(new RateLimitedError('slow', 3_000), 1, 0)).toBe(3_000);
    expect(plan(new RateLimitedError('slow', 3_000), 1, 0.5)).toBe(3_150);
    expect(plan(new RateLimitedError('slow', 0), 1, 0.5)).toBe(50);
    expect(plan(new RateLimitedError('slow', 60_000), 1, 0.999)).toBeLessThanOrEqual(61_000);
    expect(plan(new ModelFault('model_unavailable', 'down', { retryAfterMs: 2_000 }), 4, 0)).toBe(2_000);
  });

  it('backs off where the provider named no wait, and gives up where it named one above a minute', () => {
    expect(plan(new RateLimitedError('slow'), 2, 1)).toBe(1_000);
    expect(plan(new RateLimitedError('slow', 60_001))).toBeUndefined();
  });
});
