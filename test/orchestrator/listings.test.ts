import { describe, expect, it } from 'vitest';
import { byPrompt, calls, createWorld, eventsOf } from '../support/world.js';

describe('listings', () => {
  it('are in the order of spawning and agree with the handles', async () => {
    const { clock, spawn, orchestrator } = createWorld(
      byPrompt({ a: [{ text: 'a', delayMs: 10 }], b: [{ hang: true }], c: [{ hang: true }], d: [{ hang: true }] }),
      { maxConcurrentSubagents: 3, onLimit: 'queue' },
    );
    const handles = ['a', 'b', 'c', 'd'].map((prompt) => spawn({ prompt, description: `about ${prompt}` }));
    expect(handles.map(({ id }) => id)).toEqual(['subagent-1', 'subagent-2', 'subagent-3', 'subagent-4']);
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(['running', 'running', 'running', 'pending']);
    expect(orchestrator.activeCount()).toBe(4);
    await clock.advance(10);
    void handles[1]?.pause();
    expect(orchestrator.getAllStates()).toEqual(handles.map((handle) => ({ id: handle.id, state: handle.state() })));
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual([
      'completed',
      'paused',
      'running',
      'running',
    ]);
    expect(orchestrator.activeCount()).toBe(3);
    expect(orchestrator.getActiveActivities()).toEqual(
      handles.slice(1).map((handle) => ({ id: handle.id, activity: handle.activity() })),
    );
    expect(orchestrator.listSubagents()).toEqual(handles.map((handle) => handle.info()));
    expect(orchestrator.listSubagents().map(({ description }) => description)).toEqual(
      ['a', 'b', 'c', 'd'].map((prompt) => `about ${prompt}`),
    );
  });

  it('know nothing of an unknown id', () => {
    const { orchestrator } = createWorld([]);
    expect(orchestrator.getSubagentInfo('subagent-1')).toBeUndefined();
    expect(orchestrator.getHandle('subagent-1')).toBeUndefined();
    expect(orchestrator.getHandle('constructor')).toBeUndefined();
    expect(orchestrator.release('subagent-1')).toBe(false);
    expect(orchestrator.listSubagents()).toEqual([]);
    expect(orchestrator.activeCount()).toBe(0);
  });

  it('give the same handle again', () => {
    const { spawn, orchestrator } = createWorld([{ hang: true }]);
    const handle = spawn();
    expect(orchestrator.getHandle(handle.id)).toBe(handle);
  });

  it('show a queued one as waiting for a slot', () => {
    const { spawn } = createWorld([{ hang: true }], { maxConcurrentSubagents: 1, onLimit: 'queue' });
    spawn();
    expect(spawn().activity()).toEqual({ activityType: 'waiting_for_control', reason: 'queued for a slot' });
  });
});

describe('info', () => {
  it('tells usage, turn, times and, at the end, the error', async () => {
    const { clock, spawn } = createWorld([calls(['slow', { ms: 100 }]), { finish: 'content_filter', delayMs: 50 }]);
    await clock.advance(1_000);
    const handle = spawn({ description: 'look', metadata: { ticket: 7 } });
    expect(handle.info()).toEqual({
      id: 'subagent-1',
      agentType: 'worker',
      description: 'look',
      state: 'running',
      currentActivity: { activityType: 'requesting_llm', messageCount: 2 },
      detached: false,
      depth: 0,
      turn: 0,
      usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0, requests: 0, repairs: 0, unknownRequests: 0 },
      tasks: [],
      createdAt: 1_000,
      updatedAt: 1_000,
    });
    await clock.advance(100);
    expect(handle.info()).toMatchObject({
      turn: 2,
      updatedAt: 1_100,
      usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15, requests: 2, unknownRequests: 1 },
    });
    await clock.advance(50);
    const info = handle.info();
    expect(info).toMatchObject({ state: 'failed', turn: 2, updatedAt: 1_150, error: { code: 'model_refused' } });
    expect(info).not.toHaveProperty('currentActivity');
    expect(handle.config).toMatchObject({ metadata: { ticket: 7 }, detached: false, permissiveDeny: [] });
    expect(handle.createdAt).toBe(1_000);
  });

  it('tells the task list that todo has set, and an event each time', async () => {
    const first = [{ content: 'look', status: 'in_progress' }];
    const second = [
      { content: 'look', status: 'completed' },
      { content: 'report', status: 'pending' },
    ];
    const { settle, spawn, events } = createWorld([
      calls(['todo', { tasks: first }]),
      calls(['todo', { tasks: second }]),
      { text: 'done' },
    ]);
    const handle = spawn();
    await settle();
    expect(handle.info().tasks).toEqual(second);
    expect(eventsOf(events, 'tasks_updated').map((event) => event.tasks)).toEqual([first, second]);
  });

  it('given out does not change afterwards', async () => {
    const { settle, spawn } = createWorld([{ text: 'done' }]);
    const handle = spawn();
    const before = handle.info();
    const copy = structuredClone(before);
    await settle();
    expect(before).toEqual(copy);
    expect(handle.info()).not.toEqual(copy);
  });
});

