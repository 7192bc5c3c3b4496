import { take } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { MemoryEventBus, type StoredMessage } from '../../src/bus/index.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

function collect(bus: MemoryEventBus, pattern = '>', options?: { from?: number }): StoredMessage[] {
  const messages: StoredMessage[] = [];
  bus.messages$(pattern, options).subscribe((message) => messages.push(message));
  return messages;
}

async function publish(bus: MemoryEventBus, ids: readonly string[]): Promise<void> {
  for (const id of ids) await bus.publish({ id, subject: 'a.b', data: id });
}

const ids = (messages: readonly StoredMessage[]) => messages.map(({ id }) => id).join(' ');

describe('MemoryEventBus', () => {
  test('keeps the newest messages, as many as it was told to, and replays from the first of them', async () => {
    const bus = new MemoryEventBus({ keep: 3 });
    await publish(bus, ['1', '2', '3', '4', '5']);
    expect(ids(collect(bus, '>', { from: 1 }))).toBe('3 4 5');
    expect(ids(collect(bus, '>', { from: 4 }))).toBe('4 5');
    expect(ids(collect(bus, '>', { from: 9 }))).toBe('');
  });

  test('gives a burst larger than what it keeps whole to who came before it was delivered', async () => {
    const bus = new MemoryEventBus({ keep: 2 });
    for (const id of ['1', '2', '3', '4']) void bus.publish({ id, subject: 'a', data: null });
    const live = collect(bus);
    const replay = collect(bus, '>', { from: 1 });
    await settled();
    expect([ids(live), ids(replay), ids(collect(bus, '>', { from: 1 }))]).toEqual(['1 2 3 4', '1 2 3 4', '3 4']);
  });

  test('remembers ids for telling duplicates within its window only', async () => {
    const bus = new MemoryEventBus({ dedupWindow: 2 });
    await publish(bus, ['1', '2', '1', '3', '2', '1']);
    expect(ids(collect(bus, '>', { from: 1 }))).toBe('1 2 3 1');
  });

  test('calls readers after publish, never inside it', async () => {
    const bus = new MemoryEventBus();
    const messages = collect(bus);
    const taken = bus.publish({ id: '1', subject: 'a', data: {} });
    expect(messages).toEqual([]);
    await taken;
    expect(ids(messages)).toBe('1');
  });

  test('a reader that has enough while it is given the kept ones gets no more', async () => {
    const bus = new MemoryEventBus();
    await publish(bus, ['1', '2', '3']);
    const messages: StoredMessage[] = [];
    bus
      .messages$('>', { from: 1 })
      .pipe(take(2))
      .subscribe((message) => messages.push(message));
    await publish(bus, ['4']);
    expect(ids(messages)).toBe('1 2');
  });

  test.each(['', 'a..b', '.a', 'a.', 'a.*', 'a.>', 'a b', 'a\tb'])('refuses the subject %j', async (subject) => {
    const bus = new MemoryEventBus();
    await expect(bus.publish({ id: '1', subject, data: 1 })).rejects.toMatchObject({ code: 'config_invalid' });
    await bus.publish({ id: '1', subject: 'a', data: 1 }); // the refused one did not use up its id
    expect(ids(collect(bus, '>', { from: 1 }))).toBe('1');
  });

  test.each(['', 'a..b', '>.a', 'a.>.b', 'a b'])('refuses the pattern %j', (pattern) => {
    expect(() => new MemoryEventBus().messages$(pattern)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });

  test('takes a * or > inside a token literally', async () => {
    const bus = new MemoryEventBus();
    const messages = collect(bus, 'a*.b');
    await bus.publish({ id: '1', subject: 'a*.b', data: 1 });
    await bus.publish({ id: '2', subject: 'ax.b', data: 1 });
    expect(ids(messages)).toBe('1');
  });

  test('refuses data that is not JSON, and numbers that count nothing', async () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const bus = new MemoryEventBus();
    for (const data of [undefined, () => 1, 1n, cyclic]) {
      await expect(bus.publish({ id: '1', subject: 'a', data })).rejects.toMatchObject({ code: 'config_invalid' });
    }
    for (const options of [{ keep: 0 }, { keep: 1.5 }, { dedupWindow: -1 }]) {
      expect(() => new MemoryEventBus(options)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    }
    expect(() => bus.messages$('>', { from: Number.NaN })).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});
