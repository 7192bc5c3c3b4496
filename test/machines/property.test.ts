import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { isQueued } from '../../machines/index.js';
import { type Command, type Limits, RandomRun, type Script } from './random-run.js';

const RUNS = process.env.CI ? 2_000 : 1_000;
/** Fixed, so that a run of the tests is like the one before; another can be given by hand. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_101);

const oneIn = (count: number) => fc.nat({ max: count - 1 }).map((value) => value === 0);

const script: fc.Arbitrary<Script> = fc.array(
  fc.record({
    malformedCount: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1, 2),
    calls: fc.array(
      fc.record({
        name: fc.constantFrom('read', 'bash', 'curl', 'rm'),
        alone: fc.boolean(),
        fails: fc.boolean(),
        allowed: fc.boolean(),
      }),
      { maxLength: 4, size: 'max' },
    ),
  }),
  { minLength: 1, maxLength: 5, size: 'max' },
);

const limits: fc.Arbitrary<Limits> = fc.record({
  maxSteps: fc.integer({ min: 1, max: 5 }),
  maxParallelTools: fc.integer({ min: 1, max: 3 }),
  timeoutMs: fc.constantFrom(300, 2_000, 20_000),
  approvalMs: fc.constantFrom(null, 200),
});

const nth = fc.nat({ max: 3 });
const signal = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ type: 'PAUSE' } as const) },
  { weight: 6, arbitrary: fc.constant({ type: 'RESUME' } as const) },
  { weight: 2, arbitrary: fc.constantFrom({ type: 'PAUSE', by: 'parent' }, { type: 'RESUME', by: 'parent' }) },
  { weight: 2, arbitrary: fc.constant({ type: 'STEER', message: 'hey' } as const) },
);
/** `CRASH` ends the process: another goes on from what is saved. */
const command: fc.Arbitrary<Command | { readonly do: 'CRASH' }> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: 'START' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'QUEUE' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'RESTORED' } as const) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('SIGNAL' as const), signal }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('REPLY' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('SETTLE', 'SETTLE', 'DECIDE'), nth }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('APPROVE', 'DENY'), nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('TIME' as const), ms: fc.constantFrom(1, 40, 250, 600) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('RETRY' as const),
      delayMs: fc.constantFrom(0, 50, 500),
      counts: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'CRASH' } as const) },
  {
    weight: 1,
    arbitrary: oneIn(6).map((ends): Command => (ends ? { do: 'SIGNAL', signal: { type: 'CANCEL' } } : { do: 'QUEUE' })),
  },
  { weight: 1, arbitrary: oneIn(4).map((faulty): Command => (faulty ? { do: 'FAULT' } : { do: 'REPLY' })) },
);

/** What the runs came by, so that they cannot all end at once unnoticed. */
const seen = { steps: 0, crashes: 0, copies: 0, states: new Set<string>(), ends: new Map<string, number>() };

/** A process ends and another goes on. */
async function crash(run: RandomRun): Promise<RandomRun> {
  if (run.hasEnded) return run;
  const next = await run.restored();
  run.world.actor.stop();
  next.expectAll();
  seen.crashes += 1;
  return next;
}

/** The copy stands where the original stands, and if that is held has begun nothing. */
function expectAlike(copy: RandomRun, original: RandomRun): void {
  expect(copy.world.state).toBe(original.world.state);
  expect([copy.timeLeft, copy.openQuestions]).toEqual([original.timeLeft, original.openQuestions]);
  const isHeld = original.world.state === 'paused' || isQueued(original.world.snapshot);
  expect(copy.world.callsInFlight.sort()).toEqual(isHeld ? [] : original.world.callsInFlight.sort());
  expect(copy.world.requests.length).toBe(isHeld ? 0 : original.world.requests.length);
}

beforeAll(() => {
  vi.spyOn(console, 'warn').mockReturnValue(); // xstate warns of events to an actor that has stopped
});
afterAll(() => vi.restoreAllMocks());

test('whatever is sent in whatever order, crashes included: the rules hold at each step, and a restored copy ends as the original does', async () => {
  await fc.assert(
    fc.asyncProperty(
      script,
      limits,
      fc.array(command, { minLength: 1, maxLength: 45, size: 'max' }),
      async (turns, allowed, commands) => {
        let run = new RandomRun(turns, allowed);
        for (const next of commands) {
          if (next.do === 'CRASH') run = await crash(run);
          else await run.perform(next);
          seen.steps += 1;
          seen.states.add(JSON.stringify(run.world.snapshot.value));
        }
        const copy = run.hasEnded ? undefined : await run.restored();
        if (copy) expectAlike(copy, run);
        const end = await run.finish();
        if (copy) expect(await copy.finish()).toEqual(end);
        seen.copies += copy ? 1 : 0;
        for (const { world } of copy ? [run, copy] : [run]) expect(world.completions).toBe(1);
        const { state, error } = run.world.output ?? {};
        const name = error ? `${state} ${error.code}` : `${state}`;
        seen.ends.set(name, (seen.ends.get(name) ?? 0) + 1);
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
  expect(seen.steps).toBeGreaterThan(RUNS * 10);
  expect(seen.crashes).toBeGreaterThan(RUNS / 4);
  expect(seen.copies).toBeGreaterThan(RUNS / 2);
  expect(seen.states.size).toBe(19); // those of paths.test.ts, and four of those that wait for a slot
  expect([...seen.ends.keys()].sort()).toEqual([
    'cancelled cancelled',
    'completed',
    'failed bad_response',
    'failed max_steps',
    'failed model_unavailable',
    'failed timeout',
  ]);
}, 120_000);
