import { describe, expect, it } from 'vitest';
import { MemorySessionStore } from '../../src/store/index.js';
import { byPrompt, calls, errorOf } from '../support/world.js';
import { createSessionWorld, step } from './session-world.js';

const script = () =>
  byPrompt({
    a: [calls(['slow', { ms: 100 }]), { text: 'done a' }],
    child: [calls(['slow', { ms: 1_000 }]), { text: 'done child' }],
  });

/** Its step is done, the child that the step's subagent had is not. */
async function stepAndChild(store: MemorySessionStore) {
  const world = createSessionWorld(script(), { sessionStore: store });
  const { session, clock, settle } = world;
  const call = session.parallelResumable([step('a')], 'w');
  await settle();
  const parent = session.orchestrator.getHandle('subagent-1');
  const child = parent?.spawn({ agentType: 'worker', prompt: 'child', detached: true });
  await clock.advance(200);
  await expect(call).resolves.toMatchObject([{ success: true, output: 'done a' }]);
  expect(child?.state()).toBe('running');
  return { ...world, child };
}

describe('a detached child of a step', () => {
  it('goes on when its workflow has resolved, and has that as long as it lives', async () => {
    const store = new MemorySessionStore();
    const { session, clock, child, model, settle } = await stepAndChild(store);
    expect((await errorOf(() => session.parallelResumable([step('a')], 'w'))).code).toBe('workflow_busy');
    await clock.advance(1_000);
    await expect(child?.wait()).resolves.toBe('done child');
    await settle();
    await expect(session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([{ replayed: true }]);
    expect(model.requests).toHaveLength(4);
  });

  it('comes back with the workflow after a crash, and outlives that call too', async () => {
    const store = new MemorySessionStore();
    await stepAndChild(store);
    store.abandonLeases();
    const { session, clock, model } = createSessionWorld(script(), { sessionStore: store });
    await expect(session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([{ replayed: true }]);
    const child = session.orchestrator.getHandle('subagent-2');
    expect(child?.state()).toBe('running');
    await clock.advance(1_000);
    await expect(child?.wait()).resolves.toBe('done child');
    expect(model.requests).toHaveLength(1);
  });

  it('is suspended with its session', async () => {
    const store = new MemorySessionStore();
    const { session, clock, child } = await stepAndChild(store);
    const closing = session.close();
    await clock.advance(1_000); // its call ends first
    await closing;
    await expect(child?.wait()).rejects.toMatchObject({
      code: 'closed',
      message: expect.stringContaining('parallelResumable()'),
    });
    expect(clock.pending).toBe(0);
    const next = createSessionWorld(script(), { sessionStore: store });
    await next.session.parallelResumable([step('a')], 'w');
    await next.settle();
    await expect(next.session.orchestrator.getHandle('subagent-2')?.wait()).resolves.toBe('done child');
  });
});
