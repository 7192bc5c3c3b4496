import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentEvent, EventHub, SubAgentEventStream } from '../../src/events/index.js';
import { delivered, makeHub, type Recording, record, text, turn } from './hub-fixture.js';
import { type Expected, HubModel, type Wish } from './hub-model.js';

type Step =
  | { readonly do: 'publish'; readonly id: string; readonly type: 'text_delta' | 'turn_start'; readonly times: number }
  | { readonly do: 'open' | 'close' | 'forget'; readonly id: string }
  | { readonly do: 'flush' }
  | { readonly do: 'observe' | 'pull'; readonly wish: Wish }
  | { readonly do: 'take'; readonly reader: number; readonly count: number }
  | { readonly do: 'leave'; readonly reader: number }
  /** Done by a reader while the next event is delivered. */
  | { readonly do: 'inside'; readonly steps: readonly Step[] };

const id = fc.constantFrom('a', 'b', 'c');
const from = fc.option(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 30 })), { nil: undefined });
const defined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Wish; // as the arbitraries below are
const observed = fc.oneof(
  fc.record({ from }).map(defined),
  fc
    .record({ ids: id.map((one) => [one]), from: fc.constantFrom(1, undefined) })
    .map((w) => defined({ ...w, bound: true })),
);
const pulled = fc.oneof(
  fc
    .record({
      from,
      ids: fc.option(fc.uniqueArray(id, { minLength: 1 }), { nil: undefined }),
      types: fc.option(fc.constant(['turn_start']), { nil: undefined }),
    })
    .map(defined),
  id.map((one) => ({ ids: [one], from: 1, bound: true })),
);
const plain = (): fc.Arbitrary<Step>[] => [
  fc.record({
    do: fc.constant('publish' as const),
    id,
    type: fc.constantFrom('text_delta' as const, 'turn_start' as const),
    times: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ do: fc.constant('observe' as const), wish: observed }),
  fc.record({ do: fc.constant('pull' as const), wish: pulled }),
  fc.record({ do: fc.constant('take' as const), reader: fc.nat(9), count: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constant('leave' as const), reader: fc.nat(9) }),
  fc.record({ do: fc.constantFrom('open' as const, 'close' as const, 'forget' as const), id }),
];
const [publish, ...others] = plain();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: publish ?? fc.constant({ do: 'flush' as const }) },
  ...others,
  { weight: 2, arbitrary: fc.constant({ do: 'flush' as const }) },
  fc.record({
    do: fc.constant('inside' as const),
    steps: fc.array(fc.oneof(...plain()), { minLength: 1, maxLength: 4 }),
  }),
);

