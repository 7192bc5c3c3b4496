import { describe, expect, it } from 'vitest';
import { MemorySessionStore } from '../../src/store/index.js';
import { createSessionWorld, echo, sessionLife as life, step } from './session-world.js';

/** More than a run of one turn takes. */
const TICKS = 40;
const path = ['sessions', 'default', 'workflows', 'w'];

/** Its step is cancelled so many ticks after its start. */
async function cancelledAfter(ticks: number) {
  const store = new MemorySessionStore();
  const world = createSessionWorld(echo, { sessionStore: store, budget: { maxTokens: 300 } });
  const { session, settle, model } = world;
  session.events$.subscribe(async ({ type, subagentId }) => {
    if (type !== 'start' || subagentId !== 'subagent-1') return;
    for (let tick = 0; tick < ticks; tick++) await null;
    await session.orchestrator.cancelSubagent(subagentId);
  });
  const [outcome] = await session.parallelResumable([step('a')], 'w');
  await settle();
  return { store, session, outcome, requestCount: model.requests.length };
}

describe('a step of a workflow that is cancelled', () => {
  it('at any moment ends with the record of its end, and runs again when it is called again', async () => {
    const seen = new Set<boolean | undefined>();
    for (let ticks = 0; ticks < TICKS; ticks++) {
      const { store, outcome } = await cancelledAfter(ticks);
      seen.add(outcome?.success);
      const lines = (await store.readJournal(path))?.records as { records: { type: string }[] }[];
      expect([ticks, lines.at(-1)?.records.at(-1)?.type]).toEqual([ticks, 'ended']);
      const [again] = await life(store, echo).session.parallelResumable([step('a')], 'w');
      expect([ticks, again]).toMatchObject([ticks, { success: true, replayed: outcome?.success }]);
    }
    expect(seen).toEqual(new Set([true, false]));
  });

  it('before its request has left spends nothing', async () => {
    for (let ticks = 0; ticks < TICKS; ticks++) {
      const { session, outcome, requestCount } = await cancelledAfter(ticks);
      expect([ticks, outcome?.usage.requests]).toEqual([ticks, requestCount]);
      if (requestCount > 0) return;
      await expect(session.run(step('b'))).resolves.toMatchObject({ success: true });
    }
  });
});
