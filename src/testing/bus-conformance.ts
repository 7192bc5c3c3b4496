/** Whether a bus keeps what `EventBus` promises: a suite for one's own bus, under any test runner. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Observable, Subscription } from 'rxjs';
import type { EventBus, StoredMessage } from '../bus/index.js';
import { messageOf, TroupeError } from '../domain/errors.js';

export interface BusConformanceOptions {
  /** Named in the title of the suite. */
  readonly name: string;
  /** Makes a bus for one test, which closes it. It may hold messages of earlier ones: each test has subjects and ids of its own. */
  readonly create: () => EventBus | Promise<EventBus>;
  /** Of vitest, jest, mocha or `node:test`. */
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  /** How long a message may take, in ms of real time; 2,000 by default. */
  readonly timeoutMs?: number;
}

interface Room {
  readonly bus: EventBus;
  /** First token of this test's subjects. */
  readonly root: string;
  /** Publishes to `<root>.<subject>`; the id is made unique to this test. */
  readonly send: (id: string, subject?: string, data?: unknown) => Promise<void>;
  readonly read: (pattern?: string, from?: number) => Inbox;
}

/** Defines the suite; nothing is made before its tests run. */
export function busConformance({ name, create, describe, it, timeoutMs = 2_000 }: BusConformanceOptions): void {
  const test = (title: string, body: (room: Room) => Promise<void>) =>
    it(title, async () => {
      const bus = await create();
      const root = `conformance-${randomUUID()}`;
      const inboxes: Inbox[] = [];
      try {
        await body({
          bus,
          root,
          send: (id, subject = 'a.b', data = null) =>
            bus.publish({ id: `${root}/${id}`, subject: `${root}.${subject}`, data }),
          read: (pattern = '>', from) => {
            const options = from === undefined ? {} : { from };
            const inbox = new Inbox(bus.messages$(`${root}.${pattern}`, options), timeoutMs);
            inboxes.push(inbox);
            return inbox;
          },
        });
      } finally {
        for (const inbox of inboxes) inbox.leave();
        await bus.close();
      }
    });

  describe(`EventBus: ${name}`, () => {
    test('a reader gets each message with its id, subject and data', async ({ root, send, read }) => {
      const inbox = read();
      const data = { text: 'naïve ☂', list: [1, null, true, { deep: [] }] };
      await send('1', 'subagent-1.text_delta', data);
      const message = await inbox.until('1');
      assert.equal(message.id, `${root}/1`);
      assert.equal(message.subject, `${root}.subagent-1.text_delta`);
      assert.deepEqual(message.data, data);
      assert.ok(Number.isSafeInteger(message.sequence), `sequence is a whole number, not ${message.sequence}`);
    });

    test('messages come in the order of publishing with growing sequences, the same for every reader', async ({
      send,
      read,
    }) => {
      const first = read();
      const second = read('a.*');
      const ids = numbered(50);
      for (const id of ids) await send(id);
      await Promise.all([first.until('50'), second.until('50')]);
      assert.deepEqual(first.ids, ids);
      assert.deepEqual(second.ids, ids);
      assertGrowing(first.sequences);
      assert.deepEqual(second.sequences, first.sequences);
    });

    test('messages published at once are all taken, each one time', async ({ send, read }) => {
      const inbox = read();
      const ids = numbered(50);
      await Promise.all(ids.map((id) => send(id)));
      await send('fence');
      await inbox.until('fence');
      assert.deepEqual(new Set(inbox.ids), new Set([...ids, 'fence']));
      assert.equal(inbox.ids.length, ids.length + 1);
      assertGrowing(inbox.sequences);
    });

    test('an id that is published again is taken once, and the publisher is not told off', async ({ send, read }) => {
      const inbox = read();
      await send('1', 'a.b', 'first');
      await send('2');
      await send('1', 'a.b', 'again');
      await send('2', 'c.d');
      await send('fence');
      await inbox.until('fence');
      assert.deepEqual(inbox.ids, ['1', '2', 'fence']);
      assert.equal(inbox.messages[0]?.data, 'first');
      const late = read('>', inbox.sequences[0]);
      await late.until('fence');
      assert.deepEqual(late.ids, ['1', '2', 'fence']);
    });

    test('a * stands for one token, a last > for one or more', async ({ send, read }) => {
      const subjects = ['a', 'a.b', 'a.b.c', 'a.x.c', 'ab.b', 'z'];
      const expected: Record<string, string[]> = {
        a: ['a'],
        'a.b': ['a.b'],
        'a.*': ['a.b'],
        '*.b': ['a.b', 'ab.b'],
        '*.*.c': ['a.b.c', 'a.x.c'],
        'a.>': ['a.b', 'a.b.c', 'a.x.c'],
        '*': ['a', 'z'],
        '*.b.>': ['a.b.c'],
        '>': subjects,
      };
      const all = read();
      const inboxes = Object.keys(expected).map((pattern) => ({ pattern, inbox: read(pattern) }));
      for (const subject of subjects) await send(subject, subject);
      await all.until('z');
      for (const { pattern, inbox } of inboxes) {
        const last = expected[pattern]?.at(-1) ?? '';
        await inbox.until(last);
        assert.deepEqual(inbox.ids, expected[pattern], `live by ${pattern}`);
        const late = read(pattern, all.sequences[0]);
        await late.until(last);
        assert.deepEqual(late.ids, expected[pattern], `replayed by ${pattern}`);
      }
    });

    test('without from a reader gets only what is published after it came', async ({ send, read }) => {
      await send('early');
      const inbox = read();
      await send('late');
      await inbox.until('late');
      assert.deepEqual(inbox.ids, ['late']);
    });

    test('from a sequence a reader gets what is kept from there on, then goes on live', async ({ send, read }) => {
      const witness = read();
      for (const id of numbered(5)) await send(id);
      await witness.until('5');
      const inbox = read('>', witness.sequences[2]);
      await send('6');
      await inbox.until('6');
      assert.deepEqual(inbox.ids, ['3', '4', '5', '6']);
      await witness.until('6');
      assert.deepEqual(inbox.sequences, witness.sequences.slice(2));
    });

    test('readers that come while messages are published miss none and get none twice', async ({ send, read }) => {
      const witness = read();
      const ids = numbered(40);
      await send('0');
      await witness.until('0');
      const from = witness.sequences[0];
      const inboxes: Inbox[] = [];
      for (const id of ids) {
        const taken = send(id);
        inboxes.push(read('>', from)); // before it is taken
        await taken;
        inboxes.push(read('>', from)); // after
      }
      for (const inbox of inboxes) {
        await inbox.until('40');
        assert.deepEqual(inbox.ids, ['0', ...ids]);
      }
    });

    test('neither readers nor the publisher can change the data of others', async ({ send, read }) => {
      const data = { list: ['as sent'] };
      const first = read();
      const second = read();
      const sent = send('1', 'a.b', data);
      await sent;
      data.list.push('changed by the publisher');
      const message = await first.until('1');
      const own = message.data;
      assert.ok(typeof own === 'object' && own !== null && 'list' in own && Array.isArray(own.list));
      own.list.push('changed by a reader');
      assert.deepEqual((await second.until('1')).data, { list: ['as sent'] });
      assert.deepEqual((await read('>', message.sequence).until('1')).data, { list: ['as sent'] });
    });

    test('a reader that leaves, also while it is given a message, gets no more; the others go on', async ({
      send,
      read,
    }) => {
      const other = read();
      const inbox = read();
      inbox.onMessage = () => inbox.leave();
      for (const id of ['1', '2', '3']) await send(id);
      await inbox.until('1');
      await other.until('3');
      assert.deepEqual(other.ids, ['1', '2', '3']);
      assert.deepEqual(inbox.ids, ['1']);
    });

    test('what a reader publishes comes after what it was given, in one order for all', async ({ send, read }) => {
      const first = read();
      const second = read();
      let answer = Promise.resolve();
      first.onMessage = ({ id }) => {
        if (id.endsWith('/1')) answer = send('answer');
      };
      await send('1');
      await first.until('answer');
      await answer;
      await second.until('answer');
      assert.deepEqual(first.ids, ['1', 'answer']);
      assert.deepEqual(second.ids, ['1', 'answer']);
      assert.deepEqual(second.sequences, first.sequences);
    });

    test('close delivers what was taken, completes the streams, and may be called again', async ({
      bus,
      send,
      read,
    }) => {
      const inbox = read();
      await send('1');
      await Promise.all([bus.close(), bus.close()]);
      await bus.close();
      assert.equal(await inbox.ending(), 'complete');
      assert.deepEqual(inbox.ids, ['1']);
    });

    test('after close, publishing and reading give the error closed', async ({ bus, send, read }) => {
      await bus.close();
      await assert.rejects(() => send('1'), isClosed);
      const ending = await read().ending();
      assert.ok(isClosed(ending), `the stream of a closed bus ended with ${messageOf(ending)}`);
    });
  });
}

