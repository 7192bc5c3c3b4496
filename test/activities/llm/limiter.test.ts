import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limiterOf, scripted } from '../../../src/activities/llm/index.js';

const fresh = () => limiterOf(scripted([]));

describe('the limiter of a provider', () => {
  it('is one for each provider', () => {
    const model = scripted([]);
    expect(limiterOf(model)).toBe(limiterOf(model));
    expect(limiterOf(model)).not.toBe(fresh());
  });

  it('lets everyone go at once while nobody was refused', () => {
    const limiter = fresh();
    expect([1, 2, 3].map((n) => limiter.admit(`k${n}`, 5))).toEqual([0, 0, 0]);
  });

  it('makes nobody wait for a time of another clock, or for one that was set back', () => {
    const limiter = fresh();
    expect(limiter.admit('a', 3_600_000)).toBe(0);
    expect(limiter.admit('b', 0)).toBe(0);
  });

  it('holds everyone until the pause is over, then lets them go one after another in the order they asked', () => {
    const limiter = fresh();
    limiter.limited(0, 1_000);
    expect(['a', 'b', 'c'].map((key) => limiter.admit(key, 0))).toEqual([1_000, 1_200, 1_400]);
    expect(limiter.admit('b', 1_000)).toBe(200);
    expect(limiter.admit('a', 1_000)).toBe(0);
    expect(limiter.admit('b', 1_250)).toBe(0);
    expect(limiter.admit('c', 1_400)).toBe(0);
  });

  it('halves the distance with each success, down to none', () => {
    const limiter = fresh();
    limiter.limited(0, 100);
    limiter.admit('a', 100);
    limiter.succeeded();
    expect(limiter.admit('b', 100)).toBe(100);
    for (let n = 0; n < 5; n++) limiter.succeeded();
    limiter.admit('b', 200);
    expect(limiter.admit('c', 200)).toBe(0);
  });

  it('never lets one that came later overtake, though the distance has shrunk', () => {
    const limiter = fresh();
    limiter.limited(0, 1_000);
    limiter.admit('a', 0);
    expect(limiter.admit('b', 0)).toBe(1_200);
    for (let n = 0; n < 8; n++) limiter.succeeded();
    expect(limiter.admit('c', 0)).toBe(1_200);
  });

  it('moves those who wait, in their order, when it is refused again, at twice the distance', () => {
    const limiter = fresh();
    limiter.limited(0, 1_000);
    for (const key of ['a', 'b', 'c']) limiter.admit(key, 0);
    expect(limiter.admit('a', 1_000)).toBe(0);
    limiter.limited(1_100, 1_000);
    expect(limiter.admit('d', 1_150)).toBe(950 + 2 * 400);
    expect(limiter.admit('c', 1_400)).toBe(700 + 400);
    expect(limiter.admit('b', 1_400)).toBe(700);
    expect(limiter.admit('b', 2_100)).toBe(0);
  });

  it('takes refusals of requests that were in flight together for one', () => {
    const limiter = fresh();
    for (let n = 0; n < 50; n++) limiter.limited(n, 1_000);
    limiter.admit('a', 50);
    expect(limiter.admit('b', 50)).toBe(limiter.admit('a', 50) + 200);
  });

  it('pauses for a while of its own where the provider named none, and for a minute at most', () => {
    const limiter = fresh();
    limiter.limited(0);
    expect(limiter.admit('a', 0)).toBe(500);
    limiter.limited(0, 3_600_000);
    expect(limiter.admit('b', 0)).toBeLessThanOrEqual(61_000);
  });

  it('gives the time of those who no longer wait to others', () => {
    const limiter = fresh();
    limiter.limited(0, 1_000);
    for (let n = 0; n < 1_000; n++) limiter.admit(`k${n}`, 0);
    for (let n = 0; n < 1_000; n++) limiter.forget(`k${n}`);
    expect(limiter.admit('late', 0)).toBe(1_000);
    for (let n = 0; n < 1_000; n++) limiter.admit(`m${n}`, 0);
    limiter.admit('last', 0);
    for (let n = 0; n < 1_000; n++) limiter.forget(`m${n}`);
    limiter.limited(0, 2_000); // one more pause puts the rest close together
    expect(limiter.admit('last', 0)).toBe(2_200);
  });

  it('admits every key that keeps asking when it was told to, in the order of asking, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('ask' as const) }),
      fc.record({ kind: fc.constant('limited' as const), after: fc.option(fc.integer({ min: 0, max: 5_000 })) }),
      fc.record({ kind: fc.constant('succeeded' as const) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 1_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const limiter = fresh();
        let now = 0;
        let asked = 0;
        const wakeAt = new Map<number, number>();
        const admitted: number[] = [];
        const ask = (key: number) => {
          const waitMs = limiter.admit(String(key), now);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          if (waitMs > 0) return wakeAt.set(key, now + waitMs);
          wakeAt.delete(key);
          return admitted.push(key);
        };
        const runUntil = (end: number) => {
          for (;;) {
            const next = [...wakeAt].sort((a, b) => a[1] - b[1] || a[0] - b[0])[0];
            if (next === undefined || next[1] > end) break;
            now = Math.max(now, next[1]);
            ask(next[0]);
          }
          now = Math.max(now, end);
        };
        for (const one of steps) {
          if (one.kind === 'ask') ask(asked++);
          else if (one.kind === 'limited') limiter.limited(now, one.after ?? undefined);
          else if (one.kind === 'succeeded') limiter.succeeded();
          else runUntil(now + one.ms);
        }
        runUntil(now + 10_000_000);
        expect(admitted).toEqual([...Array(asked).keys()]);
      }),
      { numRuns: 300 },
    );
  });
});
