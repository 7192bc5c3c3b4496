import { config, finalize, map, take } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import {
  AgentEvent,
  type AgentEventBody,
  EventHub,
  type SubAgentEvent,
  type SubAgentEventStream,
} from '../../src/events/index.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { brief, delivered, makeHub, record, text, turn } from './hub-fixture.js';

describe('the envelope', () => {
  test('each event carries who, in which order, when and in which epoch, and passes the schema of events', async () => {
    const clock = new VirtualClock(5_000);
    const hub = new EventHub({ clock, bufferSize: 10 });
    hub.open('a');
    hub.open('b', { parentId: 'a', epoch: 2 });
    const { events } = record(hub.live$);
    hub.publish('a', turn(1));
    await clock.advance(7);
    hub.publish('b', text('hi'));
    hub.publish('a', turn(2));
    await delivered();
    expect(events).toStrictEqual([
      { type: 'turn_start', turn: 1, subagentId: 'a', epoch: 0, seq: 1, offset: 1, time: 5_000, v: 1 },
      {
        type: 'text_delta',
        text: 'hi',
        subagentId: 'b',
        parentId: 'a',
        epoch: 2,
        seq: 1,
        offset: 2,
        time: 5_007,
        v: 1,
      },
      { type: 'turn_start', turn: 2, subagentId: 'a', epoch: 0, seq: 2, offset: 3, time: 5_007, v: 1 },
    ]);
    for (const event of events) expect(AgentEvent.parse(event)).toEqual(event);
    expect(hub.lastOffset).toBe(3);
  });

  test('all readers share one object', async () => {
    const { hub } = makeHub();
    const stream = hub.streamOf('a');
    const readers = [hub.live$, hub.liveOf('a'), hub.replayOf('a')].map(record);
    hub.publish('a', text(1));
    await delivered();
    const late = record(hub.replay$());
    const pulled = await stream.recv();
    for (const { events } of [...readers, late]) expect(events[0]).toBe(pulled);
  });

  test('cannot be forged by a body, and nothing passes that an event of its type does not have', async () => {
    const { hub } = makeHub();
    const live = record(hub.live$);
    const forged = { subagentId: 'b', parentId: 'b', seq: 99, offset: 99, epoch: 9, time: 1, v: 2, colour: 'red' };
    // What tools give is plain data of any kind.
    hub.publish('a', { type: 'subagent_progress', step: 1, message: 'm', ...forged } as AgentEventBody);
    hub.publish('a', { type: 'text_delta', text: 't', ...forged } as AgentEventBody);
    hub.publish('a', { type: 'made_up', ...forged } as unknown as AgentEventBody);
    await delivered();
    const envelope = { subagentId: 'a', epoch: 0, time: 1_000, v: 1 };
    expect(live.events).toStrictEqual([
      { ...envelope, seq: 1, offset: 1, type: 'subagent_progress', step: 1, message: 'm' },
      { ...envelope, seq: 2, offset: 2, type: 'text_delta', text: 't' },
      { ...envelope, seq: 3, offset: 3, type: 'made_up' },
    ]);
  });

  test('and body cannot be changed by a reader for the others, nor later by who made them', async () => {
    const { hub } = makeHub();
    const tasks = [{ content: 'do it', status: 'pending' as const }];
    const args: Record<string, unknown> = JSON.parse('{"deep":[{"x":1}],"__proto__":{"y":1}}');
    args.self = args;
    hub.live$.subscribe((event) => {
      expect(() => Object.assign(event, { offset: 0 })).toThrow(TypeError);
      if (event.type === 'tasks_updated')
        expect(() => Object.assign(event.tasks[0] ?? {}, { content: 'x' })).toThrow(TypeError);
    });
    const others = record(hub.live$);
    hub.publish('a', text('t'));
    hub.publish('a', { type: 'tasks_updated', tasks });
    hub.publish('a', { type: 'tool_start', toolName: 't', toolId: '1', args });
    tasks[0] = { content: 'other', status: 'pending' };
    Object.assign(args, { deep: 'other' });
    await delivered();
    expect(others.events).toMatchObject([
      { offset: 1 },
      { tasks: [{ content: 'do it' }] },
      { args: { deep: [{ x: 1 }] } },
    ]);
    const [, , started] = others.events;
    expect(started?.type === 'tool_start' && Object.keys(started.args as object)).toEqual([
      'deep',
      '__proto__',
      'self',
    ]);
    expect(Object.isFrozen(args)).toBe(false);
  });

  test('what is published for an unknown, a closed or a forgotten id is dropped and takes no offset', async () => {
    const { hub } = makeHub();
    const live = record(hub.live$);
    hub.publish('nobody', text(1));
    hub.close('a');
    hub.publish('a', text(2));
    hub.forget('b');
    hub.publish('b', text(3));
    await delivered();
    expect(live.events).toEqual([]);
    expect(hub.lastOffset).toBe(0);
  });

  test('opening an open id is a defect; a closed one begins anew', async () => {
    const { hub } = makeHub();
    expect(() => hub.open('a')).toThrow(expect.objectContaining({ code: 'bug' }));
    const former = record(hub.liveOf('a'));
    hub.publish('a', text('old'));
    hub.close('a');
    hub.open('a', { epoch: 1 });
    const next = record(hub.replayOf('a'));
    hub.publish('a', text('new'));
    await delivered();
    expect(former.events).toMatchObject([{ epoch: 0, seq: 1, text: 'old' }]);
    expect(former.completed).toBe(true);
    expect(next.events).toMatchObject([{ epoch: 1, seq: 1, text: 'new' }]);
    expect(next.completed).toBe(false);
  });
});

