import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ring } from '../../src/events/ring.js';

describe('Ring', () => {
  test('behaves like a list cut to its capacity, whatever is pushed and shifted', () => {
    const operations = fc.array(fc.oneof({ weight: 3, arbitrary: fc.nat() }, fc.constant('shift')), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), operations, (capacity, steps) => {
        const ring = new Ring<number>(capacity);
        const list: number[] = [];
        for (const step of steps) {
          if (typeof step === 'number') {
            list.push(step);
            expect(ring.push(step)).toBe(list.length > capacity ? list.shift() : undefined);
          } else {
            expect(ring.shift()).toBe(list.shift());
          }
          expect(Array.from({ length: ring.length }, (_, index) => ring.at(index))).toEqual(list);
        }
        expect([ring.at(-1), ring.at(ring.length)]).toEqual([undefined, undefined]);
      }),
    );
  });

  test('is empty after clear and can be used again', () => {
    const ring = new Ring<string>(2);
    for (const item of ['a', 'b', 'c']) ring.push(item);
    ring.clear();
    expect([ring.length, ring.at(0), ring.shift()]).toEqual([0, undefined, undefined]);
    ring.push('d');
    expect(ring.at(0)).toBe('d');
  });
});
