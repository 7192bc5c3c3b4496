import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFinal } from '../../src/domain/lifecycle.js';
import { eventsOf } from '../support/world.js';
import { Ledger, workOf } from './support/ledger.js';
import { actsOf, delaysOf, liveOn, type Scenario } from './support/lives-of.js';

const RUNS = process.env.CI ? 400 : 150;

const scenario: fc.Arbitrary<Scenario> = fc.record({
  works: fc.array(workOf, { minLength: 1, maxLength: 3 }),
  limit: fc.constantFrom(1, 2, 50),
  keepEnded: fc.constantFrom(1, 1_000),
  crashes: fc.array(
    fc.record({
      appends: fc.integer({ min: 1, max: 30 }),
      losesDocuments: fc.boolean(),
      delays: delaysOf,
      acts: actsOf,
    }),
    { maxLength: 3 },
  ),
});

describe('a session that is killed at any record, again and again', () => {
  it('ends as one that never was, with nothing lost and nothing done twice', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const ledger = new Ledger(given.works);
        const last = await liveOn(given, ledger);
        for (const life of ledger.lives) {
          for (const id of new Set(eventsOf(life.events, 'subagent_completed').map(({ subagentId }) => subagentId))) {
            expect(eventsOf(life.events, 'subagent_completed', id)).toHaveLength(1);
          }
        }
        expect(last.orchestrator.getAllStates().every(({ state }) => isFinal(state))).toBe(true);
        ledger.check(given.crashes.length);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});