describe('ended subagents', () => {
  it('stay listed until they are released, with outcome and events', async () => {
    const { settle, spawn, orchestrator } = createWorld([{ text: 'done' }, { hang: true }]);
    const [ended, live] = [spawn(), spawn()];
    await settle();
    expect(orchestrator.listSubagents()).toHaveLength(2);
    expect(orchestrator.release(live.id)).toBe(false);
    expect(orchestrator.release(ended.id)).toBe(true);
    expect(orchestrator.release(ended.id)).toBe(false);
    expect(orchestrator.getAllStates()).toEqual([{ id: live.id, state: 'running' }]);
    expect(orchestrator.getHandle(ended.id)).toBeUndefined();
    await expect(orchestrator.cancelSubagent(ended.id)).resolves.toMatchObject({ reason: 'unknown_subagent' });
    // Whoever holds the handle still has the outcome.
    expect(ended.state()).toBe('completed');
    await expect(ended.wait()).resolves.toBe('done');
    expect(ended.info()).toMatchObject({ state: 'completed' });
    const events = ended.events();
    await expect(events.recv(0)).resolves.toMatchObject({ type: 'gap', fromSeq: 1 });
    await expect(events.recv(0)).resolves.toBeNull();
  });

  it('are kept up to keepEnded, the oldest end goes first; ids are never given twice', async () => {
    const { clock, spawn, orchestrator } = createWorld(
      (_request, index) => ({ text: `${index}`, delayMs: 100 - index }),
      {
        keepEnded: 3,
      },
    );
    const handles = Array.from({ length: 6 }, () => spawn());
    await clock.advance(200);
    expect(orchestrator.getAllStates().map(({ id }) => id)).toEqual(['subagent-1', 'subagent-2', 'subagent-3']);
    expect(spawn().id).toBe('subagent-7');
    await expect(Promise.all(handles.map((handle) => handle.wait()))).resolves.toHaveLength(6);
  });

  it('with keepEnded 0 are forgotten at once, and still told to who watches', async () => {
    const { settle, spawn, orchestrator, events } = createWorld([{ text: 'done' }], { keepEnded: 0 });
    const handle = spawn();
    const own: string[] = [];
    let over = false;
    handle.events$.subscribe({ next: ({ type }) => own.push(type), complete: () => (over = true) });
    const all = orchestrator.waitAll();
    await settle();
    expect(orchestrator.listSubagents()).toEqual([]);
    expect(eventsOf(events, 'subagent_completed')).toHaveLength(1);
    expect(own.at(-1)).toBe('subagent_completed');
    expect(over).toBe(true);
    await expect(all).resolves.toMatchObject([{ output: 'done' }]);
    await expect(handle.outcome()).resolves.toMatchObject({ output: 'done' });
  });

  it('count no more as active', async () => {
    const { settle, spawn, orchestrator } = createWorld([{ text: 'done' }, { hang: true }]);
    spawn();
    spawn();
    await settle();
    expect(orchestrator.activeCount()).toBe(1);
    expect(orchestrator.getActiveActivities()).toHaveLength(1);
  });
});
