import { config, EMPTY, from, merge, Observable, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BusConnection,
  type BusConnectionOptions,
  type BusMessage,
  connectBus,
  type EventBus,
  MemoryEventBus,
  type StoredMessage,
  sendControlSignal,
} from '../../src/bus/index.js';
import { TroupeError } from '../../src/domain/errors.js';
import { AgentEvent, type AgentEventBody, type ControlMessage, EventHub } from '../../src/events/index.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const text = (value: string | number): AgentEventBody => ({ type: 'text_delta', text: String(value) });

/** A bus whose faults the test decides. */
class FaultyBus implements EventBus {
  readonly sound = new MemoryEventBus();
  /** Every message that it was asked to publish, taken or not. */
  readonly asked: BusMessage[] = [];
  /** Called for each message; what it throws or rejects with is the answer, before or after the message was taken. */
  fault: (message: BusMessage) => void | Promise<void> = () => {};
  faultAfter: (message: BusMessage) => void = () => {};
  readerFault: unknown;

  async publish(message: BusMessage): Promise<void> {
    this.asked.push(message);
    await this.fault(message);
    await this.sound.publish(message);
    this.faultAfter(message);
  }
  messages$(pattern: string, options?: { from?: number }): Observable<StoredMessage> {
    return this.readerFault === undefined ? this.sound.messages$(pattern, options) : throwError(() => this.readerFault);
  }
  close(): Promise<void> {
    return this.sound.close();
  }
}

const down = () => {
  throw new TroupeError('bus_unavailable', 'no route');
};

/** A bus whose streams the test can break. */
function breakable(sound: EventBus) {
  const control = { failing: false };
  const bus: EventBus = {
    publish: (message) => sound.publish(message),
    messages$: (pattern, options) => {
      if (control.failing) throw new Error('cannot subscribe');
      return merge(sound.messages$(pattern, options), broken);
    },
    close: () => sound.close(),
  };
  let cut: (cause: unknown) => void = () => {};
  const broken = new Observable<never>((subscriber) => {
    cut = (cause) => subscriber.error(cause);
  });
  return Object.assign(control, { bus, cut: (cause: unknown) => cut(cause) });
}

let clock: VirtualClock;
let hub: EventHub;
let bus: FaultyBus;
let errors: TroupeError[];
let signals: [string, ControlMessage][];
let connections: BusConnection[];

beforeEach(() => {
  clock = new VirtualClock(1_000);
  hub = new EventHub({ clock, bufferSize: 100 });
  for (const id of ['a', 'b', 'c']) hub.open(id);
  bus = new FaultyBus();
  errors = [];
  signals = [];
  connections = [];
});

afterEach(async () => {
  bus.fault = () => {};
  for (const connection of connections) await connection.close();
  expect(clock.pending).toBe(0);
});

function connect(options: Partial<BusConnectionOptions> = {}): BusConnection {
  const connection = connectBus({
    hub,
    bus,
    prefix: 'agent',
    clock,
    source: 'run1',
    bufferSize: 10,
    onSignal: (id, signal) => signals.push([id, signal]),
    onError: (error) => errors.push(error),
    ...options,
  });
  connections.push(connection);
  return connection;
}

/** What the bus has taken. */
async function taken(pattern = 'agent.>'): Promise<StoredMessage[]> {
  await settled();
  const messages: StoredMessage[] = [];
  bus.sound
    .messages$(pattern, { from: 1 })
    .subscribe((message) => messages.push(message))
    .unsubscribe();
  return messages;
}

const offsets = (messages: readonly StoredMessage[]) => messages.map(({ id }) => id.replace('run1:', '')).join(' ');

