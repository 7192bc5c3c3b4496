import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/events/index.js';
import { brief, briefly, delivered, makeHub, read, text, turn } from './hub-fixture.js';

/** One more step of an iterable that is read by hand. */
function iterator(events: AsyncIterable<AgentEvent>) {
  const it = events[Symbol.asyncIterator]();
  return { it, next: async () => brief([(await it.next()).value].filter(Boolean))[0] ?? 'over' };
}

describe('events()', () => {
  test('without from it is live from the moment of the call, not of the first read', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    await delivered();
    const events = hub.events();
    hub.publish('a', text(2));
    hub.publish('b', text(1));
    await delivered();
    expect(brief(await read(events, 2))).toEqual(['a2', 'b1']);
  });

  test('with from it gives what is kept, then goes on live, and ends with the hub', async () => {
    const { hub } = makeHub();
    for (const n of [1, 2, 3]) hub.publish('a', text(n));
    await delivered();
    const got = read(hub.events({ from: 2 }));
    hub.publish('b', text(1));
    await delivered();
    hub.publish('b', text(2));
    hub.end();
    expect(brief(await got)).toEqual(['a2', 'a3', 'b1', 'b2']);
    expect(hub.stats().readers).toBe(0);
  });

  test('ids and types choose; ids may be unknown yet; ended subagents do not end it', async () => {
    const { hub } = makeHub(100, ['a', 'b']);
    const own = read(hub.events({ ids: ['b', 'later', 'b'] }));
    const turns = read(hub.events({ types: ['turn_start', 'turn_end'] }));
    const both = read(hub.events({ ids: ['later'], types: ['turn_start'], from: 1 }));
    const nothing = read(hub.events({ ids: [] }));
    hub.publish('a', turn(1));
    hub.publish('b', text(1));
    hub.close('b');
    await delivered();
    hub.open('later');
    hub.publish('later', turn(1));
    hub.publish('later', text(1));
    hub.end();
    expect(brief(await own)).toEqual(['b1', 'later1', 'later2']);
    expect(brief(await turns)).toEqual(['a1', 'later1']);
    expect(brief(await both)).toEqual(['later1']);
    expect(await nothing).toEqual([]);
  });

  test('gaps pass a filter by types; with ids they count by seq, without by offset', async () => {
    const { hub } = makeHub(2);
    for (let n = 1; n <= 4; n++) {
      hub.publish('a', turn(n));
      hub.publish('b', turn(n));
    }
    await delivered();
    hub.end();
    const filtered = { from: 1, types: ['end'] };
    expect(brief(await read(hub.events(filtered)))).toEqual(['gap 1-4']);
    expect(brief(await read(hub.events({ ...filtered, ids: ['a', 'b'] })))).toEqual(['gap a1-2', 'gap b1-2']);
    expect(brief(await read(hub.events({ from: 1, ids: ['b', 'a'] })))).toEqual([
      ...['gap a1-2', 'a3', 'gap b1-2', 'b3', 'a4', 'b4'],
    ]);
  });

  test('who goes on from where it stopped is told of no gap for what it had, and of one for what is lost', async () => {
    const { hub } = makeHub(2);
    for (let n = 1; n <= 5; n++) hub.publish('a', text(n));
    await delivered();
    hub.end();
    const from = async (offset: number) => brief(await read(hub.events({ ids: ['a'], from: offset }))).join(' ');
    expect(await from(5)).toBe('a5');
    expect(await from(4)).toBe('a4 a5');
    expect(await from(3)).toBe('gap a3-3 a4 a5');
    expect(await from(2)).toBe('gap a2-3 a4 a5');
  });

  test('what was dropped before the offset asked for is not told, also where other subagents spoke in between', async () => {
    const { hub } = makeHub(1);
    hub.publish('a', turn(1));
    for (const n of [2, 3]) hub.publish('a', text(n)); // the first of the two is dropped by the next
    hub.publish('b', text(4));
    hub.publish('a', turn(5)); // drops the turn
    await delivered();
    hub.publish('a', text(6)); // drops seq 3, at offset 3
    await delivered();
    hub.end();
    const from = async (offset: number) => brief(await read(hub.events({ ids: ['a'], from: offset }))).join(' ');
    expect(await from(4)).toBe('a4 a5');
    expect(await from(3)).toBe('gap a2-3 a4 a5'); // which of the two lay at offset 3 is not known any more
    expect(await from(1)).toBe('gap a1-3 a4 a5');
  });

  test('a reader that is too slow loses the oldest, and one gap says so where they would have been', async () => {
    const { hub, clock } = makeHub(3);
    const slow = iterator(hub.events());
    const own = iterator(hub.events({ ids: ['a', 'b'] }));
    const quick = read(hub.events(), 8);
    for (let n = 1; n <= 4; n++) {
      hub.publish('a', text(n));
      await delivered();
      hub.publish('b', text(n));
      await delivered();
    }
    await clock.advance(9);
    const gap = (await slow.it.next()).value;
    expect(gap).toStrictEqual({ type: 'gap', missed: 5, fromOffset: 1, toOffset: 5, time: 1_009, v: 1 });
    for (const word of ['b3', 'a4', 'b4']) expect(await slow.next()).toBe(word);
    for (const word of ['gap a1-3', 'gap b1-2', 'b3', 'a4']) expect(await own.next()).toBe(word);
    hub.publish('a', text(5));
    hub.end();
    await delivered();
    for (const word of ['a5', 'over', 'over']) expect(await slow.next()).toBe(word);
    expect(brief(await quick)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'a4', 'b4']);
  });

  test('only what is wanted takes room: others do not push it out', async () => {
    const { hub } = makeHub(2);
    const turns = iterator(hub.events({ types: ['turn_start'] }));
    hub.publish('a', turn(1));
    for (let n = 0; n < 20; n++) hub.publish('a', text(n));
    hub.publish('a', turn(2));
    await delivered();
    expect([await turns.next(), await turns.next()]).toEqual(['a1', 'a22']);
    for (let n = 3; n <= 6; n++) hub.publish('a', turn(n));
    await delivered();
    const gap = (await turns.it.next()).value;
    expect(gap).toMatchObject({ type: 'gap', missed: 2 });
    expect([await turns.next(), await turns.next()]).toEqual(['a25', 'a26']);
  });

  test('the kept events wait for a slow reader whole; a loss right behind them joins the gap at their end', async () => {
    const { hub } = makeHub(3);
    for (let n = 1; n <= 3; n++) hub.publish('a', text(n));
    for (let n = 1; n <= 3; n++) hub.publish('a', turn(n));
    hub.publish('b', text(1));
    await delivered();
    hub.forget('b');
    const slow = iterator(hub.events({ from: 1 }));
    for (let n = 4; n <= 8; n++) hub.publish('a', text(n));
    await delivered();
    const words: string[] = [];
    for (let n = 0; n < 10; n++) words.push(await slow.next());
    expect(words).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'gap 7-9', 'a9', 'a10', 'a11']);
  });

  test('calls of next that overlap are answered in order', async () => {
    const { hub } = makeHub();
    const { it } = iterator(hub.events());
    const asked = [it.next(), it.next(), it.next(), it.next()];
    hub.publish('a', text(1));
    await delivered();
    hub.publish('a', text(2));
    hub.publish('a', text(3));
    hub.end();
    const answers = await Promise.all(asked);
    expect(answers.map(({ done, value }) => (done ? 'over' : briefly(value)))).toEqual(['a1', 'a2', 'a3', 'over']);
  });

  test('leaving the loop, or return, frees the subscription and answers who still waits', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    for await (const event of hub.events({ from: 1 })) {
      expect(briefly(event)).toBe('a1');
      break;
    }
    const { it } = iterator(hub.events());
    const waiting = [it.next(), it.next()];
    expect(hub.stats().readers).toBe(1);
    expect(await it.return?.()).toEqual({ done: true, value: undefined });
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect(await it.next()).toEqual({ done: true, value: undefined });
    expect(hub.stats()).toMatchObject({ readers: 0, watched: 0 });
  });

  test('a loop that throws frees the subscription', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    const loop = async () => {
      for await (const event of hub.events({ from: 1, ids: ['a'] })) throw new Error(briefly(event));
    };
    await expect(loop()).rejects.toThrow('a1');
    expect(hub.stats()).toMatchObject({ readers: 0, watched: 0 });
  });

  test('an aborted signal ends it at once, before the call too, and no listener is left', async () => {
    const { hub } = makeHub();
    const listeners = (signal: AbortSignal) => {
      let count = 0;
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
        count++;
        addEventListener.apply(signal, args);
      };
      signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
        count--;
        removeEventListener.apply(signal, args);
      };
      return () => count;
    };
    const controller = new AbortController();
    const counted = listeners(controller.signal);
    const unread = iterator(hub.events({ signal: controller.signal }));
    const waiting = read(hub.events({ signal: controller.signal, ids: ['b'] }));
    const left = iterator(hub.events({ signal: controller.signal }));
    expect(counted()).toBe(3);
    await left.it.return?.();
    expect(counted()).toBe(2);
    hub.publish('a', text(1));
    await delivered();
    controller.abort();
    expect(await waiting).toEqual([]);
    expect(await unread.next()).toBe('over');
    expect(counted()).toBe(0);
    expect(await read(hub.events({ from: 1, signal: controller.signal }))).toEqual([]);
    expect(hub.stats().readers).toBe(0);
  });
});

