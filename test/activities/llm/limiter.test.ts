import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limiterOf, scripted } from '../../../src/activities/llm/index.js';
import { busyProvider, drain } from './busy-provider.js';

const fresh = () => limiterOf(scripted([]));

/** One that was refused at 0 for `retryAfterMs`, and whose first request of afterwards, `first`, has been answered. */
const proven = (retryAfterMs = 1_000) => {
  const limiter = fresh();
  limiter.limited({ now: 0, sentAt: 0, retryAfterMs });
  limiter.admit('first', retryAfterMs);
  limiter.succeeded(retryAfterMs);
  return limiter;
};

describe('the limiter of a provider', () => {
  it('is one for each provider', () => {
    const model = scripted([]);
    expect(limiterOf(model)).toBe(limiterOf(model));
    expect(limiterOf(model)).not.toBe(fresh());
  });

  it('is one for all providers with the same key', () => {
    const [a, b] = [{}, {}].map((limiterKey) => [0, 1].map(() => ({ ...scripted([]), limiterKey })));
    expect(new Set([...(a ?? []), ...(b ?? [])].map(limiterOf)).size).toBe(2);
  });

  it('lets everyone go at once while nobody was refused', () => {
    const limiter = fresh();
    expect([1, 2, 3].map((n) => limiter.admit(`k${n}`, 5))).toEqual([0, 0, 0]);
  });

  it('makes nobody wait for a time of another clock, or for one that was set back', () => {
    const limiter = fresh();
    expect(limiter.admit('a', 3_600_000)).toBe(0);
    expect(limiter.admit('b', 0)).toBe(0);
    limiter.limited({ now: 3_600_000, sentAt: 0 });
    expect(limiter.admit('c', 3_600_000)).toBe(500);
    expect(limiter.admit('c', 0)).toBe(0);
  });

  it('holds everyone until the pause is over, then lets them go one after another in the order they asked', () => {
    const limiter = fresh();
    limiter.limited({ now: 0, sentAt: 0, retryAfterMs: 1_000 });
    const [a, b, c] = ['a', 'b', 'c'].map((key) => limiter.admit(key, 0)) as [number, number, number];
    expect(a).toBe(1_000);
    expect(b).toBeGreaterThan(a);
    expect(c).toBeGreaterThan(b);
    expect(limiter.admit('b', 999)).toBe(b - 999);
    expect(limiter.admit('a', 1_000)).toBe(0);
  });

  it('stays at its first rate until something sent after the pause is answered', () => {
    const limiter = fresh();
    limiter.limited({ now: 0, sentAt: 0, retryAfterMs: 1_000 });
    limiter.succeeded(0); // sent before the refusal
    for (let n = 0; n < 100; n++) {
      expect(limiter.admit(`k${n}`, 1_000 + n * 200 - 1)).toBe(1);
      expect(limiter.admit(`k${n}`, 1_000 + n * 200)).toBe(0);
    }
  });

  it('lets those who wait go ever faster once it is', () => {
    const limiter = proven();
    const waits = Array.from({ length: 1_000 }, (_, n) => limiter.admit(`k${n}`, 1_000));
    expect(waits[0]).toBeLessThanOrEqual(200);
    expect(waits.at(-1)).toBeLessThan(20_000);
    for (const [n, waitMs] of waits.entries()) expect(limiter.admit(`k${n}`, 1_000 + waitMs)).toBe(0);
  });

  it('moves those who wait, in their order, when it is refused again', () => {
    const limiter = proven();
    const told = ['a', 'b', 'c'].map((key) => limiter.admit(key, 1_000));
    limiter.limited({ now: 1_100, sentAt: 1_000, retryAfterMs: 2_000 });
    expect(limiter.admit('d', 1_150)).toBe(1_950 + 1_136); // after the pause three go before it, at 2.5 a second and soon faster
    const again = ['a', 'b', 'c'].map((key, n) => limiter.admit(key, 1_000 + (told[n] ?? 0)) + (told[n] ?? 0));
    expect(again[0]).toBe(2_100);
    expect(again).toEqual([...again].sort((x, y) => x - y));
  });

  it('lets nobody overtake one that sleeps on, because those before it have left', () => {
    const limiter = proven();
    const told = Array.from({ length: 20 }, (_, n) => limiter.admit(`k${n}`, 1_000));
    for (let n = 0; n < 19; n++) limiter.forget(`k${n}`);
    limiter.limited({ now: 1_100, sentAt: 1_000, retryAfterMs: 100 });
    expect(1_200 + limiter.admit('later', 1_200)).toBeGreaterThan(1_000 + (told[19] ?? 0));
  });

  it('takes refusals of requests that were in flight together for one', () => {
    const limiter = proven();
    for (let n = 0; n < 50; n++) limiter.limited({ now: 1_010 + n, sentAt: 1_000 });
    limiter.limited({ now: 5_000, sentAt: 1_000 }); // no news either, though the pause is over
    expect(limiter.admit('a', 1_810)).toBe(0);
    expect(limiter.admit('b', 1_810)).toBeGreaterThan(300); // half of five a second, not less
    expect(limiter.admit('b', 1_810)).toBeLessThanOrEqual(400);
  });

  it('keeps to the longest Retry-After of them', () => {
    const limiter = fresh();
    limiter.limited({ now: 0, sentAt: 0, retryAfterMs: 1_000 });
    limiter.limited({ now: 10, sentAt: 0, retryAfterMs: 5_000 });
    limiter.limited({ now: 20, sentAt: 0, retryAfterMs: 100 });
    expect(limiter.admit('a', 20)).toBe(4_990);
  });

  it('gives the times of those who no longer wait to others', () => {
    const limiter = fresh();
    limiter.limited({ now: 0, sentAt: 0, retryAfterMs: 1_000 });
    for (let n = 0; n < 1_000; n++) limiter.admit(`k${n}`, 0);
    for (let n = 0; n < 1_000; n++) limiter.forget(`k${n}`);
    expect(limiter.admit('late', 0)).toBe(1_000);
  });

  it('waits for nobody who does not come: a paused one keeps no more than its time', () => {
    const limiter = proven();
    for (let n = 0; n < 200; n++) limiter.admit(`paused${n}`, 1_000);
    const waitMs = limiter.admit('awake', 1_000);
    expect(limiter.admit('awake', 1_000 + waitMs)).toBe(0);
    limiter.limited({ now: 20_000, sentAt: 19_900, retryAfterMs: 1_000 });
    expect(limiter.admit('next', 20_000)).toBe(1_000);
  });

  it('does not let those go all at once who were paused in their turn and are resumed together', () => {
    const limiter = proven();
    for (let n = 0; n < 100; n++) limiter.admit(`k${n}`, 1_000);
    const waits = Array.from({ length: 100 }, (_, n) => limiter.admit(`k${n}`, 50_000));
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(1);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
  });

  it('does not make up for times in which nobody asked', () => {
    const limiter = proven();
    const waits = Array.from({ length: 10 }, (_, n) => limiter.admit(`k${n}`, 30_000));
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(1);
  });

  it('holds nobody back any more when a minute went by without a refusal and nobody waits', () => {
    const limiter = proven();
    for (let n = 0; n < 3; n++) limiter.admit(`paused${n}`, 1_000); // these do not come
    expect([1, 2, 3].map((n) => limiter.admit(`k${n}`, 61_000))).toEqual([0, 0, 0]);
  });

  it('admits every key that keeps asking when it was told to, in the order of asking, whatever happens', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask' as const), paused: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('limited' as const), after: fc.option(fc.nat(5_000)) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('late refusal' as const), after: fc.nat(5_000) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('succeeded' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), index: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const limiter = fresh();
        let now = 0;
        let asked = 0;
        let pausedUntil = 0;
        let sentLast = 0;
        const wakeAt = new Map<number, number>();
        const left = new Set<number>();
        const admitted: number[] = [];
        const ask = (key: number, paused = false) => {
          const waitMs = limiter.admit(String(key), now);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          if (waitMs > 0 && paused) return left.add(key); // told to wait, and never comes
          if (waitMs > 0) return wakeAt.set(key, now + waitMs);
          expect(now).toBeGreaterThanOrEqual(pausedUntil);
          sentLast = now;
          wakeAt.delete(key);
          return admitted.push(key);
        };
        const refuse = (sentAt: number, retryAfterMs?: number) => {
          limiter.limited({ now, sentAt, retryAfterMs });
          if (retryAfterMs !== undefined) pausedUntil = Math.max(pausedUntil, now + retryAfterMs);
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
          if (one.kind === 'ask') ask(asked++, one.paused);
          else if (one.kind === 'limited') refuse(sentLast, one.after ?? undefined);
          else if (one.kind === 'late refusal') refuse(0, one.after);
          else if (one.kind === 'succeeded') limiter.succeeded(sentLast);
          else if (one.kind === 'wait') runUntil(now + one.ms);
          else {
            const key = [...wakeAt.keys()][one.index % Math.max(1, wakeAt.size)];
            if (key === undefined) continue;
            limiter.forget(String(key));
            wakeAt.delete(key);
            left.add(key);
          }
        }
        runUntil(now + 10_000_000);
        expect(admitted).toEqual([...Array(asked).keys()].filter((key) => !left.has(key)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a crowd before a provider that takes fifty requests a second', () => {
  it.each([undefined, 1_000])('is served within twenty seconds, each refused once at most (Retry-After: %s)', (ms) => {
    const told = drain(busyProvider({ perSecond: 50, retryAfterMs: ms }), 500);
    expect(told.answeredCount).toBe(500);
    expect(told.endedAt).toBeLessThan(20_000); // ten are the least
    expect(told.mostRefusals).toBe(1);
  });

  it('of a thousand is let in within half a minute after a single refusal', () => {
    const told = drain(busyProvider({ perSecond: 1_000, refuses: 1 }), 1_000, { arriveAt: 100 });
    expect(told.endedAt).toBeLessThan(30_000);
    expect(told.refusalCount).toBe(1);
  });
});

it('no crowd goes all at once after a refusal, and every crowd is served, whatever the provider takes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 300 }),
      fc.option(fc.integer({ min: 0, max: 3_000 }), { nil: undefined }),
      (perSecond, count, retryAfterMs) => {
        const told = drain(busyProvider({ perSecond, retryAfterMs }), count);
        expect(told.answeredCount).toBe(count);
        expect(told.mostAtOnce).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 100 },
  );
});
