import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { House } from './house.js';

describe('the limit', () => {
  test('with a queue: as many start as there are slots, the others one for each that ends, in the order they came', () => {
    const house = new House(2, true);
    house.spawn('a', 'b', 'c', 'd', 'e');
    expect([house.log, house.line]).toEqual([
      ['a starts', 'b starts'],
      ['c', 'd', 'e'],
    ]);
    expect(house.counters).toEqual({ slotsInUse: 2, live: 5 });
    house.end('b');
    house.end('a');
    expect(house.log.slice(2)).toEqual(['b ends', 'c starts', 'a ends', 'd starts']);
    expect(house.counters).toEqual({ slotsInUse: 2, live: 3 });
  });

  test('without a queue: at the limit a spawn makes nothing, after an end there is room again', () => {
    const house = new House(1, false);
    house.spawn('a', 'b');
    expect([...house.slots.keys()]).toEqual(['a']);
    expect(house.counters).toEqual({ slotsInUse: 1, live: 1 });
    house.end('a');
    house.spawn('b');
    expect(house.log).toEqual(['a starts', 'a ends', 'b starts']);
  });

  test('one that ends in the queue frees no slot', () => {
    const house = new House(1, true);
    house.spawn('a', 'b', 'c');
    house.end('b');
    expect([house.log, house.counters]).toEqual([['a starts', 'b ends'], { slotsInUse: 1, live: 2 }]);
    house.end('a');
    expect(house.log.slice(2)).toEqual(['a ends', 'c starts']);
  });

  test('one that breaks is counted like one that ends', () => {
    const house = new House(1, true);
    house.spawn('a', 'b', 'c');
    house.end('a', new Error('defect'));
    house.end('c', new Error('defect'));
    expect(house.log).toEqual(['a starts', 'a ends', 'b starts', 'c ends']);
    expect(house.counters).toEqual({ slotsInUse: 1, live: 1 });
  });

  test('one that was held in the queue is passed over, and starts when it is ready and there is room', () => {
    const house = new House(1, true);
    house.spawn('a', 'b', 'c');
    house.leave('b');
    house.end('a');
    house.end('c');
    expect(house.log).toEqual(['a starts', 'a ends', 'c starts', 'c ends']);
    house.send({ type: 'READY', id: 'b' });
    expect(house.log.slice(4)).toEqual(['b starts']);
  });
});

describe('a slot that is lent', () => {
  test('goes to the next in line, and is taken back before all that queue', () => {
    const house = new House(1, true);
    house.spawn('parent', 'child', 'other');
    house.send({ type: 'LEND', id: 'parent' });
    expect([house.holding, house.counters.slotsInUse]).toEqual([['child'], 1]);
    house.send({ type: 'TAKE_BACK', id: 'parent' });
    expect([house.holding, house.line]).toEqual([['child'], ['parent', 'other']]);
    house.end('child');
    expect(house.holding).toEqual(['parent']);
    expect(house.log).toEqual(['parent starts', 'child starts', 'child ends', 'parent goes on']);
  });

  test('is taken back at once where there is room', () => {
    const house = new House(1, true);
    house.spawn('a');
    house.send({ type: 'LEND', id: 'a' });
    expect(house.counters).toEqual({ slotsInUse: 0, live: 1 });
    house.send({ type: 'TAKE_BACK', id: 'a' });
    expect([house.log, house.counters.slotsInUse]).toEqual([['a starts', 'a goes on'], 1]);
  });

  test('several that take theirs back go in the order they asked', () => {
    const house = new House(2, true);
    house.spawn('a', 'b', 'c', 'd', 'e');
    house.send({ type: 'LEND', id: 'a' }, { type: 'LEND', id: 'b' });
    house.send({ type: 'TAKE_BACK', id: 'b' }, { type: 'TAKE_BACK', id: 'a' });
    house.end('c');
    house.end('d');
    expect(house.log.slice(-4)).toEqual(['c ends', 'b goes on', 'd ends', 'a goes on']);
  });

  test('is not freed a second time when its owner ends, whether it is lent or asked back', () => {
    const house = new House(1, true);
    house.spawn('a', 'b', 'c', 'd');
    house.send({ type: 'LEND', id: 'a' });
    house.end('a');
    house.send({ type: 'LEND', id: 'b' }, { type: 'TAKE_BACK', id: 'b' });
    house.end('b');
    expect([house.holding, house.counters]).toEqual([['c'], { slotsInUse: 1, live: 2 }]);
  });

  test('can only be lent by who has one, once, and taken back by who lent it', () => {
    const house = new House(1, true);
    house.spawn('a', 'b', 'c');
    const before = { slots: [...house.slots], line: [...house.line], counters: house.counters };
    house.send({ type: 'LEND', id: 'b' }, { type: 'TAKE_BACK', id: 'a' }, { type: 'TAKE_BACK', id: 'nobody' });
    expect({ slots: [...house.slots], line: [...house.line], counters: house.counters }).toEqual(before);
    house.send({ type: 'LEND', id: 'a' }, { type: 'LEND', id: 'a' });
    expect([house.holding, house.counters.slotsInUse]).toEqual([['b'], 1]);
  });
});

