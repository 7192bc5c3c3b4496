import { describe, expect, test } from 'vitest';
import { Outbox } from '../../src/events/outbox.js';

describe('Outbox', () => {
  test('nothing is delivered while push runs, all of it in the next microtask', async () => {
    const got: number[] = [];
    const outbox = new Outbox<number>((item) => got.push(item));
    outbox.push(1);
    outbox.push(2);
    expect([got, outbox.length, outbox.waiting()]).toEqual([[], 2, [1, 2]]);
    await Promise.resolve();
    expect([got, outbox.length]).toEqual([[1, 2], 0]);
  });

  test('what is pushed during delivery comes last, and waits without what is being delivered', async () => {
    const got: string[] = [];
    const outbox = new Outbox<string>((item) => {
      got.push(item);
      if (item !== 'first') return;
      outbox.push('third');
      expect(outbox.waiting()).toEqual(['second', 'third']);
    });
    outbox.push('first');
    outbox.push('second');
    await Promise.resolve();
    expect(got).toEqual(['first', 'second', 'third']);
  });
});