describe('delivery', () => {
  test('nobody is called while publish, close or end runs', async () => {
    const { hub } = makeHub();
    const readers = [hub.live$, hub.liveOf('a'), hub.replay$()].map(record);
    hub.publish('a', text(1));
    hub.close('a');
    hub.end();
    for (const { events, completed } of readers) expect([events.length, completed]).toEqual([0, false]);
    await delivered();
    for (const { events, completed } of readers) expect([events.length, completed]).toEqual([1, true]);
  });

  test('a live reader gets what was not delivered when it came, also its tick being the one of the publishing', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    await delivered();
    hub.publish('a', text(2));
    const live = record(hub.live$);
    const own = record(hub.liveOf('a'));
    hub.publish('a', text(3));
    await delivered();
    expect(brief(live.events)).toEqual(['a2', 'a3']);
    expect(brief(own.events)).toEqual(['a2', 'a3']);
  });

  test('what a reader publishes comes after what was published before, in one order for all', async () => {
    const { hub } = makeHub();
    const before = record(hub.live$);
    hub.live$.subscribe((event) => {
      if (event.type === 'turn_start') hub.publish('b', text(`answer to ${event.turn}`));
    });
    const after = record(hub.live$);
    const own = record(hub.liveOf('b'));
    hub.publish('a', turn(1));
    hub.publish('a', turn(2));
    await delivered();
    expect(brief(before.events)).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(after.events).toEqual(before.events);
    expect(brief(own.events)).toEqual(['b1', 'b2']);
  });

  test('a reader that comes while an event is delivered gets live what follows, and by replay that event too', async () => {
    const { hub } = makeHub();
    const inner: Record<string, ReturnType<typeof record>> = {};
    hub.live$.pipe(take(1)).subscribe(() => {
      hub.publish('a', text(3));
      inner.live = record(hub.live$);
      inner.liveOf = record(hub.liveOf('a'));
      inner.replay = record(hub.replay$());
      inner.replayOf = record(hub.replayOf('a'));
      inner.other = record(hub.replayOf('b'));
      hub.publish('a', text(4));
    });
    hub.publish('a', text(1));
    hub.publish('a', text(2));
    await delivered();
    expect(Object.entries(inner).map(([name, { events }]) => [name, brief(events).join(' ')])).toEqual([
      ['live', 'a2 a3 a4'],
      ['liveOf', 'a2 a3 a4'],
      ['replay', 'a1 a2 a3 a4'],
      ['replayOf', 'a1 a2 a3 a4'],
      ['other', ''],
    ]);
  });

  test('a reader that leaves, or is made to leave by another one, while an event is delivered gets no more', async () => {
    const { hub } = makeHub();
    const first = record(hub.live$.pipe(take(1)));
    hub.live$.subscribe(() => victim.subscription.unsubscribe());
    const victim = record(hub.live$);
    const last = record(hub.live$);
    hub.publish('a', text(1));
    hub.publish('a', text(2));
    await delivered();
    expect([brief(first.events), first.completed]).toEqual([['a1'], true]);
    expect(victim.events).toEqual([]);
    expect(brief(last.events)).toEqual(['a1', 'a2']);
    expect(hub.stats().readers).toBe(2);
  });

  test('a reader that comes and leaves with each event does not keep the delivery going', async () => {
    const { hub } = makeHub();
    let calls = 0;
    const again = () => {
      hub.live$.pipe(take(1)).subscribe(() => {
        calls++;
        again();
      });
    };
    again();
    hub.publish('a', text(1));
    hub.publish('a', text(2));
    await delivered();
    expect(calls).toBe(2);
  });
});

