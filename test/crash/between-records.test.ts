import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { StepOutcome } from '../../src/domain/step.js';
import { createSessionWorld, step } from '../session/session-world.js';
import { MortalStore } from '../support/mortal-store.js';
import { byPrompt, calls, eventsOf, lastMessage, tasks } from '../support/world.js';
import { life, untilQuiet } from './support/one-life.js';

describe('a process that dies between two records', () => {
  const script = byPrompt({
    lead: [tasks('a', 'b'), calls(['note', { label: 'l1' }], ['note', { label: 'l2' }]), { text: 'lead is done' }],
    a: [calls(['note', { label: 'a1' }], ['peek', { label: 'p' }]), { text: 'a is done' }],
    b: [calls(['nothing', {}], ['note', { label: 'b1' }]), { text: 'b is done' }],
  });

  it('leaves nothing half done, whichever record was the last', async () => {
    for (let appends = 1; ; appends++) {
      const store = new MortalStore();
      const first = life(store, script, { appends });
      first.spawn({ agentType: 'lead', prompt: 'lead' });
      await untilQuiet(first);
      if (!store.isDead) break;
      const second = life(store, script);
      const [handle] = await second.orchestrator.restore();
      await untilQuiet(second);
      const done = handle ? await handle.wait() : await second.orchestrator.getHandle('subagent-1')?.wait();
      expect([appends, done]).toEqual([appends, 'lead is done']);
      const notes = [...first.effects, ...second.effects].filter((label) => label !== 'p');
      expect([appends, new Set(notes).size]).toEqual([appends, notes.length]);
      for (const { messages } of second.model.requests) {
        expect([appends, messages[0]?.role]).toEqual([appends, 'user']);
        expect([appends, messages.filter(({ content }) => content.includes('no result yet'))]).toEqual([appends, []]);
      }
      const asked = [...first.model.requests, ...second.model.requests].map(({ messages }) =>
        JSON.stringify([messages[0]?.content, messages.filter(({ role }) => role === 'assistant').length]),
      );
      const twice = asked.filter((each, index) => asked.indexOf(each) !== index);
      expect(twice.length).toBeLessThanOrEqual(3); // one in flight of each at most
      expect(new Set(twice).size).toBe(twice.length);
    }
  });

  it('leaves nothing half done of a workflow either, whose subagents share a journal', async () => {
    const script = byPrompt({
      lead: [tasks('a', 'b'), calls(['note', { label: 'l1' }], ['note', { label: 'l2' }]), { text: 'lead is done' }],
      a: [calls(['note', { label: 'a1' }], ['peek', { label: 'p' }]), { text: 'a is done' }],
      b: [calls(['note', { label: 'b1' }]), { text: 'b is done' }],
      single: [calls(['note', { label: 's1' }]), { text: 'single is done' }],
    });
    const steps = [step('lead', { agent: 'lead' }), step('single')];
    const run = async (store: MortalStore, appends = Number.POSITIVE_INFINITY) => {
      const world = createSessionWorld(script, { sessionStore: store });
      store.begin({ clock: world.clock, appends });
      const outcomes = world.session.parallelResumable(steps, 'w').catch((error) => error);
      for (let round = 0; round < 20; round++) await world.clock.advance(10);
      return { ...world, outcomes };
    };
    for (let appends = 1; ; appends++) {
      const store = new MortalStore();
      const first = await run(store, appends);
      if (!store.isDead) break;
      const second = await run(store);
      const outputs = ((await second.outcomes) as StepOutcome[]).map(({ output }) => output);
      expect([appends, outputs]).toEqual([appends, ['lead is done', 'single is done']]);
      const notes = [...first.effects, ...second.effects].filter((label) => label !== 'p');
      expect([appends, [...notes].sort()]).toEqual([appends, [...new Set(notes)].sort()]);
      const third = await run(store);
      expect([appends, await third.outcomes]).toMatchObject([appends, [{ replayed: true }, { replayed: true }]]);
      expect([appends, third.model.requests]).toEqual([appends, []]);
      store.bury();
    }
  });

  it('is no reason for a call to run again whose result is on disk', async () => {
    const store = new MortalStore();
    const turns = [calls(['note', { label: 'once' }]), { text: 'done' }];
    const first = life(store, turns);
    store.onRecord = (_, record) => {
      if ((record as { type: string }).type === 'settled') store.die();
    };
    first.spawn();
    await untilQuiet(first);
    const second = life(store, [{ text: 'done' }]);
    const [handle] = await second.orchestrator.restore();
    await untilQuiet(second);
    await expect(handle?.wait()).resolves.toBe('done');
    expect([...first.effects, ...second.effects]).toEqual(['once']);
    expect(lastMessage(second.model.requests[0])).toBe('noted once');
  });

  it('tells the model of a refusal that is decided but not written down', async () => {
    const store = new MortalStore();
    const first = life(store, [calls(['note', { label: 'x' }])], { approvals: 'wait' });
    const handle = first.spawn({ agentType: 'asker' });
    await untilQuiet(first);
    store.onRecord = (_, record) => {
      if ((record as { type: string }).type === 'settled') store.die();
    };
    handle.deny('call1#1', 'not now');
    await untilQuiet(first);
    const second = life(store, [{ text: 'done' }], { approvals: 'wait' });
    const [again] = await second.orchestrator.restore();
    await untilQuiet(second);
    await expect(again?.wait()).resolves.toBe('done');
    expect(lastMessage(second.model.requests[0])).toContain('not now');
  });

  it('keeps the order of a cancel or a pause and an answer that was just being written', async () => {
    for (const signal of ['cancel', 'pause'] as const) {
      const store = new MortalStore();
      const first = life(store, [{ text: 'final' }], { writeMs: 5 });
      const handle = first.spawn();
      while (first.model.requests.length === 0) await first.clock.advance(1);
      await first.clock.advance(1);
      void handle[signal]();
      store.onRecord = (_, record) => {
        const { event } = record as { event?: { type: string } };
        if (event?.type === signal.toUpperCase()) store.die();
      };
      await untilQuiet(first);
      expect([signal, store.isDead]).toEqual([signal, true]);
      const second = life(store, []);
      await second.orchestrator.restore();
      await untilQuiet(second);
      const state = signal === 'cancel' ? 'cancelled' : 'paused';
      expect(second.orchestrator.getAllStates()).toEqual([{ id: 'subagent-1', state }]);
    }
  });

  it('does not take a call for begun that a pause had kept from beginning', async () => {
    const store = new MortalStore();
    const first = life(store, [calls(['note', { label: 'later' }])], { writeMs: 5 });
    const handle = first.spawn();
    while (
      !first.events.some(
        ({ type }) => type === 'subagent_activity_changed' && handle.activity().activityType === 'calling_tool',
      )
    )
      await first.clock.advance(1);
    await first.clock.advance(1);
    const paused = handle.pause();
    await untilQuiet(first);
    await paused;
    expect(first.effects).toEqual([]);
    const second = life(store, [{ text: 'done' }]);
    const [again] = await second.orchestrator.restore();
    await again?.resume();
    await expect(again?.wait()).resolves.toBe('done');
    expect(second.effects).toEqual(['later']);
  });

  it('does not give a message twice that was steered in while its request was held back', async () => {
    const store = new MortalStore();
    const first = life(store, [{ hang: true }]);
    const held = first.spawn();
    void held.pause();
    held.steer('look left');
    await first.clock.advance(1);
    void held.resume();
    await untilQuiet(first);
    expect(first.model.requests).toHaveLength(1);
    const last = life(store, [{ text: 'done' }]);
    const [again] = await last.orchestrator.restore();
    await expect(again?.wait()).resolves.toBe('done');
    expect(last.model.requests.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ['do it', 'look left'],
    ]);
  });
});