describe('close', () => {
  test('is over at once where nothing lives', () => {
    const house = new House(1, true);
    house.spawn('a');
    house.end('a');
    house.send({ type: 'CLOSE' });
    expect(house.actor.getSnapshot()).toMatchObject({ value: 'closed', status: 'done' });
  });

  test('ends all that live, queued and lending ones included, and starts nobody meanwhile', () => {
    const house = new House(2, true);
    house.spawn('a', 'b', 'c', 'd');
    house.send({ type: 'LEND', id: 'a' });
    house.send({ type: 'CLOSE' });
    expect(house.log).toEqual(['a starts', 'b starts', 'c starts', 'a ends', 'b ends', 'c ends', 'd ends']);
    expect(house.counters).toEqual({ slotsInUse: 0, live: 0 });
    expect(house.actor.getSnapshot()).toMatchObject({ value: 'closed', status: 'done' });
  });

  test('waits for those that take their time, and lets nobody in', () => {
    const house = new House(1, true);
    house.spawn('a', 'b');
    house.end = () => {}; // nobody takes notice of the cancel
    house.send({ type: 'CLOSE' });
    house.spawn('c');
    house.send({ type: 'READY', id: 'b' }, { type: 'CLOSE' });
    expect([house.actor.getSnapshot().value, house.log, house.counters.live]).toEqual(['closing', ['a starts'], 2]);
    House.prototype.end.call(house, 'a');
    expect([house.actor.getSnapshot().value, house.log]).toEqual(['closing', ['a starts', 'a ends']]);
    House.prototype.end.call(house, 'b');
    expect(house.actor.getSnapshot().value).toBe('closed');
  });
});

describe('whatever comes in whatever order', () => {
  const command = fc.record({
    type: fc.constantFrom('SPAWN', 'SPAWN', 'END', 'BREAK', 'LEND', 'TAKE_BACK', 'HOLD', 'READY'),
    nth: fc.nat({ max: 9 }),
  });

  test('slots never exceed the limit, none stays free while one waits, and the counters are true', () => {
    const peaks = new Set<number>();
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.array(command, { maxLength: 60, size: 'max' }),
        (limit, queues, commands) => {
          const house = new House(limit, queues);
          commands.forEach(({ type, nth }, index) => {
            const living = house.ids((slot) => slot !== 'ended');
            const id = living[nth % Math.max(1, living.length)] ?? 'nobody';
            if (type === 'SPAWN') house.spawn(`s${index}`);
            else if (type === 'HOLD') {
              if (house.slots.get(id) === 'none') house.leave(id);
            } else if (type === 'END' || type === 'BREAK') {
              if (id !== 'nobody') house.end(id, type === 'BREAK' ? new Error('defect') : undefined);
            } else house.send({ type, id });
            const { slotsInUse, live } = house.counters;
            expect(slotsInUse).toBe(house.holding.length);
            expect(slotsInUse).toBeLessThanOrEqual(limit);
            expect(live).toBe(house.ids((slot) => slot !== 'ended').length);
            expect(slotsInUse < limit && house.line.length > 0).toBe(false);
            peaks.add(slotsInUse);
          });
          house.send({ type: 'CLOSE' });
          expect(house.actor.getSnapshot()).toMatchObject({ value: 'closed', context: { slotsInUse: 0, live: 0 } });
        },
      ),
      { numRuns: 300, seed: 1 },
    );
    expect(peaks).toEqual(new Set([0, 1, 2, 3]));
  });
});