describe('readers that throw', () => {
  afterEach(() => {
    config.onUnhandledError = null;
  });

  function unhandled(count: number): Promise<unknown[]> {
    const causes: unknown[] = [];
    return new Promise((resolve) => {
      config.onUnhandledError = (cause) => {
        if (causes.push(cause) === count) resolve(causes);
      };
    });
  }

  test('RxJS reports what a subscriber throws; the hub and the others go on', async () => {
    const reported = unhandled(4);
    const { hub } = makeHub();
    const boom = () => {
      throw new Error('boom');
    };
    hub.live$.subscribe(boom);
    hub.liveOf('a').subscribe(boom);
    hub.live$.pipe(map(boom)).subscribe({ error: boom });
    const last = record(hub.live$);
    hub.publish('a', text(1));
    hub.publish('b', text(2));
    await delivered();
    expect(brief(last.events)).toEqual(['a1', 'b1']);
    expect(await reported).toEqual(Array.from({ length: 4 }, () => new Error('boom')));
  });

  test('what a teardown throws goes to onError', async () => {
    const errors: unknown[] = [];
    const hub = new EventHub({ clock: new VirtualClock(), bufferSize: 5, onError: (error) => errors.push(error) });
    hub.open('a');
    const boom = finalize(() => {
      throw new Error('boom');
    });
    hub.liveOf('a').pipe(boom).subscribe();
    hub.live$.pipe(boom).subscribe();
    const last = record(hub.live$);
    hub.publish('a', text(1));
    hub.publish('a', text(2));
    hub.close('a');
    hub.end();
    await delivered();
    expect(brief(last.events)).toEqual(['a1', 'a2']);
    expect(last.completed).toBe(true);
    expect(errors).toEqual([expect.objectContaining({ code: 'bug' }), expect.objectContaining({ code: 'bug' })]);
  });

  test('without onError, or when it throws too, a teardown is reported as RxJS does', async () => {
    const reported = unhandled(2);
    const options = { clock: new VirtualClock(), bufferSize: 5 };
    const onError = () => {
      throw new Error('onError');
    };
    for (const hub of [new EventHub(options), new EventHub({ ...options, onError })]) {
      hub.open('a');
      const boom = finalize(() => {
        throw new Error('teardown');
      });
      hub.liveOf('a').pipe(boom).subscribe();
      hub.close('a');
    }
    const [first, second] = await reported;
    expect(String(first)).toContain('teardown');
    expect(second).toEqual(new Error('onError'));
  });
});

