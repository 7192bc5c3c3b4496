import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { byPrompt, calls, createWorld, errorOf, eventsOf, lastMessage, tasks, type World } from '../support/world.js';

/** The most subagents that held a slot at any moment: running or paused, and not waiting for children. */
function watchSlots({ orchestrator }: World, limit: number): { most: number } {
  const seen = { most: 0 };
  orchestrator.actor.subscribe(({ context }) => {
    seen.most = Math.max(seen.most, context.slotsInUse);
    if (context.slotsInUse > limit || context.slotsInUse < 0) throw new Error(`${context.slotsInUse} slots in use`);
  });
  return seen;
}

describe('at maxConcurrentSubagents', () => {
  it('reject throws concurrency_limit, names what to do, and spawns nothing', async () => {
    const { settle, spawn, orchestrator, events } = createWorld([{ hang: true }, { hang: true }, { text: 'c' }], {
      maxConcurrentSubagents: 2,
    });
    const first = spawn();
    spawn();
    const error = await errorOf(() => spawn());
    expect(error.code).toBe('concurrency_limit');
    expect(error.message).toContain('maxConcurrentSubagents 2 reached');
    expect(error.message).toContain("onLimit 'queue'");
    await settle();
    expect(orchestrator.listSubagents()).toHaveLength(2);
    expect(orchestrator.activeCount()).toBe(2);
    expect(eventsOf(events, 'subagent_started')).toHaveLength(2);
    void first.cancel();
    expect(spawn().id).toBe('subagent-3');
  });

  it('reject counts paused ones: they hold their slot', async () => {
    const { spawn } = createWorld([{ hang: true }], { maxConcurrentSubagents: 1 });
    void spawn().pause();
    expect((await errorOf(() => spawn())).code).toBe('concurrency_limit');
  });

  it('queue leaves them pending, first in first out', async () => {
    const world = createWorld((_request, index) => ({ text: `${index}`, delayMs: 100 }), {
      maxConcurrentSubagents: 2,
      onLimit: 'queue',
    });
    const { clock, spawn, orchestrator, events } = world;
    const slots = watchSlots(world, 2);
    for (let count = 0; count < 5; count++) spawn();
    const states = () => orchestrator.getAllStates().map(({ state }) => state[0]);
    expect(states()).toEqual(['r', 'r', 'p', 'p', 'p']);
    await clock.advance(100);
    expect(states()).toEqual(['c', 'c', 'r', 'r', 'p']);
    await clock.advance(100);
    expect(states()).toEqual(['c', 'c', 'c', 'c', 'r']);
    await clock.advance(100);
    expect(eventsOf(events, 'start').map(({ subagentId }) => subagentId)).toEqual(
      [1, 2, 3, 4, 5].map((number) => `subagent-${number}`),
    );
    expect(slots.most).toBe(2);
    expect(orchestrator.actor.getSnapshot().context).toMatchObject({ slotsInUse: 0, live: 0 });
  });

  it('a held one in the queue is passed over and keeps its place', async () => {
    const { clock, spawn, events } = createWorld((_request, index) => ({ text: `${index}`, delayMs: 100 }), {
      maxConcurrentSubagents: 1,
      onLimit: 'queue',
    });
    const [, second, third, fourth] = [spawn(), spawn(), spawn(), spawn()];
    void second?.pause();
    await clock.advance(100);
    expect(third?.state()).toBe('running');
    await second?.resume();
    expect(second?.state()).toBe('pending');
    await clock.advance(100);
    expect(second?.state()).toBe('running'); // ahead of the fourth
    expect(fourth?.state()).toBe('pending');
    await clock.advance(200);
    expect(eventsOf(events, 'start').map(({ subagentId }) => subagentId)).toEqual([
      'subagent-1',
      'subagent-3',
      'subagent-2',
      'subagent-4',
    ]);
  });
});

