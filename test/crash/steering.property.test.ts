import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelRequest } from '../../src/domain/model.js';
import type { ScriptedFunction } from '../../src/testing/index.js';
import { MortalStore } from '../support/mortal-store.js';
import type { World } from '../support/world.js';
import { life } from './support/one-life.js';

const RUNS = process.env.CI ? 300 : 100;
const TURNS = 4;

interface Scenario {
  /** Of each turn: whether it calls a tool that takes its time, one that takes none, or two. */
  readonly turns: readonly ('slow' | 'peek' | 'both')[];
  /** When messages are steered in, and when it is paused and resumed, in ms of the first life. */
  readonly acts: readonly { readonly at: number; readonly what: 'steer' | 'pause' | 'resume' }[];
  readonly writeMs: readonly number[];
  readonly modelMs: number;
  readonly dieAfter: number;
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  turns: fc.array(fc.constantFrom('slow', 'peek', 'both'), { minLength: 1, maxLength: TURNS - 1 }),
  acts: fc.array(fc.record({ at: fc.nat(40), what: fc.constantFrom('steer', 'steer', 'steer', 'pause', 'resume') }), {
    minLength: 1,
    maxLength: 8,
  }),
  writeMs: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
  modelMs: fc.nat(4),
  dieAfter: fc.integer({ min: 1, max: 40 }),
});

const answersIn = ({ messages }: ModelRequest) => messages.filter(({ role }) => role === 'assistant').length;
const steersIn = ({ messages }: ModelRequest) => messages.flatMap(({ content }) => content.match(/^steer-\d+$/g) ?? []);
const shown = ({ messages }: ModelRequest) => messages.map(({ role, content }) => `${role}: ${content}`);

function script({ turns, modelMs }: Scenario): ScriptedFunction {
  const slow = { name: 'slow', args: { ms: 5 } };
  const peek = { name: 'peek', args: { label: 'p' } };
  const callsOf = { slow: [slow], peek: [peek], both: [slow, peek] };
  return (request) => {
    const kind = turns[answersIn(request)];
    // What it says tells which answer it is, and what it had been told.
    const text = `answer ${answersIn(request)} to ${steersIn(request).join()}`;
    return kind ? { text, toolCalls: callsOf[kind], delayMs: modelMs } : { text, delayMs: modelMs };
  };
}

/** Does what is to be done at its time. */
async function live(world: World, { acts }: Scenario): Promise<void> {
  const handle = world.spawn({ prompt: 'go', maxSteps: 30 });
  const due = [...acts].sort((a, b) => a.at - b.at);
  let steered = 0;
  for (let now = 0; now <= 200; now++) {
    for (; due[0]?.at === now; due.shift()) {
      const { what } = due[0];
      if (what === 'steer' && !handle.isDone()) handle.steer(`steer-${++steered}`);
      if (what === 'pause') void handle.pause();
      if (what === 'resume') void handle.resume();
    }
    if (now === 60) void handle.resume();
    await world.clock.advance(1);
  }
}

describe('messages that are steered in at any moment', () => {
  it('come back after a crash in the same order and at the same place, whichever record was the last', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const store = new MortalStore();
        let drawn = 0;
        const writeMs = () => given.writeMs[drawn++ % given.writeMs.length] ?? 0;
        const first = life(store, script(given), { appends: given.dieAfter, writeMs });
        const onDisk: string[] = [];
        let answers = 0;
        store.onRecord = (_, record) => {
          const { event } = record as { event?: { type: string; message?: string; output?: { kind?: string } } };
          if (event?.type === 'STEER') onDisk.push(String(event.message));
          if (event?.type === 'xstate.done.actor.llm') answers += 1;
        };
        await live(first, given);
        const second = life(store, script(given));
        const [handle] = await second.orchestrator.restore();
        await second.clock.advance(10);
        void handle?.resume();
        await second.clock.advance(500);
        if (handle) expect(handle.state()).toBe('completed');

        for (const request of second.model.requests) {
          // In order, each once, and none that was never on disk.
          expect(steersIn(request)).toEqual(onDisk.slice(0, steersIn(request).length));
          // What was told with an answer that is on record was told then, and is where it was.
          const told = first.model.requests.filter((each) => answersIn(each) < answers);
          for (const before of told) expect(shown(request).slice(0, before.messages.length)).toEqual(shown(before));
        }
        // None is lost: one that came with the final answer makes another turn.
        const last = [...first.model.requests, ...second.model.requests].at(-1);
        if (last) expect(steersIn(last)).toEqual(onDisk);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});
