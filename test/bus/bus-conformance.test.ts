import { filter, from as fromList, map, mergeMap, type Observable } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type BusMessage, type EventBus, MemoryEventBus, type StoredMessage } from '../../src/bus/index.js';
import { busConformance } from '../../src/testing/bus-conformance.js';
import { EmitterBus } from './emitter-bus.js';

busConformance({ name: 'MemoryEventBus', create: () => new MemoryEventBus(), describe, it });
busConformance({ name: 'one made of an emitter and a table', create: async () => new EmitterBus(), describe, it });

/** A sound bus with one thing changed. */
class FlawedBus implements EventBus {
  protected readonly sound = new MemoryEventBus();
  protected count = 0;
  publish(message: BusMessage): Promise<void> {
    return this.sound.publish(message);
  }
  messages$(pattern: string, options?: { from?: number }): Observable<StoredMessage> {
    return this.sound.messages$(pattern, options);
  }
  close(): Promise<void> {
    return this.sound.close();
  }
}

const flawed: Record<string, () => EventBus> = {
  'loses one message in seven': () =>
    new (class extends FlawedBus {
      override async publish(message: BusMessage) {
        if (++this.count % 7 !== 0) await super.publish(message);
      }
    })(),
  'swaps neighbours': () =>
    new (class extends FlawedBus {
      #held: BusMessage | undefined;
      override async publish(message: BusMessage) {
        const held = this.#held;
        this.#held = held === undefined && ++this.count % 3 === 0 ? message : undefined;
        if (this.#held !== undefined) return;
        await super.publish(message);
        if (held !== undefined) await super.publish(held);
      }
    })(),
  'takes the same id again': () =>
    new (class extends FlawedBus {
      override publish(message: BusMessage) {
        return super.publish({ ...message, id: `${message.id}#${++this.count}` });
      }
      override messages$(pattern: string, options?: { from?: number }) {
        return super.messages$(pattern, options).pipe(map((m) => ({ ...m, id: m.id.replace(/#\d+$/, '') })));
      }
    })(),
  'rejects a duplicate': () =>
    new (class extends FlawedBus {
      readonly #ids = new Set<string>();
      override async publish(message: BusMessage) {
        if (this.#ids.has(message.id)) throw new Error('duplicate');
        this.#ids.add(message.id);
        await super.publish(message);
      }
    })(),
  'replays to live readers': () =>
    new (class extends FlawedBus {
      override messages$(pattern: string, options?: { from?: number }) {
        return super.messages$(pattern, { from: 1, ...options });
      }
    })(),
  'has forgotten what it is asked to replay': () =>
    new (class extends FlawedBus {
      override messages$(pattern: string) {
        return super.messages$(pattern);
      }
    })(),
  'replays one too many': () =>
    new (class extends FlawedBus {
      override messages$(pattern: string, options: { from?: number } = {}) {
        const from = options.from !== undefined && options.from > 1 ? { from: options.from - 1 } : options;
        return super.messages$(pattern, from);
      }
    })(),
  'gives a message twice to who replays': () =>
    new (class extends FlawedBus {
      override messages$(pattern: string, options: { from?: number } = {}) {
        const messages$ = super.messages$(pattern, options);
        if (options.from === undefined) return messages$;
        return messages$.pipe(mergeMap((m) => fromList(++this.count % 9 === 0 ? [m, m] : [m])));
      }
    })(),
  'takes > for any number of tokens': () =>
    new (class extends FlawedBus {
      override messages$(pattern: string, options?: { from?: number }) {
        const root = pattern.replace(/\.?>$/, '');
        const isOpen = root !== pattern && !root.includes('*');
        if (!isOpen) return super.messages$(pattern, options);
        return super.messages$('>', options).pipe(filter(({ subject }) => `${subject}.`.startsWith(`${root}.`)));
      }
    })(),
  'takes * for any number of tokens': () =>
    new (class extends FlawedBus {
      override messages$(pattern: string, options?: { from?: number }) {
        return super.messages$(pattern.replace(/\*$/, '>'), options);
      }
    })(),
  'hands out one object to all': () =>
    new (class extends FlawedBus {
      readonly #shared = new Map<number, StoredMessage>();
      override messages$(pattern: string, options?: { from?: number }) {
        return super.messages$(pattern, options).pipe(
          map((message) => {
            if (!this.#shared.has(message.sequence)) this.#shared.set(message.sequence, message);
            return this.#shared.get(message.sequence) ?? message;
          }),
        );
      }
    })(),
  'gives each reader sequences of its own': () =>
    new (class extends FlawedBus {
      override messages$(pattern: string, options?: { from?: number }) {
        const own = ++this.count * 1_000;
        return super.messages$(pattern, options).pipe(map((m) => ({ ...m, sequence: m.sequence + own })));
      }
    })(),
  'loses what is in flight when it closes, and leaves its streams open': () =>
    new (class extends FlawedBus {
      override async close() {}
    })(),
  'can be closed once only': () =>
    new (class extends FlawedBus {
      override async close() {
        if (++this.count > 1) throw new Error('closed already');
        await super.close();
      }
    })(),
  'takes messages after its end': () =>
    new (class extends FlawedBus {
      #closed = false;
      override async publish(message: BusMessage) {
        if (!this.#closed) await super.publish(message);
      }
      override async close() {
        this.#closed = true;
        await super.close();
      }
    })(),
  'says the wrong thing after its end': () =>
    new (class extends FlawedBus {
      #closed = false;
      override async publish(message: BusMessage) {
        if (this.#closed) throw new Error('gone');
        await super.publish(message);
      }
      override async close() {
        this.#closed = true;
        await super.close();
      }
    })(),
};

/** Runs the suite without a runner; gives the titles that failed. */
async function failuresOf(create: () => EventBus): Promise<string[]> {
  const cases: { name: string; body: () => Promise<void> }[] = [];
  busConformance({
    name: 'flawed',
    create,
    describe: (_, body) => body(),
    it: (name, body) => cases.push({ name, body }),
    timeoutMs: 30,
  });
  const failures: string[] = [];
  for (const { name, body } of cases) await body().catch(() => failures.push(name));
  expect(cases.length).toBeGreaterThan(10);
  return failures;
}

describe('the suite itself', () => {
  test('passes the flawless bus that the flawed ones are made of', async () => {
    expect(await failuresOf(() => new FlawedBus())).toEqual([]);
  });

  test.each(Object.keys(flawed))('fails a bus that %s', async (flaw) => {
    expect(await failuresOf(flawed[flaw] ?? (() => new FlawedBus()))).not.toEqual([]);
  });
});