describe('events on their way out', () => {
  test('each event goes to its subject, in order, with an id of run and offset, as it was', async () => {
    connect();
    hub.publish('a', { type: 'turn_start', turn: 1 });
    hub.publish('b', text('hi'));
    hub.publish('a', text('ho'));
    const messages = await taken();
    expect(messages.map(({ id, subject }) => [id, subject])).toEqual([
      ['run1:1', 'agent.a.turn_start'],
      ['run1:2', 'agent.b.text_delta'],
      ['run1:3', 'agent.a.text_delta'],
    ]);
    expect(messages[1]?.data).toStrictEqual({
      ...{ type: 'text_delta', text: 'hi', subagentId: 'b', epoch: 0, seq: 1, offset: 2, time: 1_000, v: 1 },
    });
    for (const { data } of messages) expect(AgentEvent.safeParse(data).success).toBe(true);
  });

  test('one message of a subagent is on its way at a time, so a slow bus keeps the order; others need not wait', async () => {
    const doors = new Map<string, () => void>();
    bus.fault = ({ id }) => new Promise((resolve) => doors.set(id, resolve));
    connect();
    for (const id of ['a', 'a', 'b', 'a', 'c']) hub.publish(id, text(0));
    await settled();
    expect([...doors.keys()]).toEqual(['run1:1', 'run1:3', 'run1:5']);
    doors.get('run1:3')?.();
    doors.get('run1:1')?.();
    await settled();
    doors.get('run1:2')?.();
    await settled();
    doors.get('run1:4')?.();
    doors.get('run1:5')?.();
    expect(offsets(await taken('agent.a.*'))).toBe('1 2 4');
    expect(offsets(await taken())).toBe('3 1 2 4 5');
  });

  test('no more than 64 messages are on their way at once', async () => {
    const waiting: (() => void)[] = [];
    bus.fault = () => new Promise((resolve) => waiting.push(resolve));
    connect({ bufferSize: 1_000 });
    for (let n = 0; n < 200; n++) {
      hub.open(`s${n}`);
      hub.publish(`s${n}`, text(n));
    }
    await settled();
    expect(waiting).toHaveLength(64);
    while (waiting.length > 0) {
      for (const go of waiting.splice(0)) go();
      await settled();
      expect(waiting.length).toBeLessThanOrEqual(64);
    }
    expect(await taken()).toHaveLength(200);
  });

  test('a bus that is down stops nothing: it is tried again after 0.2 s doubling to 10 s, and all comes in order', async () => {
    bus.fault = down;
    connect();
    for (const id of ['a', 'b', 'a']) hub.publish(id, text(0));
    await settled();
    const attempts: number[] = [];
    bus.fault = () => {
      attempts.push(clock.now() - 1_000);
      down();
    };
    await clock.advance(40_000);
    expect(attempts).toEqual([200, 600, 1_400, 3_000, 6_200, 12_600, 22_600, 32_600]);
    expect(errors).toMatchObject([{ code: 'bus_unavailable' }]);
    bus.fault = () => {};
    await clock.advance(10_000);
    expect(offsets(await taken('agent.a.*'))).toBe('1 3');
    expect(offsets(await taken('agent.b.*'))).toBe('2');

    bus.fault = down;
    hub.publish('c', text(0));
    await settled();
    expect(errors).toHaveLength(2);
    bus.fault = () => {};
    await clock.advance(200); // the waits begin anew
    expect(offsets(await taken('agent.c.*'))).toBe('4');
  });

  test('a bus that took the message and failed to say so gets it again under the same id, and keeps one', async () => {
    bus.faultAfter = () => {
      bus.faultAfter = () => {};
      throw new Error('socket hang up');
    };
    connect();
    hub.publish('a', text(1));
    await clock.advance(200);
    expect(bus.asked.map(({ id }) => id)).toEqual(['run1:1', 'run1:1']);
    expect(offsets(await taken())).toBe('1');
  });

  test('what does not fit the buffer while the bus is down is lost, oldest first, and a gap tells it when the bus is back', async () => {
    bus.fault = down;
    connect({ bufferSize: 3 });
    for (let n = 1; n <= 8; n++) {
      hub.publish(n % 2 ? 'a' : 'b', text(n));
      await settled();
    }
    bus.fault = () => {};
    await clock.advance(10_000);
    const messages = await taken();
    expect(messages[0]?.subject).toBe('agent.orchestrator.gap');
    expect(messages[0]).toMatchObject({
      id: 'run1:gap:1-5',
      data: { type: 'gap', missed: 5, fromOffset: 1, toOffset: 5 },
    });
    expect(AgentEvent.safeParse(messages[0]?.data).success).toBe(true);
    expect(offsets(await taken('agent.a.*'))).toBe('7');
    expect(offsets(await taken('agent.b.*'))).toBe('6 8');
    expect(messages).toHaveLength(4);
  });

  test('a gap that may have arrived is told again as it was; later losses are told by another one', async () => {
    bus.fault = down;
    connect({ bufferSize: 1 });
    for (let n = 1; n <= 3; n++) {
      hub.publish('a', text(n));
      await settled();
    }
    bus.fault = () => {};
    bus.faultAfter = () => {
      bus.faultAfter = () => {};
      bus.fault = down;
      down();
    };
    await clock.advance(200); // the gap is taken, the answer is lost
    for (let n = 4; n <= 5; n++) hub.publish('a', text(n));
    await settled();
    bus.fault = () => {};
    await clock.advance(10_000);
    const gaps = await taken('agent.orchestrator.gap');
    expect(gaps.map(({ data }) => data)).toMatchObject([
      { missed: 2, fromOffset: 1, toOffset: 2 },
      { missed: 2, fromOffset: 3, toOffset: 4 },
    ]);
    expect(offsets(await taken('agent.a.*'))).toBe('5');
  });

  test('while the bus is only slow, what does not fit is told as well, and what is on its way is not lost', async () => {
    const waiting: (() => void)[] = [];
    bus.fault = ({ subject }) =>
      subject.endsWith('gap') ? undefined : new Promise((resolve) => waiting.push(resolve));
    connect({ bufferSize: 2 });
    for (let n = 1; n <= 6; n++) hub.publish('a', text(n));
    await settled();
    while (waiting.length > 0) {
      waiting.shift()?.();
      await settled();
    }
    const gaps = (await taken('agent.orchestrator.*')).map(({ data }) => data);
    expect(gaps.reduce<number>((sum, gap) => sum + ((gap as { missed: number }).missed ?? 0), 0)).toBe(3);
    expect(offsets(await taken('agent.a.*'))).toBe('1 5 6');
  });

  test('a message that the bus refuses for good is reported, told as a gap, and holds up nothing', async () => {
    bus.fault = ({ id }) => {
      if (id === 'run1:2') throw new TroupeError('config_invalid', 'too large');
    };
    connect();
    for (let n = 1; n <= 3; n++) hub.publish('a', text(n));
    expect(offsets(await taken('agent.a.*'))).toBe('1 3');
    expect((await taken('agent.orchestrator.gap'))[0]?.data).toMatchObject({ missed: 1, fromOffset: 2, toOffset: 2 });
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain('too large');
  });

  test('a gap spans all it tells of, also when an older event is lost after newer ones', async () => {
    const answers: ((answer: Promise<never> | undefined) => void)[] = [];
    bus.fault = () => new Promise((resolve) => answers.push(resolve));
    connect({ bufferSize: 1 });
    for (let n = 1; n <= 4; n++) hub.publish('a', text(n)); // 1 is on its way, 2 is being told, 3 is lost
    await settled();
    bus.fault = () => {};
    answers[0]?.(Promise.reject(new TroupeError('config_invalid', 'too large')));
    await settled();
    answers[1]?.(undefined);
    expect((await taken('agent.orchestrator.gap')).map(({ data }) => data)).toMatchObject([
      { missed: 1, fromOffset: 2, toOffset: 2 },
      { missed: 2, fromOffset: 1, toOffset: 3 },
    ]);
    expect(offsets(await taken('agent.a.*'))).toBe('4');
  });

  test('what comes back from a failed sending takes its place in the buffer, as the oldest', async () => {
    let fail: ((cause: Error) => void) | undefined;
    bus.fault = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    connect({ bufferSize: 1 });
    for (let n = 1; n <= 2; n++) hub.publish('a', text(n));
    await settled();
    bus.fault = () => {};
    fail?.(new Error('timeout'));
    await settled();
    await clock.advance(200);
    expect(offsets(await taken('agent.a.*'))).toBe('2');
    expect((await taken('agent.orchestrator.gap'))[0]?.data).toMatchObject({ missed: 1, fromOffset: 1, toOffset: 1 });
  });

  test('a bus that throws instead of rejecting is a bus that is down', async () => {
    const thrower: EventBus = {
      publish: () => {
        throw new Error('not even a promise');
      },
      messages$: () => EMPTY,
      close: async () => {},
    };
    const connection = connect({ bus: thrower, flushMs: 50 });
    hub.publish('a', text(1));
    await settled();
    expect(errors).toMatchObject([{ code: 'bus_unavailable' }]);
    const closed = connection.close();
    await clock.advance(50);
    await closed;
  });

  test('a bus that was closed is told once and not tried again', async () => {
    connect();
    await bus.close();
    hub.publish('a', text(1));
    hub.publish('b', text(1));
    await settled();
    hub.publish('a', text(2));
    await clock.advance(60_000);
    expect(bus.asked).toHaveLength(2);
    expect(errors).toHaveLength(1);
  });

  test('an onError that throws harms nothing', async () => {
    const reported = new Promise((resolve) => {
      config.onUnhandledError = resolve;
    });
    bus.fault = down;
    connect({
      onError: () => {
        throw new Error('onError');
      },
    });
    hub.publish('a', text(1));
    expect(await reported).toEqual(new Error('onError'));
    config.onUnhandledError = null;
    bus.fault = () => {};
    await clock.advance(200);
    expect(offsets(await taken())).toBe('1');
  });
});

