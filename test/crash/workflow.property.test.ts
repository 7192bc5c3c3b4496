import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import { isFinal } from '../../src/domain/lifecycle.js';
import type { StepOutcome } from '../../src/domain/step.js';
import { Session } from '../../src/session/index.js';
import { step } from '../session/session-world.js';
import { MortalStore } from '../support/mortal-store.js';
import { createWorld } from '../support/world.js';
import { formOf, Ledger, type Work, workOf } from './support/ledger.js';
import { type Act, actsOf, delaysOf, tools } from './support/lives-of.js';

const RUNS = process.env.CI ? 300 : 100;
const MAX_ROUNDS = 400;
/** Of one attempt, in ms: a request that is late fails it, and nothing else takes so long. */
const TIMEOUT_MS = 60_000;
/** It ends all the same, for a suspension that waits for it while the time of the attempt stands still. */
const LATE_MS = 90_000;
const UNAVAILABLE = new TroupeError('model_unavailable', 'out of order');
const RETRIES = 2;

interface Scenario {
  readonly steps: readonly { readonly work: Work; readonly hangs: number }[];
  readonly limit: number;
  readonly ends: readonly {
    /** Records that still reach the disk before it is killed; undefined when it is suspended behind its acts. */
    readonly appends: number | undefined;
    readonly delays: readonly number[];
    readonly acts: readonly Act[];
  }[];
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  // The first attempts of a step fail, so many.
  steps: fc.array(fc.record({ work: workOf, hangs: fc.nat(RETRIES) }), { minLength: 1, maxLength: 3 }),
  limit: fc.constantFrom(1, 2, 50),
  ends: fc.array(
    fc.record({
      appends: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined, freq: 3 }),
      delays: delaysOf,
      acts: actsOf,
    }),
    { maxLength: 4 },
  ),
});

describe('a workflow that is killed at any record or suspended, again and again', () => {
  it('ends as one that never was, with nothing lost and nothing done twice, and is replayed then', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const ledger = new Ledger(given.steps.map(({ work }) => work));
        const store = new MortalStore();
        const hangs = new Map(ledger.roots.map(({ name }, index) => [name, given.steps[index]?.hangs ?? 0]));
        const begin = () => beginLife(store, ledger, hangs, given.limit);
        let outcomes: readonly StepOutcome[] | undefined;
        for (const end of [...given.ends, undefined]) {
          const life = begin();
          let drawn = 0;
          store.begin(
            end && {
              clock: life.clock,
              appends: end.appends ?? Number.POSITIVE_INFINITY,
              writeMs: () => end.delays[drawn++ % end.delays.length] ?? 0,
            },
          );
          const isSuspended = end !== undefined && end.appends === undefined;
          outcomes = await run(life, { store, ledger, acts: end?.acts ?? [], isSuspended });
          if (outcomes) break;
        }
        for (const outcome of outcomes ?? []) ledger.outcomes.set(outcome.taskId, outcome);
        ledger.check(given.ends.length);

        const { session, model, specs } = begin();
        store.begin();
        const replayed = await session.parallelResumable(specs, 'w');
        expect(replayed).toEqual(outcomes?.map((outcome) => ({ ...outcome, replayed: true })));
        expect(model.requests).toEqual([]);
        await session.close();
        store.bury();
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});

function beginLife(store: MortalStore, ledger: Ledger, hangs: Map<string, number>, limit: number) {
  const { runtime, clock, model } = createWorld(
    (request) => {
      const name = request.messages[0]?.content ?? '';
      const left = hangs.get(name) ?? 0;
      if (left === 0) return ledger.answer(request);
      hangs.set(name, left - 1);
      return { delayMs: LATE_MS, error: UNAVAILABLE };
    },
    { tools: tools(ledger, () => ({ clock })) },
  );
  const session = Session.open(runtime, '.', { sessionStore: store, maxParallelTasks: limit });
  const specs = ledger.roots.map(({ name, work }) =>
    step(name, {
      agent: work.kind === 'form' ? 'worker' : work.kind,
      permissive: true,
      timeoutMs: TIMEOUT_MS,
      retries: RETRIES,
      ...formOf(work),
    }),
  );
  return { session, clock, model, specs };
}

type Life = ReturnType<typeof beginLife>;

interface Course {
  readonly store: MortalStore;
  readonly ledger: Ledger;
  readonly acts: readonly Act[];
  /** Behind its acts. */
  readonly isSuspended: boolean;
}

/** @returns undefined when it was killed or suspended before all was done. */
async function run(
  { session, clock, specs }: Life,
  { store, ledger, acts, isSuspended }: Course,
): Promise<readonly StepOutcome[] | undefined> {
  const { orchestrator } = session;
  let outcomes: readonly StepOutcome[] | undefined;
  let fault: unknown;
  session.parallelResumable(specs, 'w').then(
    (all) => {
      outcomes = all;
    },
    (error) => {
      fault = error;
    },
  );
  const rounds = isSuspended ? acts.length : MAX_ROUNDS;
  for (let round = 0; round < rounds && !outcomes && !store.isDead; round++) {
    if (fault) throw fault;
    const act = acts[round];
    const living = orchestrator.listSubagents().filter(({ state }) => !isFinal(state));
    const handle = act && orchestrator.getHandle(living[act.who % living.length]?.id ?? '');
    if (handle && act.op === 'pause') void handle.pause();
    if (handle && act.op === 'resume') void handle.resume();
    if (handle && act.op === 'steer' && handle.isRunning()) handle.steer(ledger.nextSteer());
    if (!act) for (const { id, state } of living) if (state === 'paused') void orchestrator.resumeSubagent(id);
    await clock.advance(act?.ms ?? 1_000);
  }
  if (store.isDead) return undefined;
  if (isSuspended && !outcomes) {
    let isClosed = false;
    void session.close().then(() => {
      isClosed = true;
    });
    for (let round = 0; round < MAX_ROUNDS && !isClosed; round++) await clock.advance(60_000);
    if (isClosed) return undefined;
  }
  if (outcomes) return outcomes;
  throw new Error(`stuck: ${JSON.stringify(orchestrator.listSubagents())}`);
}
