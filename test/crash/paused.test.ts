import { describe, expect, it } from 'vitest';
import { MortalStore } from '../support/mortal-store.js';
import { byPrompt, tasks, type World } from '../support/world.js';
import { life, untilQuiet } from './support/one-life.js';

const script = byPrompt({
  top: [tasks('mid'), { text: 'top is done' }],
  mid: [{ text: 'mid is done', delayMs: 500 }],
});
const nested = byPrompt({
  top: [
    { toolCalls: [{ name: 'task', args: { tasks: [{ agent: 'lead', prompt: 'mid' }] } }] },
    { text: 'top is done' },
  ],
  mid: [tasks('low'), { text: 'mid is done' }],
  low: [{ text: 'low is done', delayMs: 500 }],
});

const states = ({ orchestrator }: World) => orchestrator.getAllStates().map(({ state }) => state);

/** Dies with the `nth` record after the first one that tells of a pause of `subagent-1`. */
function dieAfterPause(store: MortalStore, nth: number): void {
  let count = 0;
  store.onRecord = (id, record) => {
    const { event } = record as { event?: { type: string } };
    if (count > 0 || (id === 'subagent-1' && event?.type === 'PAUSE')) count += 1;
    if (count === nth) store.die();
  };
}

describe('a pause of a parent that a crash cut off on its way down', () => {
  it('holds its children too, and its resume lets them go, whichever record was the last', async () => {
    for (let nth = 1; ; nth++) {
      const store = new MortalStore();
      const first = life(store, nested, { writeMs: 1 });
      const top = first.spawn({ agentType: 'lead', prompt: 'top' });
      await first.clock.advance(100);
      expect(states(first)).toEqual(['running', 'running', 'running']);
      dieAfterPause(store, nth);
      void top.pause();
      await first.clock.advance(100);
      if (!store.isDead) {
        expect(nth).toBeGreaterThan(2);
        break;
      }
      const second = life(store, nested);
      const [handle] = await second.orchestrator.restore();
      await second.clock.advance(2_000);
      expect([nth, ...states(second)]).toEqual([nth, 'paused', 'paused', 'paused']);
      expect(second.model.requests).toEqual([]);
      await handle?.resume();
      await second.clock.advance(2_000);
      expect([nth, ...states(second)]).toEqual([nth, 'completed', 'completed', 'completed']);
    }
  });

  it('holds what was spawned under it, and spares who is detached', async () => {
    const store = new MortalStore();
    const first = life(store, () => ({ hang: true }), { writeMs: 1 });
    const parent = first.spawn({ prompt: 'parent' });
    await first.clock.advance(20);
    void parent.pause();
    await first.clock.advance(20);
    parent.spawn({ agentType: 'worker', prompt: 'away', detached: true });
    await first.clock.advance(20);
    store.onRecord = (id, record) => {
      if (id === 'subagent-3' && (record as { type: string }).type === 'spawned') store.die();
    };
    parent.spawn({ agentType: 'worker', prompt: 'near' });
    await first.clock.advance(20);
    expect(store.isDead).toBe(true);
    const second = life(store, () => ({ hang: true }));
    await second.orchestrator.restore();
    await second.settle();
    expect(states(second)).toEqual(['paused', 'running', 'paused']);
  });

  it('is told to have come to rest when a pause of a child that it had not held is on record too', async () => {
    const store = new MortalStore();
    const hangs = byPrompt({ top: [{ text: 'top is done', delayMs: 150 }], mid: [{ hang: true }] });
    const writeMs = (id: string) => (id === 'subagent-2' ? 10 : 0);
    const one = { maxConcurrentSubagents: 1, onLimit: 'queue' } as const;
    const first = life(store, hangs, { ...one, writeMs });
    const top = first.spawn({ prompt: 'top' });
    const mid = top.spawn({ agentType: 'worker', prompt: 'mid' });
    await first.clock.advance(50);
    let isAtRest = false;
    void top.pause().then(() => {
      isAtRest = true;
    });
    void mid.resume();
    await first.clock.advance(95);
    expect(states(first)).toEqual(['paused', 'pending']);
    void mid.pause();
    while (!isAtRest) await first.clock.advance(1);
    store.die();
    const second = life(store, hangs, one);
    await second.orchestrator.restore();
    expect(states(second)).toEqual(['paused', 'paused']);
  });

  it('does not hold a child that was resumed under it, but one that was resumed before it', async () => {
    for (const when of ['under it', 'before it'] as const) {
      const store = new MortalStore();
      const first = life(store, script, { writeMs: 1 });
      const top = first.spawn({ agentType: 'lead', prompt: 'top' });
      await first.clock.advance(100);
      const mid = first.orchestrator.getHandle('subagent-2');
      void top.pause();
      void mid?.resume();
      await first.clock.advance(20);
      if (when === 'before it') {
        void top.resume();
        await first.clock.advance(20);
        dieAfterPause(store, 1);
        void top.pause();
      }
      await first.clock.advance(20);
      const second = life(store, script);
      const [, child] = await second.orchestrator.restore();
      expect([when, ...states(second)]).toEqual([when, 'paused', when === 'under it' ? 'running' : 'paused']);
      if (when === 'under it') await second.clock.advance(1_000);
      expect(child?.isDone()).toBe(when === 'under it');
    }
  });
});

describe('one that waits for a slot to go on', () => {
  it('is paused and resumed at once, and gives its place in the line to others meanwhile', async () => {
    const store = new MortalStore();
    const first = life(store, [{ hang: true }, { hang: true }, { hang: true }]);
    for (const prompt of ['one', 'two', 'three']) first.spawn({ prompt });
    await untilQuiet(first);
    const answers = byPrompt({
      one: [{ text: 'one is done', delayMs: 50 }],
      two: [{ text: 'two is done' }],
      three: [{ text: 'three is done' }],
    });
    const second = life(store, answers, { maxConcurrentSubagents: 1 });
    const [, two, three] = await second.orchestrator.restore();
    await second.settle();
    expect(states(second)).toEqual(['running', 'running', 'running']);
    expect(two?.activity()).toEqual({ activityType: 'waiting_for_control', reason: 'queued for a slot' });
    expect(second.model.requests).toHaveLength(1);
    await expect(two?.pause()).resolves.toEqual({ accepted: true, state: 'paused' });
    await second.clock.advance(100);
    expect(states(second)).toEqual(['completed', 'paused', 'completed']);
    expect(three?.isDone()).toBe(true);
    await expect(two?.resume()).resolves.toEqual({ accepted: true, state: 'running' });
    await second.settle();
    expect(states(second)).toEqual(['completed', 'completed', 'completed']);
    expect(second.model.requests).toHaveLength(3);
  });

  it('goes behind its elders when it is resumed in a full house', async () => {
    const store = new MortalStore();
    const first = life(store, [{ hang: true }, { hang: true }]);
    for (const prompt of ['one', 'two']) first.spawn({ prompt });
    await untilQuiet(first);
    const answers = byPrompt({ one: [{ text: 'one is done', delayMs: 50 }], two: [{ text: 'two is done' }] });
    const second = life(store, answers, { maxConcurrentSubagents: 1 });
    const [, two] = await second.orchestrator.restore();
    await second.settle();
    await two?.pause();
    await two?.resume();
    expect(states(second)).toEqual(['running', 'running']);
    await second.settle();
    expect(second.model.requests).toHaveLength(1);
    await second.clock.advance(50);
    expect(states(second)).toEqual(['completed', 'completed']);
  });
});
