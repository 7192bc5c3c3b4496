import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Pace, rateAt, slowedDown, startedAgain, timeOf } from '../../../src/activities/llm/pace.js';

const first = slowedDown(undefined, { now: 0, sentAt: 0 });

const pace = fc.record({
  startAt: fc.integer({ min: 0, max: 1_000_000 }),
  rate: fc.double({ min: 1 / 8, max: 500, noNaN: true }),
  growth: fc.double({ min: 0.1, max: 50, noNaN: true }),
});

describe('a pace', () => {
  it('begins with five requests a second after the first refusal, and gains five with each second', () => {
    expect([first.rate, first.growth]).toEqual([5, 5]);
    expect([0, 500, 1_500, 10_500].map((at) => rateAt(first, at))).toEqual([5, 5, 10, 55]);
  });

  it('lets a thousand go within twenty seconds', () => {
    expect(timeOf(first, 1_000)).toBeLessThan(20_000);
  });

  it('gives each request a later time than the one before, ever closer to it', () => {
    fc.assert(
      fc.property(pace, fc.integer({ min: 0, max: 2_000 }), (given, index) => {
        const [a, b, c] = [0, 1, 2].map((step) => timeOf(given, index + step)) as [number, number, number];
        expect(a).toBeGreaterThanOrEqual(given.startAt);
        expect(b).toBeGreaterThan(a);
        expect(c - b).toBeLessThanOrEqual(b - a + 1e-6);
        expect(b - a).toBeLessThanOrEqual(1_000 / given.rate + 1e-6);
      }),
    );
  });

  it('has let as many go as its rate says', () => {
    const steady: Pace = { startAt: 0, rate: 10, growth: 2 };
    expect(timeOf(steady, 10 * 3 + (2 * 3 * 3) / 2)).toBeCloseTo(3_000);
    expect(timeOf(steady, -1)).toBe(Number.NEGATIVE_INFINITY);
  });

  it('halves its rate at a refusal, and takes ten seconds to be as fast again', () => {
    const slower = slowedDown({ startAt: 0, rate: 5, growth: 5 }, { now: 7_100, sentAt: 7_000 });
    expect(slower).toEqual({ startAt: 7_600, rate: 20, growth: 2 });
    expect(rateAt(slower, 17_600)).toBe(40);
  });

  it('never falls below one request in eight seconds, and grows from there', () => {
    let slow = first;
    for (let n = 0; n < 20; n++) slow = slowedDown(slow, { now: slow.startAt, sentAt: slow.startAt });
    expect(slow).toMatchObject({ rate: 1 / 8, growth: 0.1 });
  });

  it('begins when the pause is over that the provider named, of a minute at most', () => {
    expect(slowedDown(undefined, { now: 10, sentAt: 0, retryAfterMs: 3_000 }).startAt).toBe(3_010);
    expect(slowedDown(undefined, { now: 10, sentAt: 0, retryAfterMs: 3_600_000 }).startAt).toBe(60_010);
  });

  it('pauses for half a second of its own accord, or for two requests where they are rare', () => {
    expect(first.startAt).toBe(500);
    expect(slowedDown({ startAt: 0, rate: 1, growth: 1 }, { now: 0, sentAt: 0 }).startAt).toBe(4_000);
  });

  it('moves nobody to an earlier time, whether it slows down or starts again', () => {
    fc.assert(
      fc.property(pace, fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 1_000 }), (given, after, n) => {
        const now = given.startAt + after;
        const growing = { ...given, growth: Math.min(given.growth, given.rate / 10 + 0.1) };
        const slower = slowedDown(growing, { now, sentAt: given.startAt });
        const moved = { ...slower, startAt: Math.max(slower.startAt, timeOf(growing, 0)) };
        expect(timeOf(moved, n)).toBeGreaterThanOrEqual(timeOf(growing, n) - 1e-6);
        const gone = Math.max(now, timeOf(growing, 0));
        expect(timeOf(startedAgain(growing, gone), n)).toBeGreaterThanOrEqual(timeOf(growing, n + 1) - 1e-6);
      }),
    );
  });
});