describe('close', () => {
  test('sends what was published in the same tick, and what waits for a bus that is back', async () => {
    bus.fault = down;
    const connection = connect();
    hub.publish('a', text(1));
    await settled();
    hub.publish('a', text(2));
    bus.fault = () => {};
    const closing = connection.close();
    expect(connection.close()).toBe(closing);
    await closing;
    expect(offsets(await taken())).toBe('1 2');
    hub.publish('a', text(3));
    expect(offsets(await taken())).toBe('1 2');
    expect(hub.stats().readers).toBe(0);
  });

  test.each([
    ['is down', down],
    ['never answers', () => new Promise<void>(() => {})],
  ])('gives up after its time when the bus %s, and says what was left', async (_, fault) => {
    bus.fault = fault;
    const connection = connect({ flushMs: 500 });
    hub.publish('a', text(1));
    hub.publish('a', text(2));
    await settled();
    errors.length = 0;
    let closed = false;
    const closing = connection.close().then(() => {
      closed = true;
    });
    await clock.advance(499);
    expect(closed).toBe(false);
    await clock.advance(1);
    await closing;
    expect(errors.at(-1)?.message).toContain('2 events');
    expect(clock.pending).toBe(0);
  });
});

describe('control signals on their way in', () => {
  test('each kind reaches onSignal with the id from its subject', async () => {
    connect();
    const sent: ControlMessage[] = [
      { signal: 'pause' },
      { signal: 'resume' },
      { signal: 'cancel', reason: 'enough' },
      { signal: 'steer', message: 'left' },
      { signal: 'approve', requestId: 'c#1' },
      { signal: 'deny', requestId: 'c#2', reason: 'no' },
    ];
    for (const signal of sent) await sendControlSignal(bus, { prefix: 'agent', id: 'a', signal });
    await sendControlSignal(bus, { prefix: 'other', id: 'a', signal: { signal: 'cancel' } });
    await settled();
    expect(signals).toEqual(sent.map((signal) => ['a', signal]));
    expect(errors).toEqual([]);
  });

  test.each([
    ['an unknown signal', { signal: 'explode' }],
    ['an unknown key', { signal: 'pause', now: true }],
    ['a missing field', { signal: 'steer' }],
    ['an empty request id', { signal: 'approve', requestId: '' }],
    ['no object', 'cancel'],
  ])('%s is reported and ignored', async (_, data) => {
    connect();
    await bus.publish({ id: 'x', subject: 'agent.a.control', data });
    await sendControlSignal(bus, { prefix: 'agent', id: 'b', signal: { signal: 'pause' } });
    await settled();
    expect(signals).toEqual([['b', { signal: 'pause' }]]);
    expect(errors).toMatchObject([{ code: 'config_invalid' }]);
    expect(errors[0]?.message).toContain('agent.a.control');
  });

  test('the same message id is obeyed once, also from a bus that delivers it again', async () => {
    const again: StoredMessage = { id: 'm1', subject: 'agent.a.control', data: { signal: 'pause' }, sequence: 1 };
    const repeated = [again, again, { ...again, sequence: 2 }, { ...again, id: 'm2', sequence: 3 }];
    connect({ bus: { publish: async () => {}, messages$: () => from(repeated), close: async () => {} } });
    await settled();
    expect(signals).toHaveLength(2);
  });

  test('a bad signal is refused before it is sent; a bus that is down rejects with bus_unavailable', async () => {
    const bad = sendControlSignal(bus, { prefix: 'agent', id: 'a', signal: { signal: 'steer', message: '' } });
    await expect(bad).rejects.toMatchObject({ code: 'config_invalid' });
    expect(bus.asked).toEqual([]);
    bus.fault = () => {
      throw new Error('ECONNREFUSED');
    };
    const unsent = sendControlSignal(bus, { prefix: 'agent', id: 'a', signal: { signal: 'pause' } });
    await expect(unsent).rejects.toMatchObject({ code: 'bus_unavailable' });
  });

  test('an onSignal that throws is reported as a defect and later signals come through', async () => {
    connect({
      onSignal: (id, signal) => {
        signals.push([id, signal]);
        if (signals.length === 1) throw new Error('boom');
      },
    });
    for (const id of ['a', 'b']) await sendControlSignal(bus, { prefix: 'agent', id, signal: { signal: 'pause' } });
    await settled();
    expect(signals).toHaveLength(2);
    expect(errors).toMatchObject([{ code: 'bug' }]);
  });

  test('after the stream broke it is taken up again where it was, and what was sent meanwhile is obeyed', async () => {
    const pause = (id: string) => sendControlSignal(bus.sound, { prefix: 'agent', id, signal: { signal: 'pause' } });
    const breaking = breakable(bus.sound);
    connect({ bus: breaking.bus });
    await pause('a');
    await settled();
    breaking.cut(new TroupeError('bus_unavailable', 'gone'));
    await pause('b');
    breaking.failing = true;
    await clock.advance(200);
    breaking.failing = false;
    await clock.advance(399);
    expect(signals.map(([id]) => id)).toEqual(['a']);
    await clock.advance(1);
    expect(signals.map(([id]) => id)).toEqual(['a', 'b']);
    await pause('c');
    await settled();
    expect(signals.map(([id]) => id)).toEqual(['a', 'b', 'c']);
    expect(errors).toMatchObject([{ code: 'bus_unavailable' }]);
  });

  test('a bus that was closed ends the listening, told once', async () => {
    bus.readerFault = new TroupeError('closed', 'closed');
    connect();
    await clock.advance(60_000);
    expect(errors).toMatchObject([{ code: 'closed' }]);
  });

  test('after close no signal is taken', async () => {
    const connection = connect();
    await connection.close();
    await sendControlSignal(bus, { prefix: 'agent', id: 'a', signal: { signal: 'pause' } });
    await settled();
    expect(signals).toEqual([]);
  });
});

test('two processes: one watches and steers a subagent of the other', async () => {
  connect({
    onSignal: (id, { signal }) => {
      if (signal === 'steer' || signal === 'approve' || signal === 'deny') return;
      hub.publish(id, { type: 'control_signal_received', signal });
    },
  });
  hub.publish('a', text('working'));
  await settled();
  const seen: unknown[] = [];
  bus.messages$('agent.a.*', { from: 1 }).subscribe(({ subject }) => seen.push(subject));
  await sendControlSignal(bus, { prefix: 'agent', id: 'a', signal: { signal: 'pause' } });
  await settled();
  expect(seen).toEqual(['agent.a.text_delta', 'agent.a.control', 'agent.a.control_signal_received']);
});