describe('parents and children over a crash', () => {
  it('ends children whose parent ends with the restore itself', async () => {
    const store = new MortalStore();
    const script = byPrompt({
      top: [{ text: 'top is done', delayMs: 10 }],
      below: [{ hang: true }],
      deep: [{ hang: true }],
    });
    const first = life(store, script);
    const top = first.spawn({ prompt: 'top' });
    top.spawn({ agentType: 'worker', prompt: 'below' }).spawn({ agentType: 'worker', prompt: 'deep' });
    await first.clock.advance(1);
    const closing = first.orchestrator.close({ mode: 'suspend' });
    await untilQuiet(first);
    void closing; // `below` never comes to rest
    const second = life(store, script);
    await second.orchestrator.restore();
    await untilQuiet(second);
    expect(second.orchestrator.getAllStates().map(({ state }) => state)).toEqual([
      'completed',
      'cancelled',
      'cancelled',
    ]);
  });

  it('finds the ended children of a call that runs again, however few are listed, also in a workflow', async () => {
    const script = byPrompt({
      lead: [tasks('a', 'b', 'c'), { text: 'joined' }],
      a: [calls(['note', { label: 'a' }]), { text: 'a is done' }],
      b: [calls(['note', { label: 'b' }]), { text: 'b is done' }],
      c: [{ text: 'c is done', delayMs: 50 }],
    });
    const store = new MortalStore();
    const first = life(store, script, { keepEnded: 1 });
    first.spawn({ agentType: 'lead', prompt: 'lead' });
    await first.clock.advance(10);
    const second = life(store, script, { keepEnded: 1 });
    const [handle] = await second.orchestrator.restore();
    await untilQuiet(second);
    await expect(handle?.wait()).resolves.toBe('joined');
    expect([...first.effects, ...second.effects]).toEqual(['a', 'b']);

    const other = new MortalStore();
    const steps = [step('lead', { agent: 'lead' })];
    const one = createSessionWorld(script, { sessionStore: other });
    void one.session.parallelResumable(steps, 'w');
    await one.clock.advance(10);
    other.begin();
    const two = createSessionWorld(script, { sessionStore: other });
    const outcomes = two.session.parallelResumable(steps, 'w');
    await two.clock.advance(100);
    await expect(outcomes).resolves.toMatchObject([{ output: 'joined' }]);
    expect([...one.effects, ...two.effects]).toEqual(['a', 'b']);
  });

  it('cancels at once what waits for a slot to go on', async () => {
    const store = new MortalStore();
    const first = life(store, [{ hang: true }, { hang: true }]);
    first.spawn();
    first.spawn();
    await untilQuiet(first);
    const second = life(store, [{ hang: true }], { maxConcurrentSubagents: 1 });
    const [, waiting] = await second.orchestrator.restore();
    void waiting?.cancel();
    expect(waiting?.state()).toBe('cancelled');
    await untilQuiet(second);
    const third = life(store, [{ hang: true }], { maxConcurrentSubagents: 1 });
    const [again] = await third.orchestrator.restore();
    await third.orchestrator.close({ mode: 'cancel' });
    await expect(again?.outcome()).resolves.toMatchObject({ state: 'cancelled', by: 'shutdown' });
  });
});

