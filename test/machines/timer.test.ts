import { describe, expect, test, vi } from 'vitest';
import { type ActorRefFrom, createActor, type Snapshot, setup } from 'xstate';
import { type TimerInput, timeLeft, timerLogic } from '../../machines/index.js';
import { MAX_TIMER_MS } from '../../src/domain/clock.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

const RING = { type: 'RING' };

/** A parent that runs one timer, and remembers when it rang. */
function timed(ms: number | null, startMs = 0, snapshot?: unknown) {
  const clock = new VirtualClock(startMs);
  const rings: number[] = [];
  const machine = setup({
    types: { children: {} as { timer: 'timer' } },
    actors: { timer: timerLogic(clock) },
    actions: { ring: () => rings.push(clock.now() - startMs) },
  }).createMachine({
    initial: 'on',
    states: {
      on: {
        invoke: { id: 'timer', src: 'timer', input: (): TimerInput => ({ ms, event: RING }) },
        on: { RING: { actions: 'ring' }, LEAVE: 'off' },
      },
      off: {},
    },
  });
  const actor = createActor(machine, snapshot === undefined ? {} : { snapshot: snapshot as Snapshot<unknown> }).start();
  const timer = (): ActorRefFrom<ReturnType<typeof timerLogic>> | undefined => actor.getSnapshot().children.timer;
  return { actor, clock, rings, left: () => timeLeft(timer()) };
}

describe('a timer', () => {
  test('rings its parent once, when its time is over', async () => {
    const { clock, rings } = timed(1000);
    await clock.advance(999);
    expect(rings).toEqual([]);
    await clock.advance(10_000);
    expect(rings).toEqual([1000]);
  });

  test.each([[0], [-5]])('of %i ms rings at once, but not before its parent stands', async (ms) => {
    const { clock, rings } = timed(ms);
    expect(rings).toEqual([]);
    await clock.advance(0);
    expect(rings).toEqual([0]);
  });

  test('without a time never rings', async () => {
    const { clock, left } = timed(null);
    expect([clock.pending, left()]).toEqual([0, null]);
  });

  test('longer than a timer of Node can be is waited out in full, in pieces', async () => {
    const setTimeout = vi.spyOn(VirtualClock.prototype, 'setTimeout');
    const { actor, clock, rings, left } = timed(2 * MAX_TIMER_MS + 500);
    await clock.advance(MAX_TIMER_MS + 1000);
    expect([rings, left()]).toEqual([[], MAX_TIMER_MS - 500]);
    await clock.advance(MAX_TIMER_MS - 501);
    expect(rings).toEqual([]);
    await clock.advance(1);
    expect(rings).toEqual([2 * MAX_TIMER_MS + 500]);
    expect(Math.max(...setTimeout.mock.calls.map(([, delayMs]) => delayMs))).toBe(MAX_TIMER_MS);
    setTimeout.mockRestore();
    actor.stop();
  });

  test('is cleared when its parent leaves the state or ends, also in a later piece of a long time', async () => {
    for (const end of ['LEAVE', 'stop']) {
      const { actor, clock, rings } = timed(2 * MAX_TIMER_MS);
      await clock.advance(MAX_TIMER_MS + 1);
      if (end === 'stop') actor.stop();
      else actor.send({ type: 'LEAVE' });
      expect(clock.pending).toBe(0);
      await clock.advance(3 * MAX_TIMER_MS);
      expect(rings).toEqual([]);
    }
  });

  test('tells how much is left; where there is none, nothing', async () => {
    const { clock, left } = timed(1000);
    await clock.advance(400);
    expect(left()).toBe(600);
    expect(timeLeft(undefined)).toBeUndefined();
  });

  test('saves what is left, not when it was armed, and goes on with it by another clock', async () => {
    const first = timed(1000);
    await first.clock.advance(400);
    const saved = JSON.parse(JSON.stringify(first.actor.getPersistedSnapshot()));
    expect(saved.children.timer.snapshot.input).toEqual({ ms: 600, event: RING });
    const second = timed(1000, 5e9, saved);
    expect(second.left()).toBe(600);
    await second.clock.advance(599);
    expect(second.rings).toEqual([]);
    await second.clock.advance(1);
    expect(second.rings).toEqual([600]);
  });

  test('without a time is restored without one', async () => {
    const never = timed(null);
    const restored = timed(null, 0, JSON.parse(JSON.stringify(never.actor.getPersistedSnapshot())));
    expect([restored.left(), restored.clock.pending]).toEqual([null, 0]);
  });
});