/** What one reader got. */
class Inbox {
  readonly messages: StoredMessage[] = [];
  onMessage: ((message: StoredMessage) => void) | undefined;
  readonly #timeoutMs: number;
  readonly #subscription: Subscription;
  /** `complete`, or what it failed with. */
  #ending: unknown;
  #wake: (() => void) | undefined;

  constructor(messages$: Observable<StoredMessage>, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    const end = (ending: unknown) => {
      this.#ending = ending;
      this.#wake?.();
    };
    this.#subscription = messages$.subscribe({
      next: (message) => {
        this.messages.push(message);
        this.onMessage?.(message);
        this.#wake?.();
      },
      error: end,
      complete: () => end('complete'),
    });
  }

  /** As the tests gave them. */
  get ids(): string[] {
    return this.messages.map(shortId);
  }

  get sequences(): number[] {
    return this.messages.map(({ sequence }) => sequence);
  }

  /** The first message of that id, once it has come. */
  async until(id: string): Promise<StoredMessage> {
    for (;;) {
      const message = this.messages.find((candidate) => shortId(candidate) === id);
      if (message !== undefined) return message;
      assert.equal(this.#ending, undefined, `the stream ended before message ${id}; got ${this.ids.join(', ')}`);
      await this.#change(`message ${id}`);
    }
  }

  async ending(): Promise<unknown> {
    while (this.#ending === undefined) await this.#change('the end of the stream');
    return this.#ending;
  }

  leave(): void {
    this.#subscription?.unsubscribe(); // absent while the first messages come
  }

  #change(awaited: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const got = this.ids.join(', ') || 'nothing';
        reject(new assert.AssertionError({ message: `waited ${this.#timeoutMs} ms for ${awaited}; got ${got}` }));
      }, this.#timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function shortId({ id }: StoredMessage): string {
  return id.slice(id.indexOf('/') + 1);
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index + 1));
}

function assertGrowing(sequences: readonly number[]): void {
  for (const [index, sequence] of sequences.entries()) {
    const former = sequences[index - 1];
    assert.ok(former === undefined || sequence > former, `sequence ${sequence} came after ${former}`);
  }
}

function isClosed(cause: unknown): boolean {
  return cause instanceof TroupeError && cause.code === 'closed';
}
