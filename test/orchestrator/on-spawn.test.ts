import { expect, it } from 'vitest';
import type { TroupeError } from '../../src/domain/errors.js';
import type { Aside } from '../../src/orchestrator/index.js';
import { byPrompt, createWorld, tasks } from '../support/world.js';

it('onSpawn tells of each subagent inside of the call that spawns it, children with the call that asked for them', async () => {
  const world = createWorld(
    byPrompt({ lead: [tasks('help'), { text: 'led' }], help: [{ text: 'helped' }], late: [{ text: 'x' }] }),
    {
      model: { name: 'acme/m1' },
    },
  );
  const told: unknown[] = [];
  const leave = world.orchestrator.onSpawn(({ id, model, role, toolId }) => told.push([id, model, role, toolId]));
  const lead = world.spawn({ agentType: 'lead', prompt: 'lead' });
  expect(told).toEqual([['subagent-1', 'acme/m1', 'Runs what it is told to.', undefined]]);
  await lead.wait();
  expect(told[1]).toEqual(['subagent-2', 'acme/m1', 'Runs what it is told to.', 'call1']);
  leave();
  await world.spawn({ prompt: 'late' }).wait();
  expect(told).toHaveLength(2);
});

it('onAside tells of each side question when it is asked, and how it ended', async () => {
  const world = createWorld([{ hang: true }, { text: 'because', usage: { inputTokens: 7, outputTokens: 3 } }]);
  const told: Aside[] = [];
  const leave = world.orchestrator.onAside((aside) => told.push(aside));
  const handle = world.spawn();
  await world.settle();
  const answer = handle.btw('why?');
  await world.settle();
  expect(await answer).toBe('because');
  expect(told).toMatchObject([{ id: 'subagent-1', question: 'why?', askedAt: 0 }]);
  expect(await told[0]?.ended).toEqual({
    endedAt: 0,
    answer: 'because',
    usage: { inputTokens: 7, outputTokens: 3 },
  });
  leave();
  await handle.cancel();
});

it('a listener of onSpawn that throws is told to onError, and hinders nobody', async () => {
  const errors: TroupeError[] = [];
  const world = createWorld([{ text: 'done' }], { onError: (error) => errors.push(error) });
  world.orchestrator.onSpawn(() => {
    throw new Error('not today');
  });
  expect(await world.spawn().wait()).toBe('done');
  expect(errors.map(({ message }) => message)).toEqual(['a listener of onSpawn threw: not today']);
});
