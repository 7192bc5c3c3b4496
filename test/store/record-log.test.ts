import { describe, expect, it } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import type { JsonValue } from '../../src/domain/json.js';
import type { OnPersistError } from '../../src/domain/stored.js';
import { RecordLog } from '../../src/store/index.js';
import { VirtualClock } from '../../src/testing/index.js';

const BROKEN = new TroupeError('store_io', 'the disk of this test is broken');

/** A log with a journal in memory, and what its writers are told. */
function createLog(onPersistError: OnPersistError = 'hold') {
  const clock = new VirtualClock();
  const lines: JsonValue[] = [];
  const told: string[] = [];
  const disk = { isBroken: false };
  const log = new RecordLog({
    open: async () => ({
      position: { count: 0, hash: '' },
      append: async (line) => {
        if (disk.isBroken) throw BROKEN;
        lines.push(line);
      },
      close: async () => {},
    }),
    clock,
    onPersistError,
  });
  const writer = (name: string) =>
    log.writer({
      onFault: ({ code, retryInMs }) => told.push(`${name}: ${code} ${retryInMs ?? 'for good'}`),
      onHold: () => told.push(`${name}: holds`),
      lineOf: (records) => [name, ...records],
    });
  return { log, clock, lines, told, disk, writer };
}

describe('a log that several write', () => {
  it('puts what one has added together in one line, and single records behind what came before them', async () => {
    const { log, lines, writer } = createLog();
    const [a, b] = [writer('a'), writer('b')];
    const single = log.writer({ onFault: () => {}, onHold: () => {} });
    a.add(1);
    b.add(2);
    single.add('of a');
    a.add(3);
    single.add('of b');
    await Promise.all([a.flush(), b.flush(), single.flush()]);
    expect(lines).toEqual([['a', 1, 3], ['b', 2], 'of a', 'of b']);
    await a.write(4);
    expect(lines.at(-1)).toEqual(['a', 4]);
  });

  it('tells a fault to those who have something to write, and a hold to all', async () => {
    const { clock, told, disk, writer, lines } = createLog();
    const [a, b] = [writer('a'), writer('b')];
    disk.isBroken = true;
    const written = a.write(1);
    await clock.advance(0);
    expect(told).toEqual(['a: store_io 1000', 'a: holds', 'b: holds']);
    expect([a.isHolding, b.isHolding]).toEqual([true, true]);
    await b.rest(); // it has nothing that could not be written
    disk.isBroken = false;
    await clock.advance(1_000);
    await written;
    expect(lines).toEqual([['a', 1]]);
    expect(b.isHolding).toBe(false);
  });

  it('fails those whose records are dropped, for good, and lets the others go on', async () => {
    const { told, disk, writer, lines } = createLog('fail');
    const [a, b] = [writer('a'), writer('b')];
    disk.isBroken = true;
    await expect(a.write(1)).rejects.toBe(BROKEN);
    disk.isBroken = false;
    await expect(a.write(2)).rejects.toBe(BROKEN); // there would be a hole before it
    await b.write(3);
    expect(lines).toEqual([['b', 3]]);
    expect(told).toEqual(['a: store_io for good']);
  });

  it('keeps what could not be written in its place where work goes on without the store', async () => {
    const { disk, writer, lines } = createLog('continue');
    const [a, b] = [writer('a'), writer('b')];
    disk.isBroken = true;
    await a.write(1);
    disk.isBroken = false;
    await b.write(2);
    expect(lines).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('writes what a writer has left behind, and tells of its faults once to who speaks for all of them', async () => {
    const { log, clock, told, disk, writer, lines } = createLog();
    const [a, b, c] = [writer('a'), writer('b'), writer('c')];
    disk.isBroken = true;
    a.add(1);
    b.add(2);
    const speaker = () => told.push('speaker');
    for (const writer of [a, b]) writer.leave(speaker);
    await clock.advance(0);
    expect(told).toEqual(['speaker', 'c: holds']);
    disk.isBroken = false;
    await log.close();
    expect(lines).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    await expect(c.write(3)).rejects.toMatchObject({ code: 'closed' });
  });
});
