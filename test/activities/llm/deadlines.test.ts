import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../../src/activities/llm/deadlines.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';

function start(limits: Partial<ConstructorParameters<typeof Deadlines>[0]> = {}) {
  const clock = new VirtualClock(5_000);
  const expiredAt: number[] = [];
  const deadlines = new Deadlines(
    { firstByteTimeoutMs: 100, idleTimeoutMs: 50, turnTimeoutMs: 1_000, ...limits },
    clock,
    () => expiredAt.push(clock.now() - 5_000),
  );
  return { clock, deadlines, expiredAt };
}

describe('the deadlines of a request', () => {
  it('end it when no data comes', async () => {
    const { clock, deadlines, expiredAt } = start();
    await clock.advance(99);
    expect(deadlines.fault).toBeUndefined();
    await clock.advance(500);
    expect(expiredAt).toEqual([100]);
    expect(deadlines.fault?.message).toContain('firstByteTimeoutMs 100');
    expect(clock.pending).toBe(0);
  });

  it('end it when the stream falls silent, counted from the last data', async () => {
    const { clock, deadlines, expiredAt } = start();
    await clock.advance(90);
    deadlines.touch();
    await clock.advance(49);
    deadlines.touch();
    await clock.advance(500);
    expect(expiredAt).toEqual([90 + 49 + 50]);
    expect(deadlines.fault?.message).toContain('idleTimeoutMs 50');
  });

  it('notice a silence that is over before the first data would have been late', async () => {
    const { clock, deadlines, expiredAt } = start({ firstByteTimeoutMs: 10_000, turnTimeoutMs: 20_000 });
    await clock.advance(1);
    deadlines.touch();
    await clock.advance(60);
    expect(expiredAt).toEqual([51]);
  });

  it('end a stream that drips for ever, on one timer however much data comes', async () => {
    const { clock, deadlines, expiredAt } = start();
    for (let n = 0; n < 120; n++) {
      await clock.advance(10);
      deadlines.touch();
      expect(clock.pending).toBeLessThanOrEqual(1);
    }
    expect(expiredAt).toEqual([1_000]);
    expect(deadlines.fault?.message).toContain('turnTimeoutMs 1000');
  });

  it('make no fault of usage that does not come', async () => {
    const { clock, deadlines, expiredAt } = start({ turnTimeoutMs: 10_000 });
    deadlines.touch();
    deadlines.awaitUsage();
    deadlines.touch();
    await clock.advance(5_000);
    expect(expiredAt).toEqual([2_000]);
    expect(deadlines).toMatchObject({ isGraceOver: true, fault: undefined });
  });

  it('are gone once stopped', async () => {
    const { clock, deadlines, expiredAt } = start();
    deadlines.stop();
    await clock.advance(5_000);
    expect(expiredAt).toEqual([]);
  });
});
