import { describe, expect, it } from 'vitest';
import type { OnPersistError } from '../../src/domain/stored.js';
import type { ScriptedAnswer, ScriptedFunction } from '../../src/testing/index.js';
import { createSessionWorld, echo, step } from '../session/session-world.js';
import { firstLife } from '../support/lives.js';
import { MortalStore } from '../support/mortal-store.js';
import { calls, eventsOf, lastMessage, type World } from '../support/world.js';

const SECOND_MS = 1_000;

function worldOn(store: MortalStore, turns: readonly ScriptedAnswer[], onPersistError?: OnPersistError): World {
  store.begin();
  return firstLife(store as never, turns, onPersistError ? { onPersistError } : {});
}

const script = [calls(['slow', { ms: 100 }]), calls(['note', { label: 'n' }]), { text: 'done' }];

/** Works until the disk breaks, while a call runs. */
async function withBrokenDisk(onPersistError?: OnPersistError) {
  const store = new MortalStore();
  const world = worldOn(store, script, onPersistError);
  const handle = world.spawn();
  await world.clock.advance(50);
  store.isBroken = true;
  await world.clock.advance(100);
  return { store, world, handle };
}

describe('a store that cannot write', () => {
  it('holds the work by default, tells when it is tried again, and goes on when it works', async () => {
    const { store, world, handle } = await withBrokenDisk();
    expect(world.model.requests).toHaveLength(1);
    expect(handle.state()).toBe('running');
    await world.clock.advance(3 * SECOND_MS);
    const faults = eventsOf(world.events, 'persist_failed').map(({ code, retryInMs }) => [code, retryInMs]);
    expect(faults).toEqual([
      ['store_io', SECOND_MS],
      ['store_io', 2 * SECOND_MS],
      ['store_io', 4 * SECOND_MS],
    ]);
    expect(world.effects).toEqual([]);
    store.isBroken = false;
    await world.clock.advance(4 * SECOND_MS);
    await expect(handle.wait()).resolves.toBe('done');
    expect(world.effects).toEqual(['n']);
  });

  it('is no reason for a pause or a close to hang', async () => {
    const { world, handle, store } = await withBrokenDisk();
    await expect(handle.pause()).resolves.toMatchObject({ accepted: true, state: 'paused' });
    await world.orchestrator.close();
    store.isBroken = false;
    const next = worldOn(store, [{ text: 'done' }]);
    const [again] = await next.orchestrator.restore();
    await next.clock.advance(200);
    await again?.resume();
    await next.clock.advance(200);
    await expect(again?.wait()).resolves.toBe('done');
    expect(lastMessage(next.model.requests[0])).toBe('slow  done');
  });

  it('is no reason for a pause or a close to hang that came before anybody knew', async () => {
    for (const act of ['pause', 'close'] as const) {
      const store = new MortalStore();
      const world = worldOn(store, [calls(['slow', { ms: 100 }])]);
      const handle = world.spawn();
      await world.clock.advance(50);
      store.isBroken = true;
      const acted = act === 'pause' ? handle.pause() : world.orchestrator.close();
      await world.clock.advance(100);
      await acted;
      expect(handle.isRunning()).toBe(false);
    }
  });

  it('is no reason for a cancel to wait', async () => {
    const { handle } = await withBrokenDisk();
    void handle.cancel();
    expect(handle.state()).toBe('cancelled');
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'cancelled', by: 'user' });
  });

  it('ends the work with store_io where it is to fail, asks nothing more, and leaves what was saved to go on from', async () => {
    const { store, world, handle } = await withBrokenDisk('fail');
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'failed', error: { code: 'store_io' } });
    expect(world.model.requests).toHaveLength(1);
    expect(world.effects).toEqual([]);
    expect(eventsOf(world.events, 'persist_failed').map(({ retryInMs }) => retryInMs)).toEqual([undefined]);
    store.isBroken = false;
    const next = worldOn(store, [calls(['note', { label: 'n' }]), { text: 'done' }]);
    const [again] = await next.orchestrator.restore();
    await next.clock.advance(200);
    await expect(again?.wait()).resolves.toBe('done');
  });

  it('lets the work go on unsaved where it is to continue, and writes all of it when it can', async () => {
    const { store, world, handle } = await withBrokenDisk('continue');
    await expect(handle.wait()).resolves.toBe('done');
    expect(world.effects).toEqual(['n']);
    const other = world.spawn({ prompt: 'again' });
    await other.pause();
    store.isBroken = false;
    await world.orchestrator.close();
    const next = worldOn(store, []);
    await next.orchestrator.restore();
    expect(next.orchestrator.getHandle(other.id)?.state()).toBe('paused');
  });

  it('ends the run with lease_lost when another took the session over, and neither writes what it did nor asks on', async () => {
    const store = new MortalStore();
    const world = worldOn(store, script);
    const handle = world.spawn();
    await world.clock.advance(50);
    store.disk.abandonLeases();
    const other = firstLife(store as never, [calls(['note', { label: 'n' }]), { text: 'done' }]);
    const [again] = await other.orchestrator.restore();
    await world.clock.advance(200);
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'failed', error: { code: 'lease_lost' } });
    expect(world.model.requests).toHaveLength(1);
    await other.clock.advance(200);
    await expect(again?.wait()).resolves.toBe('done');
    expect([...world.effects, ...other.effects]).toEqual(['n']);
  });
});

