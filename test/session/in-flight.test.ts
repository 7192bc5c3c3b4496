import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { MemorySessionStore } from '../../src/store/index.js';
import { type ScriptedFunction, scripted } from '../../src/testing/index.js';
import { MortalStore } from '../support/mortal-store.js';
import { byPrompt, calls, errorOf } from '../support/world.js';
import { createSessionWorld, echo, sessionLife as life, type SessionWorld, step } from './session-world.js';

const silent: ScriptedFunction = () => ({ hang: true });

describe('a step that was in flight when its process was killed', () => {
  it('goes on when one of the slots of the session is free, as every step', async () => {
    const store = new MemorySessionStore();
    const specs = ['a', 'b', 'c'].map((name) => step(name));
    const first = life(store, silent);
    void first.session.parallelResumable(specs, 'w');
    void first.session.parallelResumable([step('d')], 'v');
    await first.settle();
    expect(first.model.requests).toHaveLength(4);

    const second = life(store, (request) => ({ ...echo(request, 0), delayMs: 100 }), { maxParallelTasks: 2 });
    const running = second.session.parallelResumable(specs, 'w');
    const other = second.session.parallelResumable([step('d')], 'v');
    await second.settle();
    expect(second.model.requests).toHaveLength(2);
    expect(second.session.orchestrator.activeCount()).toBe(2);
    await second.clock.advance(100);
    expect(second.model.requests).toHaveLength(4);
    await second.clock.advance(100);
    const outcomes = [...(await running), ...(await other)];
    expect(outcomes.map(({ subagentId, output }) => [subagentId, output])).toEqual([
      ['subagent-1', 'done a'],
      ['subagent-2', 'done b'],
      ['subagent-3', 'done c'],
      ['subagent-4', 'done d'],
    ]);
  });

  it('stays as it is where its call is stopped before its turn comes', async () => {
    const store = new MemorySessionStore();
    const first = life(store, [calls(['note', { label: 'n' }]), { hang: true }]);
    void first.session.parallelResumable([step('a')], 'w');
    await first.settle();
    const stopped = life(store, echo);
    const signal = AbortSignal.abort();
    await expect(stopped.session.parallelResumable([step('a')], 'w', { signal })).resolves.toMatchObject([
      { success: false, error: { code: 'cancelled' } },
    ]);
    const third = life(store, echo);
    await expect(third.session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([
      { success: true, subagentId: 'subagent-1', turns: 2 },
    ]);
    expect(third.effects).toEqual([]);
  });

  it('fails alone where it cannot be taken up, is not begun anew, and can be mended', async () => {
    const store = new MemorySessionStore();
    const specs = [step('a', { model: 'fast' }), step('b')];
    const fast = scripted([calls(['note', { label: 'n' }]), { hang: true }]);
    const first = life(store, silent, {}, { models: { fast } });
    void first.session.parallelResumable(specs, 'w');
    await first.settle();
    expect(first.effects).toEqual(['n']);

    const second = life(store, echo);
    const [a, b] = await second.session.parallelResumable(specs, 'w');
    expect(a).toMatchObject({ success: false, error: { code: 'config_invalid' } });
    expect(a?.error?.message).toContain('subagent-1');
    expect(a?.error?.message).toContain('fast');
    expect(b).toMatchObject({ success: true, output: 'done b' });

    const third = life(store, [], {}, { models: { fast: scripted([{ text: 'mended' }]) } });
    await expect(third.session.parallelResumable(specs, 'w')).resolves.toMatchObject([
      { output: 'mended', subagentId: 'subagent-1', turns: 2 },
      { replayed: true },
    ]);
    expect(third.effects).toEqual([]);
  });

  it('fails alone where a child of it cannot be taken up', async () => {
    const store = new MemorySessionStore();
    const kid = { agentType: 'worker', prompt: 'kid', model: 'fast' } as const;
    const specs = [step('a'), step('b')];
    const script = byPrompt({ a: [calls(['begin', {}]), { text: 'a is done' }], b: [{ hang: true }] });
    const lives = (turns: ScriptedFunction, models = {}): SessionWorld => {
      const world: SessionWorld = life(store, turns, {}, { models, tools: [spawner(() => world, kid, 'waits')] });
      return world;
    };
    const first = lives(script, { fast: scripted(silent) });
    void first.session.parallelResumable(specs, 'w');
    await first.settle();
    expect(first.spawned()).toEqual(['a', 'b', 'kid']);
    const second = lives(echo);
    const [a, b] = await second.session.parallelResumable(specs, 'w');
    expect(a).toMatchObject({ success: false, error: { code: 'config_invalid' } });
    expect(b).toMatchObject({ success: true });
    expect(second.spawned()).toEqual(['b']);
  });

  it('counts in the budget of its session, also where it is left out of the call', async () => {
    const costs = { inputTokens: 80, outputTokens: 0 };
    const options = { budget: { maxTokens: 80 } };
    const store = new MemorySessionStore();
    const first = life(store, [{ toolCalls: [{ name: 'slow', args: { ms: 100 } }], usage: costs }], options);
    void first.session.parallelResumable([step('a')], 'w');
    await first.settle();
    for (const isRestored of [false, true]) {
      const next = life(store, echo, options);
      if (isRestored) await next.session.orchestrator.restore();
      await expect(next.session.parallelResumable([step('b')], 'w')).resolves.toMatchObject([
        { error: { code: 'budget_exceeded' } },
      ]);
      await expect(next.session.run(step('c'))).resolves.toMatchObject({ error: { code: 'budget_exceeded' } });
    }
  });

  it('has a child that may spend what its own budget has left, also after a call that was stopped before its turn', async () => {
    const store = new MemorySessionStore();
    const options = { budget: { maxTokens: 100_000 } };
    const turn = { toolCalls: [{ name: 'slow', args: { ms: 100 } }], usage: { inputTokens: 80, outputTokens: 0 } };
    const script = byPrompt({ a: [{ hang: true }], kid: [turn, turn, turn] });
    const first = life(store, script, options);
    void first.session.parallelResumable([step('a')], 'w');
    await first.settle();
    const parent = first.session.orchestrator.getHandle('subagent-1');
    parent?.spawn({ agentType: 'worker', prompt: 'kid', budget: { maxTokens: 100 } });
    await first.settle();
    const { session, clock } = life(store, script, options);
    await session.parallelResumable([step('a')], 'w', { signal: AbortSignal.abort() });
    void session.parallelResumable([step('a')], 'w');
    for (let turns = 0; turns < 3; turns++) await clock.advance(100);
    expect(session.orchestrator.getSubagentInfo('subagent-2')).toMatchObject({
      error: { code: 'budget_exceeded' },
      usage: { requests: 2, totalTokens: 160 },
    });
  });

  it('is done when its answer is on record, though its end is not and ended ones are not kept', async () => {
    const store = new MortalStore();
    const first = createSessionWorld([calls(['note', { label: 'n' }]), { text: 'done' }], { sessionStore: store });
    store.begin({ clock: first.clock, appends: Number.POSITIVE_INFINITY });
    store.onRecord = (_, record) => {
      const { event } = record as { event?: { output?: { answered?: boolean } } };
      if (event?.output?.answered) store.die();
    };
    void first.session.parallelResumable([step('a')], 'w').catch(() => {});
    await first.settle();
    expect(store.isDead).toBe(true);
    store.begin();
    const second = createSessionWorld([], { sessionStore: store, orchestrator: { keepEnded: 0 } });
    await expect(second.session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([
      { success: true, output: 'done', subagentId: 'subagent-1' },
    ]);
    store.bury();
  });

  it('has spent what it has, though its workflow is forgotten', async () => {
    const costs: ScriptedFunction = () => ({ text: 'done', usage: { inputTokens: 80, outputTokens: 0 } });
    const options = { budget: { maxTokens: 100 } };
    const store = new MemorySessionStore();
    await life(store, costs, options).session.parallelResumable([step('a')], 'w');
    const { session } = life(store, costs, options);
    await session.orchestrator.restore();
    await session.forgetWorkflow('w');
    await expect(session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([{ success: true }]);
    await expect(session.parallelResumable([step('b')], 'w')).resolves.toMatchObject([
      { error: { code: 'budget_exceeded' } },
    ]);
  });

  it('has spent it once, however often its workflow is called', async () => {
    const store = new MemorySessionStore();
    const options = { budget: { maxTokens: 200 } };
    const costs: ScriptedFunction = () => ({ text: 'done', usage: { inputTokens: 80, outputTokens: 0 } });
    await life(store, costs, options).session.parallelResumable([step('a')], 'w');
    const { session } = life(store, costs, options);
    for (let times = 0; times < 3; times++) await session.parallelResumable([step('a')], 'w');
    await expect(session.run(step('b'))).resolves.toMatchObject({ success: true });
  });

  it('has what its failed attempts took too, whichever record of its success was the last', async () => {
    const spec = step('a', { retries: 1, timeoutMs: 100 });
    for (let appends = 1; ; appends++) {
      const store = new MortalStore();
      const first = createSessionWorld([{ hang: true }, { text: 'done' }], { sessionStore: store });
      store.begin({ clock: first.clock, appends });
      void first.session.parallelResumable([spec], 'w').catch(() => {});
      for (let round = 0; round < 15; round++) await first.clock.advance(10);
      if (!store.isDead) break;
      store.begin();
      const second = createSessionWorld(echo, { sessionStore: store });
      const again = second.session.parallelResumable([spec], 'w');
      for (let round = 0; round < 15; round++) await second.clock.advance(10);
      const [outcome] = await again;
      if (outcome?.replayed) {
        expect([appends, outcome]).toMatchObject([
          appends,
          { subagentId: 'subagent-2', durationMs: 100, usage: { requests: 2, unknownRequests: 1 } },
        ]);
      }
      store.bury();
    }
  });
});

describe('a step whose name holds a secret', () => {
  const secrets = (text: string) => text.replaceAll('hunter2', '[redacted]');
  const steps = [step('u:hunter2@x/1'), step('u:hunter2@x/2', { retries: 1, timeoutMs: 100 }), step('u:hunter2@x/3')];

  it('is told from others, goes on and is replayed as any, though its name is not stored', async () => {
    const store = new MemorySessionStore();
    const first = life(
      store,
      (request, index) => {
        const [{ content } = { content: '' }, answer] = request.messages;
        if (index === 1 || (content.endsWith('3') && answer)) return { hang: true };
        return content.endsWith('3') ? { toolCalls: [{ name: 'note', args: { label: 'n' } }] } : echo(request, index);
      },
      {},
      { secrets },
    );
    void first.session.parallelResumable(steps, 'w');
    await first.settle();
    await first.clock.advance(100);
    const second = life(store, () => ({ text: 'done at last' }), {}, { secrets });
    const outcomes = await second.session.parallelResumable(steps, 'w');
    expect(outcomes.map(({ taskId, subagentId, replayed }) => [taskId, subagentId, replayed])).toEqual([
      ['u:hunter2@x/1', 'subagent-1', true],
      ['u:hunter2@x/2', 'subagent-4', true],
      ['u:hunter2@x/3', 'subagent-3', false],
    ]);
    expect([...second.effects, second.model.requests.length]).toEqual([1]);
    const third = life(store, [], {}, { secrets });
    await expect(third.session.parallelResumable(steps, 'w')).resolves.toMatchObject(
      steps.map(({ taskId }) => ({ taskId, replayed: true })),
    );
    const changed = steps.map((spec) => ({ ...spec, prompt: 'other' }));
    const error = await errorOf(() => third.session.parallelResumable(changed, 'w'));
    expect(error).toMatchObject({ code: 'workflow_mismatch' });
    expect(`${error.message} ${JSON.stringify(third.events)}`).not.toContain('hunter2');
    const stored = JSON.stringify((await store.readJournal(['sessions', 'default', 'workflows', 'w']))?.records);
    expect(stored).not.toContain('hunter2');
  });
});

describe('a detached child of a step', () => {
  const kid = { agentType: 'worker', prompt: 'kid', detached: true } as const;
  const script = byPrompt({
    a: [calls(['begin', {}]), { text: 'a is done' }],
    b: [{ hang: true }],
    kid: [calls(['slow', { ms: 100 }]), { text: 'kid is done' }],
  });
  const lives = (store: MemorySessionStore, turns: ScriptedFunction): SessionWorld => {
    const world: SessionWorld = life(store, turns, {}, { tools: [spawner(() => world, kid, 'goes on')] });
    return world;
  };

  it('goes on when its workflow is done, which is busy until then', async () => {
    const world = lives(new MemorySessionStore(), script);
    await expect(world.session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([{ output: 'a is done' }]);
    const child = world.session.orchestrator.getHandle('subagent-2');
    expect(child?.state()).toBe('running');
    expect((await errorOf(() => world.session.parallelResumable([step('a')], 'w'))).code).toBe('workflow_busy');
    await world.clock.advance(100);
    await expect(child?.wait()).resolves.toBe('kid is done');
    await world.settle();
    await expect(world.session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([{ replayed: true }]);
  });

  it('goes on after a crash, whether its parent had ended or not', async () => {
    const store = new MemorySessionStore();
    const steps = [step('a'), step('b')];
    const first = lives(store, script);
    void first.session.parallelResumable(steps, 'w');
    await first.settle();
    const second = lives(store, (request, index) =>
      request.messages.length > 1 ? script(request, index) : echo(request, index),
    );
    await expect(second.session.parallelResumable(steps, 'w')).resolves.toMatchObject([
      { output: 'a is done', replayed: true },
      { output: 'done b', replayed: false },
    ]);
    const { orchestrator } = second.session;
    expect(orchestrator.listSubagents().map(({ id, state }) => [id, state])).toEqual([
      ['subagent-2', 'completed'],
      ['subagent-3', 'running'],
    ]);
    await second.clock.advance(100);
    await expect(orchestrator.getHandle('subagent-3')?.wait()).resolves.toBe('kid is done');
    await expect(orchestrator.waitAll()).resolves.toMatchObject([{ id: 'subagent-2' }, { id: 'subagent-3' }]);
  });
});

describe('ids that two processes gave at once', () => {
  it('keep a restore from mixing them up: it is refused while the other one lives', async () => {
    const store = new MemorySessionStore();
    const one = createSessionWorld(silent, { sessionStore: store });
    const two = createSessionWorld(silent, { sessionStore: store });
    await one.session.orchestrator.restore();
    void two.session.parallelResumable([step('a')], 'w');
    await two.settle();
    const { id } = one.session.orchestrator.spawnSubagent({ agentType: 'worker', prompt: 'own' });
    await one.settle();
    expect(id).toBe('subagent-1');

    const next = life(store, (request) => ({ ...echo(request, 0), delayMs: 50 }));
    const running = next.session.parallelResumable([step('a')], 'w');
    await next.settle();
    const error = await errorOf(() => next.session.orchestrator.restore());
    expect(error.code).toBe('workflow_busy');
    expect(error.message).toContain('subagent-1');
    await next.clock.advance(50);
    await expect(running).resolves.toMatchObject([{ output: 'done a', subagentId: 'subagent-1' }]);
    const [handle] = await next.session.orchestrator.restore();
    await next.clock.advance(50);
    await expect(handle?.wait()).resolves.toBe('done own');
  });
});

/** A tool that spawns a child of who calls it. */
function spawner(world: () => SessionWorld, config: { agentType: string; prompt: string }, then: 'waits' | 'goes on') {
  return defineTool({
    name: 'begin',
    description: 'Begins the child.',
    input: z.object({}),
    run: async (_, { subagentId }) => {
      const child = world().session.orchestrator.getHandle(subagentId)?.spawn(config);
      return then === 'waits' ? ((await child?.wait()) ?? '') : 'begun';
    },
  });
}