describe('SubAgentEventStream', () => {
  test('recv gives the kept events, then live ones, then null for ever', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    await delivered();
    const stream = hub.streamOf('a');
    hub.publish('a', text(2));
    hub.publish('b', text(1));
    const words = [await stream.recv(), await stream.recv()].map((event) => event && briefly(event));
    expect(words).toEqual(['a1', 'a2']);
    const waiting = stream.recv();
    hub.publish('a', text(3));
    hub.close('a');
    expect(await waiting).toMatchObject({ seq: 3 });
    expect([await stream.recv(), await stream.recv(), await stream.recv(0)]).toEqual([null, null, null]);
    expect(hub.stats().readers).toBe(0);
  });

  test('of an ended subagent it gives what is kept, then null', async () => {
    const { hub } = makeHub(2);
    for (let n = 1; n <= 4; n++) hub.publish('a', text(n));
    hub.close('a');
    await delivered();
    expect(brief(await read(hub.streamOf('a')))).toEqual(['gap a1-2', 'a3', 'a4']);
  });

  test('recv with a limit gives undefined when the time ran out, and swallows nothing later', async () => {
    const { hub, clock } = makeHub();
    const stream = hub.streamOf('a');
    const hasty = stream.recv(50);
    const patient = stream.recv(80);
    await clock.advance(50);
    expect(await hasty).toBeUndefined();
    await clock.advance(10);
    hub.publish('a', text(1));
    expect(await patient).toMatchObject({ seq: 1 });
    expect(clock.pending).toBe(0);
  });

  test('no timer is left when the stream ends, is left, or had an event ready', async () => {
    const { hub, clock } = makeHub();
    const ended = hub.streamOf('a').recv(1_000);
    const stream = hub.streamOf('b');
    const left = stream.recv(1_000);
    expect(clock.pending).toBe(2);
    hub.close('a');
    expect(await ended).toBeNull();
    await iterator(stream).it.return?.();
    expect(await left).toBeNull();
    hub.publish('b', text(1));
    expect(await hub.streamOf('b').recv(1_000)).toMatchObject({ seq: 1 });
    expect(clock.pending).toBe(0);
  });

  test('recv(0) does not wait; a limit beyond the longest timer is one all the same; what is no number is refused', async () => {
    const { hub, clock } = makeHub();
    const stream = hub.streamOf('a');
    expect(await stream.recv(0)).toBeUndefined();
    const waiting = stream.recv(1e15);
    hub.publish('a', text(1));
    expect(await waiting).toMatchObject({ seq: 1 });
    for (const odd of [Number.NaN, '5', null, {}]) {
      await expect(stream.recv(odd as number)).rejects.toMatchObject({ code: 'config_invalid' });
    }
    expect(clock.pending).toBe(0);
  });

  test('recv and for await take from one place', async () => {
    const { hub } = makeHub();
    for (const n of [1, 2, 3]) hub.publish('a', text(n));
    hub.close('a');
    const stream = hub.streamOf('a');
    expect(await stream.recv()).toMatchObject({ seq: 1 });
    expect(brief(await read(stream))).toEqual(['a2', 'a3']);
    expect(await stream.recv()).toBeNull();
  });

  test('forgetting a subagent ends its streams after what they had', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    const stream = hub.streamOf('a');
    hub.forget('a');
    expect(brief(await read(stream))).toEqual(['a1']);
  });
});