describe('a workflow whose signal is aborted while the store cannot write', () => {
  it('resolves: the step that ran keeps its answer, and does not count as done', async () => {
    for (const abort of ['before the fault is known', 'while it is held'] as const) {
      const store = new MortalStore();
      store.begin();
      const first = createSessionWorld(echo, { sessionStore: store });
      const controller = new AbortController();
      // The answer is on disk, the end of its subagent, which makes the step done, is not.
      store.onRecord = (_, record) => {
        if ((record as { event?: { type: string } }).event?.type === 'xstate.done.actor.llm') store.isBroken = true;
      };
      first.session.events$.subscribe(({ type }) => {
        if (type === 'subagent_completed' && abort === 'before the fault is known') controller.abort();
      });
      const call = first.session.parallelResumable([step('a')], 'w', { signal: controller.signal });
      await first.clock.advance(3 * SECOND_MS);
      controller.abort();
      const [outcome] = await call;
      expect([abort, outcome]).toMatchObject([
        abort,
        { success: false, output: 'done a', error: { code: 'cancelled' }, turns: 1, usage: { requests: 1 } },
      ]);
      expect(outcome?.error?.message).toContain('not on record');

      // What it had answered is on record, so that the next call need not ask again.
      store.isBroken = false;
      const [again] = await first.session.parallelResumable([step('a')], 'w');
      expect(again).toMatchObject({ success: true, output: 'done a' });
      expect(first.model.requests).toHaveLength(1);
    }
  });

  it('resolves for all of its steps, held as they are by one journal, and the next call runs what was not done', async () => {
    const store = new MortalStore();
    store.begin();
    const script: ScriptedFunction = ({ messages: [first, second] }) => {
      if (first?.content === 'b' && !second) return { toolCalls: [{ name: 'slow', args: { ms: 100 } }] };
      return { text: `done ${first?.content}` };
    };
    const first = createSessionWorld(script, { sessionStore: store, maxParallelTasks: 2 });
    const controller = new AbortController();
    store.onRecord = (id, record) => {
      const { event } = record as { event?: { type: string } };
      if (id === 'subagent-1' && event?.type === 'xstate.done.actor.llm') store.isBroken = true;
    };
    const steps = ['a', 'b', 'c'].map((name) => step(name));
    const call = first.session.parallelResumable(steps, 'w', { signal: controller.signal });
    await first.clock.advance(3 * SECOND_MS);
    const { orchestrator } = first.session;
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(['completed', 'running', 'running']);
    controller.abort();
    const outcomes = await call;
    expect(outcomes.map(({ output, error }) => [output, error?.code])).toEqual([
      ['done a', 'cancelled'],
      ['', 'cancelled'],
      ['', 'cancelled'],
    ]);
    expect(first.clock.pending).toBe(0);

    store.isBroken = false;
    const again = first.session.parallelResumable(steps, 'w');
    await first.clock.advance(200);
    await expect(again).resolves.toMatchObject(steps.map(({ taskId }) => ({ output: `done ${taskId}` })));
    expect(first.model.requests.filter(({ messages: [word] }) => word?.content === 'a')).toHaveLength(1);
  });
});