/** The hub and its model, side by side. */
class Run {
  readonly hub: EventHub;
  readonly model: HubModel;
  readonly witness: AgentEvent[] = [];
  readonly #inside: Step[] = [];
  readonly #observers: { expected: Expected; recording: Recording; left: boolean }[] = [];
  readonly #pullers: {
    expected: Expected;
    got: Promise<AgentEvent | null | undefined>[];
    stream: SubAgentEventStream;
    left: boolean;
  }[] = [];

  constructor(bufferSize: number) {
    this.hub = makeHub(bufferSize, ['a', 'b']).hub;
    this.model = new HubModel(bufferSize);
    for (const known of ['a', 'b']) this.model.open(known);
    // The first reader of all: what it does comes before any other reader is given the same event.
    this.hub.live$.subscribe((event) => {
      this.witness.push(event);
      if (event.type === 'gap') return;
      this.model.delivered = event.offset;
      this.model.inside = event.offset;
      for (const one of this.#inside.splice(0)) this.do(one);
      this.model.inside = undefined;
    });
  }

  do(one: Step): void {
    const { hub, model } = this;
    switch (one.do) {
      case 'publish':
        for (let n = 0; n < one.times; n++) {
          hub.publish(one.id, one.type === 'text_delta' ? text(n) : turn(n));
          model.publish(one.id, one.type);
        }
        break;
      case 'open':
        if (!model.isOpenable(one.id)) break;
        hub.open(one.id);
        model.open(one.id);
        break;
      case 'close':
        hub.close(one.id);
        model.close(one.id);
        break;
      case 'forget':
        hub.forget(one.id);
        model.forget(one.id);
        break;
      case 'observe':
        this.#observe(one.wish);
        break;
      case 'pull':
        this.#pull(one.wish);
        break;
      case 'take': {
        const puller = this.#pullers[one.reader];
        for (let n = 0; n < one.count && puller && !puller.left; n++) puller.got.push(puller.stream.recv(0));
        break;
      }
      case 'leave':
        this.#leave(one.reader);
        break;
      case 'inside':
        this.#inside.push(...one.steps);
        break;
      case 'flush':
        break;
    }
  }

  async flush(): Promise<void> {
    await delivered();
    this.model.flushed();
  }

  #observe(wish: Wish): void {
    const { hub } = this;
    const [one] = wish.ids ?? [];
    const live = one === undefined ? hub.live$ : hub.liveOf(one);
    const replay = one === undefined ? hub.replay$(wish.from) : hub.replayOf(one);
    const expected = this.model.expectFor(wish);
    this.#observers.push({ expected, recording: record(wish.from === undefined ? live : replay), left: false });
  }

  #pull(wish: Wish): void {
    const [one] = wish.ids ?? [];
    const { bound, ...filter } = wish;
    // The iterable of `events` is the same class as that of `streamOf`.
    const all = () => this.hub.events(filter) as SubAgentEventStream;
    const stream = bound && one !== undefined ? this.hub.streamOf(one) : all();
    this.#pullers.push({ expected: this.model.expectFor(wish), got: [], stream, left: false });
  }

  #leave(reader: number): void {
    const { inside, delivered: last } = this.model;
    const until = inside === undefined ? last : inside - 1;
    const observer = this.#observers[reader];
    if (observer && !observer.left) {
      observer.recording.subscription.unsubscribe();
      observer.left = true;
      observer.expected.until = Math.min(until, observer.expected.until);
    }
    const puller = this.#pullers[reader];
    if (puller && !puller.left) {
      void puller.stream[Symbol.asyncIterator]().return?.();
      puller.left = true;
    }
  }

  async finish(): Promise<void> {
    const { hub, model } = this;
    await this.flush();
    for (const { expected, recording, left } of this.#observers) {
      const { bound, ids = [] } = expected.wish;
      if (!left)
        expect(recording.completed).toBe(expected.unknown || (bound === true && ids.every((one) => model.isOver(one))));
    }
    hub.end();
    await this.flush();

    expect(this.witness.map((event) => event.type !== 'gap' && [event.subagentId, event.seq, event.offset])).toEqual(
      model.log.map((event) => [event.id, event.seq, event.offset]),
    );
    for (const { expected, recording, left } of this.#observers) {
      expect(recording.completed || left).toBe(true);
      model.check(expected, recording.events, { mayLag: false, left });
    }
    for (const { expected, got, stream, left } of this.#pullers) {
      const events = (await Promise.all(got)).filter((event) => event !== null && event !== undefined);
      for await (const event of stream) events.push(event);
      model.check(expected, events, { mayLag: true, left });
    }
    for (const one of ['a', 'b', 'c']) hub.forget(one);
    await delivered();
    expect(hub.stats()).toMatchObject({ channels: 0, kept: 0, readers: 0, watched: 0, undelivered: 0 });
  }
}

describe('EventHub', () => {
  test('whatever is published, read, left, closed and forgotten, in whatever order: each reader gets what it should', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40 }), async (bufferSize, steps) => {
        const run = new Run(bufferSize);
        for (const one of steps) {
          if (one.do === 'flush') await run.flush();
          else run.do(one);
        }
        await run.finish();
      }),
      { numRuns: 1000 },
    );
  });
});