describe('ends', () => {
  test('the streams of a closed subagent complete after its last event; those of all go on', async () => {
    const { hub } = makeHub();
    const live = record(hub.live$);
    const readers = [hub.liveOf('a'), hub.replayOf('a')].map(record);
    hub.publish('a', text(1));
    hub.close('a');
    const late = [hub.liveOf('a'), hub.replayOf('a')].map(record);
    for (const { completed } of [...readers, ...late]) expect(completed).toBe(false);
    await delivered();
    for (const { events, completed } of [...readers, ...late]) {
      expect([brief(events), completed]).toEqual([['a1'], true]);
    }
    expect(live.completed).toBe(false);
  });

  test('after its end a subagent can be replayed until it is forgotten; then a gap tells what is lost', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    hub.close('a');
    await delivered();
    const kept = record(hub.replayOf('a'));
    const live = record(hub.liveOf('a'));
    hub.forget('a');
    const forgotten = record(hub.replayOf('a'));
    expect([brief(kept.events), kept.completed]).toEqual([['a1'], true]);
    expect([brief(live.events), live.completed]).toEqual([[], true]);
    expect([brief(forgotten.events), forgotten.completed]).toEqual([['gap a1-1'], true]);
    const pulled = hub.streamOf('a');
    expect(await pulled.recv()).toMatchObject({ type: 'gap', missed: 1 });
    expect(await pulled.recv()).toBeNull();
    expect(await (hub.events({ from: 1, ids: ['a'] }) as SubAgentEventStream).recv()).toMatchObject({ type: 'gap' });
    expect(record(hub.liveOf('a'))).toMatchObject({ events: [], completed: true });
  });

  test('of very many forgotten subagents only the last are known', async () => {
    const { hub } = makeHub();
    for (let n = 0; n <= 1_000; n++) {
      hub.open(`s${n}`);
      hub.publish(`s${n}`, turn(1));
      hub.forget(`s${n}`);
    }
    await delivered();
    expect(brief(record(hub.replayOf('s0')).events)).toEqual([]);
    expect(brief(record(hub.replayOf('s1')).events)).toEqual(['gap s11-1']);
    expect(hub.stats()).toMatchObject({ channels: 2, kept: 0 });
  });

  test('a forgotten subagent that is opened anew begins anew', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    hub.forget('a');
    await delivered();
    hub.open('a', { epoch: 1 });
    expect(brief(record(hub.replayOf('a')).events)).toEqual([]);
  });

  test('the streams of an id that was never opened complete at once', async () => {
    const { hub } = makeHub();
    for (const events$ of [hub.liveOf('nobody'), hub.replayOf('nobody')]) expect(record(events$).completed).toBe(true);
    expect(await hub.streamOf('nobody').recv()).toBeNull();
  });

  test('a subagent that is forgotten with events on their way is still given whole to live readers', async () => {
    const { hub } = makeHub();
    const own = record(hub.liveOf('a'));
    hub.publish('a', text(1));
    hub.forget('a');
    const live = record(hub.live$);
    const replay = record(hub.replay$());
    await delivered();
    expect([brief(own.events), own.completed]).toEqual([['a1'], true]);
    expect(brief(live.events)).toEqual(['a1']);
    expect(brief(replay.events)).toEqual(['a1']);
  });

  test('end completes every stream after what was published; later readers get what is kept, then the end', async () => {
    const { hub } = makeHub();
    const readers = [hub.live$, hub.replay$(), hub.liveOf('a'), hub.replayOf('a')].map(record);
    hub.publish('a', text(1));
    hub.end();
    hub.end();
    hub.publish('a', text(2));
    await delivered();
    for (const { events, completed } of readers) expect([brief(events), completed]).toEqual([['a1'], true]);
    const late = record(hub.replay$());
    expect([brief(late.events), late.completed]).toEqual([['a1'], true]);
    expect(record(hub.live$).completed).toBe(true);
    expect(hub.stats()).toMatchObject({ readers: 0, watched: 0, undelivered: 0 });
  });
});

