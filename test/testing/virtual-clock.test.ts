import { describe, expect, it } from 'vitest';
import { delay } from '../../src/domain/clock.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

describe('a virtual clock', () => {
  it('stands still until it is moved, from 0 or a given time', async () => {
    const clock = new VirtualClock();
    expect(clock.now()).toBe(0);
    await clock.advance(5);
    expect(clock.now()).toBe(5);
    expect(new VirtualClock(1_000).now()).toBe(1_000);
  });

  it('fires timers by time, those of one time in the order they were set, and none too early', async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    const set = (name: string, ms: number) => clock.setTimeout(() => fired.push(`${name}@${clock.now()}`), ms);
    set('c', 30);
    set('a', 10);
    set('b1', 20);
    set('b2', 20);
    await clock.advance(29);
    expect(fired).toEqual(['a@10', 'b1@20', 'b2@20']);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(fired.at(-1)).toBe('c@30');
    expect(clock.pending).toBe(0);
  });

  it('fires what is set on the way, if it falls due', async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const tick = () => {
      times.push(clock.now());
      clock.setTimeout(tick, 10);
    };
    tick();
    await clock.advance(35);
    expect(times).toEqual([0, 10, 20, 30]);
  });

  it('lets promises run between two timers, also those that only begin to wait now', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const work = async () => {
      await null;
      await delay(clock, 10);
      seen.push(`first@${clock.now()}`);
      await delay(clock, 10);
      seen.push(`second@${clock.now()}`);
    };
    const done = work();
    clock.setTimeout(() => seen.push('timer@15'), 15);
    await clock.advance(20);
    await done;
    expect(seen).toEqual(['first@10', 'timer@15', 'second@20']);
  });

  it('never fires a timer that was cleared, and minds no timer that is not one', async () => {
    const clock = new VirtualClock();
    let fired = 0;
    const one = clock.setTimeout(() => fired++, 10);
    const two = clock.setTimeout(() => clock.clearTimeout(three), 10);
    const three = clock.setTimeout(() => fired++, 10);
    clock.clearTimeout(one);
    clock.clearTimeout(one);
    clock.clearTimeout(undefined);
    expect(clock.pending).toBe(2);
    await clock.advance(20);
    clock.clearTimeout(two);
    expect(fired).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('takes a delay that is no delay for none', async () => {
    const clock = new VirtualClock();
    let fired = 0;
    clock.setTimeout(() => fired++, -5);
    clock.setTimeout(() => fired++, Number.NaN);
    expect(fired).toBe(0);
    await clock.advance(0);
    expect(fired).toBe(2);
  });

  it('adds up when it is moved twice at once, and refuses to go back', async () => {
    const clock = new VirtualClock();
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect(clock.now()).toBe(20);
    expect(() => clock.advance(-1)).toThrow('time only goes on');
  });

  it('tells what a timer throws, and goes on afterwards', async () => {
    const clock = new VirtualClock();
    clock.setTimeout(() => {
      throw new Error('broken');
    }, 10);
    await expect(clock.advance(20)).rejects.toThrow('broken');
    await clock.advance(5);
    expect(clock.now()).toBe(15);
  });
});