describe('a parent that waits for its children lends its slot', () => {
  const answers = (prompts: readonly string[]) =>
    Object.fromEntries(prompts.map((prompt) => [prompt, [{ text: `${prompt}!`, delayMs: 10 }]]));

  it('at limit 1 a parent and its three children all complete, with one slot', async () => {
    const world = createWorld(
      byPrompt({ lead: [tasks('a', 'b', 'c'), { text: 'all done' }], ...answers(['a', 'b', 'c']) }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    const slots = watchSlots(world, 1);
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.clock.advance(1_000);
    await expect(parent.wait()).resolves.toBe('all done');
    expect(JSON.parse(lastMessage(world.model.requests.at(-1)))).toMatchObject([
      { id: 'subagent-2', success: true, output: 'a!' },
      { id: 'subagent-3', success: true, output: 'b!' },
      { id: 'subagent-4', success: true, output: 'c!' },
    ]);
    expect(slots.most).toBe(1);
    expect(world.orchestrator.actor.getSnapshot().context).toMatchObject({ slotsInUse: 0, live: 0 });
  });

  it('at limit 1 a tool of the program that waits for a child by awaitChildren lets it run', async () => {
    const delegate = defineTool({
      name: 'delegate',
      description: 'Has a child do it.',
      input: z.object({}),
      readOnly: true,
      run: (_, { subagentId, awaitChildren }) => {
        const child = world.orchestrator.getHandle(subagentId)?.spawn({ agentType: 'worker', prompt: 'a' });
        return awaitChildren(async () => child?.wait());
      },
    });
    const world: World = createWorld(
      byPrompt({ lead: [calls(['delegate', {}]), { text: 'delegated' }], ...answers(['a']) }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    const slots = watchSlots(world, 1);
    const parent = world.spawn({ prompt: 'lead', tools: [delegate] });
    await world.clock.advance(1_000);
    await expect(parent.wait()).resolves.toBe('delegated');
    expect(lastMessage(world.model.requests.at(-1))).toBe('a!');
    expect(slots.most).toBe(1);
  });

  it('at limit 1 a parent with three children and nine grandchildren all complete, with one slot', async () => {
    const leads = ['x', 'y', 'z'];
    const names = leads.flatMap((name) => [1, 2, 3].map((number) => `${name}${number}`));
    const world = createWorld(
      byPrompt({
        lead: [calls(['task', { tasks: leads.map((prompt) => ({ agent: 'lead', prompt })) }]), { text: 'all done' }],
        ...Object.fromEntries(leads.map((name) => [name, [tasks(`${name}1`, `${name}2`, `${name}3`), { text: name }]])),
        ...answers(names),
      }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    const slots = watchSlots(world, 1);
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.clock.advance(10_000);
    await expect(parent.wait()).resolves.toBe('all done');
    expect(world.orchestrator.getAllStates().map(({ state }) => state)).toEqual(Array(13).fill('completed'));
    expect(slots.most).toBe(1);
  });

  it('at limit 1 several task calls in one turn all come back', async () => {
    const world = createWorld(
      byPrompt({
        lead: [
          calls(...['a', 'b', 'c'].map((prompt) => ['task', { tasks: [{ agent: 'worker', prompt }] }] as const)),
          { text: 'all done' },
        ],
        ...answers(['a', 'b', 'c']),
      }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    const slots = watchSlots(world, 1);
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.clock.advance(1_000);
    expect(world.orchestrator.getAllStates().map(({ state }) => state)).toEqual(Array(4).fill('completed'));
    await expect(parent.wait()).resolves.toBe('all done');
    expect(slots.most).toBe(1);
  });

  it('at limit 1 twenty task calls in one turn, more than run side by side, all come back', async () => {
    const prompts = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const world = createWorld(
      byPrompt({
        lead: [
          calls(...prompts.map((prompt) => ['task', { tasks: [{ agent: 'worker', prompt }] }] as const)),
          { text: 'all done' },
        ],
        ...answers(prompts),
      }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    watchSlots(world, 1);
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.clock.advance(1_000);
    await expect(parent.wait()).resolves.toBe('all done');
  });

  it('and takes it back ahead of the queue', async () => {
    const world = createWorld(
      byPrompt({
        lead: [tasks('a'), { text: 'lead done', delayMs: 10 }],
        a: [{ text: 'a', delayMs: 10 }],
        other: [{ text: 'other', delayMs: 10 }],
        last: [{ text: 'last', delayMs: 10 }],
      }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    world.spawn({ agentType: 'lead', prompt: 'lead' });
    world.spawn({ prompt: 'other' });
    world.spawn({ prompt: 'last' });
    await world.clock.advance(1_000);
    expect(eventsOf(world.events, 'subagent_completed').map(({ output }) => output)).toEqual([
      'other', // spawned before the child, and next when the slot was lent
      'last',
      'a',
      'lead done',
    ]);
  });

  it('a parent that is cancelled while its slot is lent, or while it waits to get it back, leaves no slot behind', async () => {
    for (const at of [5, 15]) {
      const world = createWorld(
        byPrompt({
          lead: [tasks('a'), { text: 'lead done' }],
          a: [{ text: 'a', delayMs: 10 }],
          other: [{ text: 'other', delayMs: 100 }],
        }),
        { maxConcurrentSubagents: 1, onLimit: 'queue' },
      );
      watchSlots(world, 1);
      const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
      await world.settle();
      const other = world.spawn({ prompt: 'other' });
      await world.clock.advance(at);
      void parent.cancel();
      await world.clock.advance(1_000);
      await expect(other.wait()).resolves.toBe('other');
      expect(world.orchestrator.actor.getSnapshot().context).toMatchObject({ slotsInUse: 0, live: 0 });
    }
  });

  it('a paused parent whose children have ended takes its next turn only after resume', async () => {
    const world = createWorld(
      byPrompt({ lead: [tasks('a'), { text: 'lead done' }], a: [{ text: 'a', delayMs: 10 }] }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.clock.advance(5);
    const paused = parent.pause();
    await world.orchestrator.resumeSubagent('subagent-2');
    await world.clock.advance(1_000);
    await expect(paused).resolves.toMatchObject({ state: 'paused' });
    expect(world.orchestrator.getSubagentInfo('subagent-2')?.state).toBe('completed');
    expect(world.model.requests).toHaveLength(2);
    await parent.resume();
    await world.settle();
    await expect(parent.wait()).resolves.toBe('lead done');
  });

  it('a call that begins to wait while the slot is on its way back lends it again', async () => {
    const world = createWorld(
      byPrompt({
        lead: [
          calls(
            ['task', { tasks: [{ agent: 'worker', prompt: 'a' }] }],
            ['task', { tasks: [{ agent: 'worker', prompt: 'b' }] }],
          ),
          { text: 'lead done' },
        ],
        ...answers(['a', 'b']),
        other: [{ text: 'other', delayMs: 100 }],
      }),
      {
        maxConcurrentSubagents: 1,
        onLimit: 'queue',
        approvals: 'wait',
        definitions: [
          {
            name: 'asking',
            canSpawnSubagents: true,
            permissions: { allow: [], deny: [], ask: ['note'], default: 'ask' },
          },
        ],
        runtime: { permissions: { allow: [], deny: [], ask: ['task'], default: 'ask' } },
      },
    );
    watchSlots(world, 1);
    const parent = world.spawn({ agentType: 'asking', prompt: 'lead' });
    await world.settle();
    parent.approve('call1#1');
    await world.settle();
    world.spawn({ prompt: 'other' });
    await world.clock.advance(20); // a has ended, and the other one has the slot
    expect(world.orchestrator.getAllStates().map(({ state }) => state)).toEqual(['running', 'completed', 'running']);
    parent.approve('call2#1');
    await world.clock.advance(1_000);
    await expect(parent.wait()).resolves.toBe('lead done');
  });

  it('a paused parent that waits to get its slot back is at rest', async () => {
    const world = createWorld(
      byPrompt({
        lead: [tasks('a'), { text: 'lead done' }],
        a: [{ text: 'a', delayMs: 10 }],
        other: [{ text: 'other', delayMs: 1_000 }],
      }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.settle();
    world.spawn({ prompt: 'other' });
    await world.clock.advance(5);
    let rest: unknown;
    void parent.pause().then((result) => {
      rest = result;
    });
    void world.orchestrator.resumeSubagent('subagent-2'); // by itself: the parent is not at rest
    await world.clock.advance(4);
    expect(rest).toBeUndefined();
    await world.clock.advance(1);
    expect(world.orchestrator.getSubagentInfo('subagent-3')?.state).toBe('running');
    expect(rest).toEqual({ accepted: true, state: 'paused' });
  });

  it('at a reject limit a task that cannot be spawned is told to the model beside the answers of the rest', async () => {
    const world = createWorld(byPrompt({ lead: [tasks('a', 'b', 'c'), { text: 'done' }], a: [{ text: 'a' }] }), {
      maxConcurrentSubagents: 2,
    });
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.settle();
    await expect(parent.wait()).resolves.toBe('done');
    const told = JSON.parse(lastMessage(world.model.requests.at(-1)));
    expect(told[0]).toMatchObject({ success: true, output: 'a' });
    expect(told[1].error).toContain('maxConcurrentSubagents 2 reached');
    expect(eventsOf(world.events, 'tool_end')).toMatchObject([{ toolName: 'task', isError: false }]);
  });

  it('at a reject limit of 1 the whole call is a tool error, and the run goes on', async () => {
    const world = createWorld(byPrompt({ lead: [tasks('a'), { text: 'alone then' }] }), { maxConcurrentSubagents: 1 });
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.settle();
    await expect(parent.wait()).resolves.toBe('alone then');
    expect(eventsOf(world.events, 'tool_end')).toMatchObject([{ toolName: 'task', isError: true }]);
  });
});