describe('replay', () => {
  test('what is kept comes at once and in order over all subagents, then what follows, nothing missed or twice', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    hub.publish('b', turn(1));
    await delivered();
    hub.publish('a', turn(2)); // on its way when the readers come
    const all = record(hub.replay$());
    const from2 = record(hub.replay$(2));
    const own = record(hub.replayOf('a'));
    expect(brief(all.events)).toEqual(['a1', 'b1', 'a2']);
    hub.publish('b', text(2));
    hub.publish('a', text(3));
    await delivered();
    expect(brief(all.events)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
    expect(brief(from2.events)).toEqual(['b1', 'a2', 'b2', 'a3']);
    expect(brief(own.events)).toEqual(['a1', 'a2', 'a3']);
  });

  test('what the reader itself publishes while it is given the kept ones follows after them', async () => {
    const { hub } = makeHub();
    for (const n of [1, 2, 3]) hub.publish('a', text(n));
    await delivered();
    const seen: AgentEvent[] = [];
    hub.replay$().subscribe((event) => {
      seen.push(event);
      if (seen.length <= 3) hub.publish('b', text(seen.length));
    });
    const late = record(hub.replay$());
    await delivered();
    expect(brief(seen)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    expect(late.events).toEqual(seen);
  });

  test('a reader that has enough while it is given the kept ones leaves nothing behind', async () => {
    const { hub } = makeHub();
    for (const n of [1, 2, 3]) hub.publish('a', text(n));
    const some = record(hub.replay$().pipe(take(2)));
    expect([brief(some.events), some.completed]).toEqual([['a1', 'a2'], true]);
    expect(hub.stats().readers).toBe(0);
  });

  test('text never pushes out other events: each has a ring of its own', async () => {
    const { hub } = makeHub(3);
    hub.publish('a', turn(1));
    for (let n = 0; n < 50; n++) hub.publish('a', text(n));
    hub.publish('a', { type: 'reasoning_delta', text: 'r' });
    hub.publish('a', { type: 'tool_output_delta', toolId: 't', text: 'o' });
    hub.publish('a', turn(2));
    await delivered();
    expect(brief(record(hub.replayOf('a')).events)).toEqual(['a1', 'gap a2-50', 'a51', 'a52', 'a53', 'a54']);
    expect(hub.stats().kept).toBe(5);
  });

  test('a gap tells each hole: by offset in the stream of all, by seq in that of one', async () => {
    const { hub, clock } = makeHub(2);
    for (let n = 1; n <= 4; n++) {
      hub.publish('a', text(n));
      hub.publish('b', turn(n));
    }
    hub.publish('a', turn(9));
    await delivered();
    await clock.advance(50);
    const all = record(hub.replay$());
    const own = record(hub.replayOf('b'));
    expect(brief(all.events)).toEqual(['gap 1-4', 'a3', 'b3', 'a4', 'b4', 'a5']);
    expect(all.events[0]).toStrictEqual({ type: 'gap', missed: 4, fromOffset: 1, toOffset: 4, time: 1_050, v: 1 });
    expect(own.events[0]).toStrictEqual({
      type: 'gap',
      missed: 2,
      subagentId: 'b',
      fromSeq: 1,
      toSeq: 2,
      time: 1_050,
      v: 1,
    });
    expect(AgentEvent.parse(own.events[0])).toEqual(own.events[0]);
    expect(brief(record(hub.replay$(4)).events)).toEqual(['gap 4-4', 'a3', 'b3', 'a4', 'b4', 'a5']);
    expect(brief(record(hub.replay$(5)).events)).toEqual(['a3', 'b3', 'a4', 'b4', 'a5']);
  });

  test('forgotten subagents leave a gap in the stream of all, also at its end', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    hub.publish('b', text(1));
    hub.publish('a', text(2));
    hub.publish('b', text(2));
    hub.publish('b', text(3));
    await delivered();
    hub.forget('b');
    const all = record(hub.replay$());
    hub.publish('a', text(3));
    await delivered();
    expect(brief(all.events)).toEqual(['a1', 'gap 2-2', 'a2', 'gap 4-5', 'a3']);
  });

  test('live readers are told of no gap', async () => {
    const { hub } = makeHub(1);
    for (let n = 1; n <= 5; n++) hub.publish('a', text(n));
    await delivered();
    const readers = [hub.live$, hub.liveOf('a')].map(record);
    hub.publish('a', text(6));
    await delivered();
    for (const { events } of readers) expect(brief(events)).toEqual(['a6']);
  });

  test('a burst larger than the rings reaches a reader whole that comes before it was delivered', async () => {
    const { hub } = makeHub(2);
    for (let n = 1; n <= 9; n++) hub.publish('a', text(n));
    const expected = Array.from({ length: 9 }, (_, index) => `a${index + 1}`);
    const readers = [hub.live$, hub.liveOf('a'), hub.replay$(), hub.replayOf('a')].map(record);
    await delivered();
    for (const { events } of readers) expect(brief(events)).toEqual(expected);
    expect(brief(record(hub.replayOf('a')).events)).toEqual(['gap a1-7', 'a8', 'a9']);
  });

  test('from an offset that is still to come a reader waits for it', async () => {
    const { hub } = makeHub();
    hub.publish('a', text(1));
    const later = record(hub.replay$(4));
    for (let n = 2; n <= 5; n++) hub.publish('a', text(n));
    await delivered();
    expect(brief(later.events)).toEqual(['a4', 'a5']);
  });

  test.each([0, -1, 1.5, Number.NaN])('an offset of %s is refused at once', (from) => {
    const { hub } = makeHub();
    expect(() => hub.replay$(from)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    expect(() => hub.events({ from })).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});

describe('cost', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => `s${index}`);

  test('an event is offered to the readers of its subagent and of all, not to those of 10,000 others', async () => {
    const { hub } = makeHub(1_000, ids);
    for (const id of ids) record(hub.replayOf(id));
    const live = record(hub.live$);
    hub.publish('s77', text(1));
    await delivered();
    expect(live.events).toHaveLength(1);
    expect(hub.stats()).toMatchObject({ readers: 10_001, watched: 10_000, deliveries: 2 });
  });

  test('10,000 subagents and their readers, come and gone, leave nothing behind', async () => {
    const { hub } = makeHub(1_000, ids);
    let count = 0;
    for (const id of ids) {
      hub.replayOf(id).subscribe(() => count++);
      hub.liveOf(id).subscribe(() => count++);
      hub.publish(id, turn(1));
      hub.streamOf(id);
    }
    await delivered();
    expect(count).toBe(20_000);
    expect(hub.stats()).toMatchObject({ channels: 10_000, kept: 10_000, readers: 30_000 });
    for (const id of ids) hub.close(id);
    await delivered();
    expect(hub.stats()).toMatchObject({ channels: 10_000, kept: 10_000, readers: 0, watched: 0 });
    for (const id of ids) hub.forget(id);
    expect(hub.stats()).toMatchObject({ channels: 0, kept: 0, readers: 0, watched: 0, undelivered: 0 });
  });

  test('10,000 readers that unsubscribe leave nothing behind', () => {
    const { hub } = makeHub();
    const readers = ids.flatMap(() => [hub.live$, hub.replay$(), hub.liveOf('a'), hub.replayOf('b')].map(record));
    expect(hub.stats()).toMatchObject({ readers: 40_000, watched: 2 });
    for (const { subscription } of readers) subscription.unsubscribe();
    expect(hub.stats()).toMatchObject({ readers: 0, watched: 0 });
  });

  test('the events of a subagent are kept in memory of their own size, not of the size of the rings', async () => {
    const { hub } = makeHub(1_000_000, ids);
    const before = process.memoryUsage().heapUsed;
    for (const id of ids) hub.publish(id, turn(1));
    await delivered();
    // Rings made in full would take 10,000 times 8 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
    const event: SubAgentEvent[] = [];
    hub.replayOf('s5').subscribe((e) => e.type !== 'gap' && event.push(e));
    expect(event).toHaveLength(1);
  });
});
