import { expect, test } from 'vitest';
import { LatestWriter } from '../../src/store/latest-writer.js';

interface Write {
  readonly value: string;
  readonly succeed: () => void;
  readonly fail: (cause: Error) => void;
}

/** Writes that end when the test says so. */
function begin() {
  const writes: Write[] = [];
  let idle = 0;
  const writer = new LatestWriter<string>(
    (value) => new Promise<void>((succeed, fail) => writes.push({ value, succeed, fail })),
    () => idle++,
  );
  const running = async (count: number) => {
    while (writes.length < count) await Promise.resolve();
    return writes[count - 1];
  };
  return { writer, writes, running, idleCount: () => idle };
}

test('while one write runs the latest value waits, and those between are left out', async () => {
  const { writer, writes, running, idleCount } = begin();
  const first = writer.write('a');
  await running(1);
  const later = ['b', 'c', 'd'].map((value) => writer.write(value));
  writes[0]?.succeed();
  await first;
  (await running(2))?.succeed();
  await Promise.all(later);
  await writer.idle();
  expect(writes.map(({ value }) => value)).toEqual(['a', 'd']);
  expect(idleCount()).toBe(1);
});

test('each caller is told how its own write ended, or the later one that held more, and no other', async () => {
  const { writer, running } = begin();
  const first = writer.write('a');
  const running1 = await running(1);
  const second = writer.write('b');
  const third = writer.write('c');
  running1?.succeed();
  await expect(first).resolves.toBeUndefined();
  (await running(2))?.fail(new Error('full'));
  await expect(second).rejects.toThrow('full');
  await expect(third).rejects.toThrow('full');
  const fourth = writer.write('d');
  (await running(3))?.succeed();
  await expect(fourth).resolves.toBeUndefined();
});