describe('ids', () => {
  it('go on behind those of the session, also when a workflow comes first', async () => {
    const store = new MortalStore();
    const first = createSessionWorld([{ text: 'x' }], { sessionStore: store });
    await first.session.run(step('a'));
    store.begin();
    const second = createSessionWorld([{ text: 'y' }, { text: 'z' }], { sessionStore: store });
    await second.session.parallelResumable([step('b')], 'w');
    const outcome = await second.session.run(step('c'));
    expect(outcome.subagentId).toBe('subagent-3');
    expect(store.list(['sessions', 'default', 'subagents'])).toEqual(['subagent-1', 'subagent-3']);
  });

  it('go on behind those of a workflow that was killed, though nobody reads its journal for them', async () => {
    const store = new MortalStore();
    const first = createSessionWorld(() => ({ hang: true }), { sessionStore: store });
    void first.session.parallelResumable([step('a'), step('b'), step('c')], 'w');
    await first.settle();
    expect(first.model.requests).toHaveLength(3);
    store.begin();
    const journals: string[] = [];
    const open = store.openJournal.bind(store);
    store.openJournal = (path, lease) => {
      journals.push(path.join('/'));
      return open(path, lease);
    };
    const second = createSessionWorld([{ text: 'x' }], { sessionStore: store });
    const outcome = await second.session.run(step('d'));
    expect(outcome.subagentId).toBe('subagent-4');
    expect(journals).toEqual(['sessions/default/subagents/subagent-4']);
  });

  it('of a workflow that is taken up go on behind its own, whatever the crash had left reserved', async () => {
    const store = new MortalStore();
    const serial = { sessionStore: store, maxParallelTasks: 1 };
    const steps = ['a', 'b', 'c'].map((name) => step(name));
    const reserved = () => store.list(['sessions', 'default', 'workflows', 'w', 'ids']);
    const first = createSessionWorld([{ text: 'x' }, { hang: true }], serial);
    void first.session.parallelResumable(steps, 'w');
    await first.settle();
    expect(reserved()).toEqual(['subagent-1', 'subagent-6']); // the second, and twice as many ahead
    store.begin();
    const second = createSessionWorld(() => ({ text: 'y' }), serial);
    const outcomes = await second.session.parallelResumable(steps, 'w');
    expect(outcomes.map(({ subagentId }) => subagentId)).toEqual(['subagent-1', 'subagent-2', 'subagent-3']);
    expect(reserved()).toEqual(['subagent-3']);
    store.begin();
    const third = createSessionWorld([{ text: 'z' }], { sessionStore: store });
    await expect(third.session.run(step('d'))).resolves.toMatchObject({ subagentId: 'subagent-4' });
  });

  it('are reserved before anything is recorded of them', async () => {
    const store = new MortalStore();
    const world = createSessionWorld(() => ({ text: 'x' }), { sessionStore: store, maxParallelTasks: 2 });
    const uncovered: string[] = [];
    store.onRecord = (name, record) => {
      if ((record as { type: string }).type !== 'spawned') return;
      const numberOf = (id: string) => Number(id.slice('subagent-'.length));
      const covered = store.list(['sessions', 'default', 'workflows', 'w', 'ids']).map(numberOf);
      if (numberOf(name) > Math.max(0, ...covered)) uncovered.push(name);
    };
    const steps = Array.from({ length: 20 }, (_, number) => step(`s${number}`));
    await expect(world.session.parallelResumable(steps, 'w')).resolves.toHaveLength(20);
    expect(uncovered).toEqual([]);
  });

  it('of two workflows that two processes had in one session never stand for one another', async () => {
    const store = new MortalStore();
    const hang = (label: string) => [calls(['note', { label }]), { hang: true as const }];
    for (const name of ['v', 'w']) {
      const world = createSessionWorld(hang(name), { sessionStore: store });
      void world.session.parallelResumable([step(name)], name);
    }
    await new Promise((resolve) => setImmediate(resolve));
    const [one] = [createSessionWorld([{ text: 'x' }], { sessionStore: store })];
    await one.settle();
    store.begin();
    const next = createSessionWorld(
      byPrompt({ v: [{ hang: true }, { text: 'v is done', delayMs: 50 }], w: [{ hang: true }, { text: 'w is done' }] }),
      { sessionStore: store },
    );
    const first = next.session.parallelResumable([step('v')], 'v');
    await next.settle();
    const second = next.session.parallelResumable([step('w')], 'w').catch((error) => error.code);
    await next.clock.advance(100);
    await expect(first).resolves.toMatchObject([{ output: 'v is done' }]);
    const got = await second;
    if (got !== 'workflow_busy') expect(got).toMatchObject([{ output: 'w is done' }]);
    await expect(next.session.parallelResumable([step('w')], 'w')).resolves.toMatchObject([{ output: 'w is done' }]);
  });
});

describe('a step that had ended before it was recorded', () => {
  it('is replayed with its typed answer, and tells so', async () => {
    const store = new MortalStore();
    const spec = step('a', { outputSchema: z.object({ when: z.string().transform((text) => new Date(text)) }) });
    const first = createSessionWorld([{ text: '{"when":"2020-01-01"}' }], { sessionStore: store });
    onTestFinished(() => store.bury());
    store.begin({ clock: first.clock, appends: 1_000 });
    store.onRecord = (_, record) => {
      if ((record as { type: string }).type === 'ended') store.die();
    };
    void first.session.parallelResumable([spec], 'w');
    await first.clock.advance(10);
    expect(store.isDead).toBe(true);
    store.begin();
    const second = createSessionWorld([], { sessionStore: store });
    const outcomes = await second.session.parallelResumable([spec], 'w');
    expect(outcomes).toMatchObject([{ replayed: true, structured: { when: new Date('2020-01-01') } }]);
    await second.settle();
    expect(eventsOf(second.events, 'step_replayed')).toHaveLength(1);
  });
});
