import { describe, expect, it, vi } from 'vitest';
import type { SubAgentInfo } from '../../src/domain/outcome.js';
import type { AgentEvent, GapEvent } from '../../src/events/index.js';
import { MemorySessionStore } from '../../src/store/index.js';
import { firstLife, nextLife } from '../support/lives.js';
import { byPrompt, calls, createWorld, errorOf, eventsOf, lastMessage, tasks, typesOf } from '../support/world.js';

/** What there is to see of each subagent. */
async function documents(store: MemorySessionStore) {
  const path = ['sessions', 'default', 'subagents'];
  const all = await Promise.all(store.list(path).map((id) => store.readDocument([...path, id])));
  return all as unknown as { info: SubAgentInfo; isSuspended?: boolean }[]; // as they were written
}

describe('restore', () => {
  it('goes on after the last recorded call, and repeats none', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [calls(['note', { label: 'a' }]), calls(['note', { label: 'b' }]), { hang: true }]);
    first.spawn({ prompt: 'work' });
    await first.settle();
    expect(first.effects).toEqual(['a', 'b']);

    const second = await nextLife(store, [{ text: 'all done' }]);
    expect(second.handles.map(({ id }) => id)).toEqual(['subagent-1']);
    await expect(second.handles[0]?.wait()).resolves.toBe('all done');
    expect(second.effects).toEqual([]);
    expect(second.model.requests).toHaveLength(1);
    expect(second.model.requests[0]?.messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'work'],
      ['assistant', ''],
      ['tool', 'noted a'],
      ['assistant', ''],
      ['tool', 'noted b'],
    ]);
    const outcome = await second.handles[0]?.outcome();
    expect(outcome).toMatchObject({ turns: 3, usage: { requests: 4, unknownRequests: 1 } });
  });

  it('keeps a paused one paused, a pending one pending, and lists what had ended', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(
      store,
      byPrompt({ quick: [{ text: 'done' }], long: [{ hang: true }], later: [{ hang: true }] }),
      {
        maxConcurrentSubagents: 1,
        onLimit: 'queue',
      },
    );
    first.spawn({ prompt: 'quick' });
    await first.settle();
    const long = first.spawn({ prompt: 'long' });
    first.spawn({ prompt: 'later' });
    await first.settle();
    void long.pause();
    await first.settle();

    const second = await nextLife(store, byPrompt({ long: [{ text: 'at last' }], later: [{ text: 'mine' }] }), {
      maxConcurrentSubagents: 1,
      onLimit: 'queue',
    });
    expect(second.orchestrator.getAllStates()).toEqual([
      { id: 'subagent-1', state: 'completed' },
      { id: 'subagent-2', state: 'paused' },
      { id: 'subagent-3', state: 'pending' },
    ]);
    expect(second.orchestrator.getHandle('subagent-1')?.info()).toMatchObject({ state: 'completed', turn: 1 });
    await expect(second.orchestrator.getHandle('subagent-1')?.wait()).resolves.toBe('done');
    expect(second.model.requests).toEqual([]);
    const [paused, pending] = second.handles;
    await paused?.resume();
    await expect(paused?.wait()).resolves.toBe('at last');
    await expect(pending?.wait()).resolves.toBe('mine');
    expect(second.spawn({ prompt: 'long' }).id).toBe('subagent-4');
  });

  it('brings open approvals back under the same ids', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [calls(['note', { label: 'x' }])], { approvals: 'wait' });
    first.spawn({ agentType: 'asker' });
    await first.settle();
    expect(eventsOf(first.events, 'permission_request').map(({ requestId }) => requestId)).toEqual(['call1#1']);

    const second = await nextLife(store, [{ text: 'thanks' }], { approvals: 'wait' });
    const [handle] = second.handles;
    expect(handle?.activity()).toMatchObject({ activityType: 'waiting_for_control', requests: ['call1#1'] });
    handle?.approve('call1#1');
    await expect(handle?.wait()).resolves.toBe('thanks');
    expect(second.effects).toEqual(['x']);
  });

  it('tells the model that the outcome of a call with effects is unknown, and runs one without again', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(
      store,
      byPrompt({ deaf: [calls(['deaf', { label: 'd' }])], slow: [calls(['slow', { ms: 500 }])] }),
    );
    first.spawn({ prompt: 'deaf' });
    first.spawn({ prompt: 'slow' });
    await first.settle();

    const second = await nextLife(store, (request) => ({ text: lastMessage(request) }));
    const [deaf, slow] = second.handles;
    await expect(deaf?.wait()).resolves.toMatch(/unknown/);
    await second.clock.advance(500);
    await expect(slow?.wait()).resolves.toBe('slow  done');
  });

  it('takes a steered message along, once and at its place', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [calls(['slow', { ms: 100 }]), { hang: true }]);
    const handle = first.spawn({ prompt: 'go' });
    await first.settle();
    handle.steer('look left');
    await first.clock.advance(100);
    handle.steer('look right');
    await first.settle();

    const second = await nextLife(store, [{ text: 'one' }, { text: 'two' }]);
    await expect(second.handles[0]?.wait()).resolves.toBe('two');
    expect(second.model.requests.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ['go', '', 'slow  done', 'look left'],
      ['go', '', 'slow  done', 'look left', 'one', 'look right'],
    ]);
  });

  it('resumes a parent and its children each at its own point, under the same ids', async () => {
    const store = new MemorySessionStore();
    const script = {
      lead: [tasks('left', 'right'), { text: 'joined' }],
      left: [calls(['note', { label: 'l' }]), { hang: true as const }],
      right: [{ text: 'right is done' }],
    };
    const first = firstLife(store, byPrompt(script), { maxConcurrentSubagents: 2, onLimit: 'queue' });
    first.spawn({ agentType: 'lead', prompt: 'lead' });
    await first.settle();
    expect(first.orchestrator.getAllStates().map(({ state }) => state)).toEqual(['running', 'running', 'completed']);

    const second = await nextLife(
      store,
      byPrompt({ lead: [tasks(), { text: 'joined' }], left: [{ text: '' }, { text: 'left is done' }] }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    expect(second.handles.map(({ id }) => id)).toEqual(['subagent-1', 'subagent-2']);
    await expect(second.handles[0]?.wait()).resolves.toBe('joined');
    expect(second.effects).toEqual([]);
    expect(second.orchestrator.listSubagents().map(({ id, parentId }) => [id, parentId])).toEqual([
      ['subagent-1', undefined],
      ['subagent-2', 'subagent-1'],
      ['subagent-3', 'subagent-1'],
    ]);
    expect(lastMessage(second.model.requests.at(-1))).toContain('left is done');
    expect(lastMessage(second.model.requests.at(-1))).toContain('right is done');
  });

  it('counts the time allowed on from where it was, not while it was down', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [calls(['slow', { ms: 600 }]), { hang: true }]);
    first.spawn({ timeoutMs: 1_000 });
    await first.clock.advance(600);

    const second = await nextLife(store, [{ hang: true }], { downMs: 50_000 });
    const [handle] = second.handles;
    await second.clock.advance(399);
    expect(handle?.state()).toBe('running');
    await second.clock.advance(1);
    expect(await handle?.outcome()).toMatchObject({ state: 'failed', by: 'timeout' });
  });

  it('gives its events an epoch of their own', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [calls(['note', { label: 'a' }]), { hang: true }]);
    first.spawn();
    await first.settle();
    const second = await nextLife(store, [{ hang: true }]);
    const third = await nextLife(store, [{ text: 'end' }]);
    await third.handles[0]?.wait();
    expect(new Set(first.events.map((event) => 'epoch' in event && event.epoch))).toEqual(new Set([0]));
    expect(new Set(second.events.map((event) => 'epoch' in event && event.epoch))).toEqual(new Set([1]));
    expect(third.events.map((event) => 'seq' in event && [event.epoch, event.seq])).toEqual(
      third.events.map((_, index) => [2, index + 1]),
    );
    expect(typesOf(third.events).at(0)).toBe('subagent_started');
    expect(typesOf(third.events).filter((type) => type === 'subagent_completed')).toHaveLength(1);
  });

  it('tells readers of what they cannot see: the events of former lives', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [calls(['note', { label: 'a' }]), { hang: true }]);
    first.spawn();
    await first.settle();
    const second = await nextLife(store, [{ hang: true }]);
    const third = await nextLife(store, [{ text: 'end' }]);
    const [handle] = third.handles;
    await handle?.wait();
    const lives = [first, second].map(({ events }) => events.length);

    const replayed: AgentEvent[] = [];
    handle?.replay$.subscribe((event) => replayed.push(event));
    const all: AgentEvent[] = [];
    third.orchestrator.replay$().subscribe((event) => all.push(event));
    const read = handle?.events();
    const iterated = [await read?.recv(), await read?.recv(), await read?.recv()];
    for (const events of [replayed, all, iterated]) {
      const gaps = events.slice(0, 2) as GapEvent[];
      expect(gaps.map(({ type, subagentId, epoch, fromSeq }) => [type, subagentId, epoch, fromSeq])).toEqual([
        ['gap', 'subagent-1', 0, 1],
        ['gap', 'subagent-1', 1, 1],
      ]);
      for (const [epoch, { missed, toSeq }] of gaps.entries()) {
        expect(toSeq).toBe(missed);
        // At least as many as records tell of, never more than there were.
        expect(missed).toBeLessThanOrEqual(lives[epoch] ?? 0);
        expect(missed).toBeGreaterThan(epoch === 0 ? 8 : 0);
      }
      expect(events[2]).toMatchObject({ type: 'subagent_started', epoch: 2, seq: 1, offset: 1 });
    }
    // Whoever goes on from an offset has been told already.
    const later: AgentEvent[] = [];
    third.orchestrator.replay$(2).subscribe((event) => later.push(event));
    expect(later[0]).toMatchObject({ offset: 2 });

    // One that had ended has nothing but a gap; this time all of its events are known of.
    const fourth = await nextLife(store, []);
    const told: AgentEvent[] = [];
    for await (const event of fourth.orchestrator.getHandle('subagent-1')?.events() ?? []) told.push(event);
    expect(told.map((event) => event.type === 'gap' && [event.epoch, event.missed])).toEqual([
      [0, (replayed[0] as GapEvent).missed],
      [1, (replayed[1] as GapEvent).missed],
      [2, third.events.length],
    ]);
  });

  it('refuses a second live holder, a second restore, and one without a store', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [{ hang: true }]);
    first.spawn();
    await first.settle();
    const other = firstLife(store, [{ hang: true }]);
    expect((await errorOf(() => other.orchestrator.restore())).code).toBe('workflow_busy');
    expect((await errorOf(() => other.spawn())).code).toBe('workflow_busy');
    expect((await errorOf(() => first.orchestrator.restore())).code).toBe('wrong_state');
    const bare = firstLife(store, []);
    await bare.orchestrator.close();
    expect((await errorOf(() => bare.orchestrator.restore())).code).toBe('closed');
  });
});

describe('close with a store', () => {
  it('rejects with closed when it is closed meanwhile, and leaves all for the next', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [{ hang: true }]);
    first.spawn();
    await first.settle();
    for (const mode of ['suspend', 'cancel'] as const) {
      store.abandonLeases();
      const second = createWorld([], { store });
      const restored = errorOf(() => second.orchestrator.restore());
      await second.orchestrator.close({ mode });
      expect((await restored).code).toBe('closed');
    }
    const third = createWorld([{ text: 'done' }], { store });
    const [handle] = await third.orchestrator.restore();
    await expect(handle?.wait()).resolves.toBe('done');
  });

  it('suspends: all comes to rest, nothing has ended, and a restore goes on', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [calls(['slow', { ms: 100 }]), { text: 'never' }]);
    const handle = first.spawn();
    await first.settle();
    const closing = first.orchestrator.close();
    await first.clock.advance(100);
    await closing;
    expect(first.model.requests).toHaveLength(1);
    expect(eventsOf(first.events, 'subagent_completed')).toEqual([]);
    await expect(handle.wait()).rejects.toMatchObject({ code: 'closed' });
    expect(first.orchestrator.activeCount()).toBe(0);
    expect(first.orchestrator.getActiveActivities()).toEqual([]);

    const second = await nextLife(store, [{ text: 'finished' }]);
    await expect(second.handles[0]?.wait()).resolves.toBe('finished');
    expect(second.model.requests).toHaveLength(1);
    expect(lastMessage(second.model.requests[0])).toBe('slow  done');
  });

  it('suspends a parent that waits for its children without a warning of XState', async () => {
    const warn = vi.spyOn(console, 'warn');
    const store = new MemorySessionStore();
    const first = firstLife(
      store,
      byPrompt({ lead: [tasks('child')], child: [calls(['slow', { ms: 5 }]), { text: 'never' }] }),
    );
    first.spawn({ agentType: 'lead', prompt: 'lead' });
    await first.settle();
    const closed = first.orchestrator.close();
    await first.clock.advance(5);
    await closed;
    await first.settle();
    expect(warn.mock.calls).toEqual([]);
    warn.mockRestore();
  });

  it('leaves a document of each that says how it comes back, and that it is suspended', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, byPrompt({ slow: [calls(['slow', { ms: 100 }])], held: [{ text: 'x' }] }), {
      maxConcurrentSubagents: 2,
      onLimit: 'queue',
    });
    for (const prompt of ['slow', 'held', 'later']) first.spawn({ prompt });
    void first.orchestrator.pauseSubagent('subagent-2');
    await first.settle();
    const closing = first.orchestrator.close();
    await first.clock.advance(100);
    await closing;
    const seen = await documents(store);
    expect(seen.map(({ info, isSuspended }) => [info.state, isSuspended, info.currentActivity])).toEqual([
      ['running', true, undefined],
      ['paused', true, undefined],
      ['pending', true, undefined],
    ]);
    expect(JSON.stringify(seen[0])).toContain('slow');

    const second = await nextLife(store, () => ({ hang: true }), { maxConcurrentSubagents: 2 });
    expect(second.orchestrator.getAllStates().map(({ state }) => state)).toEqual(seen.map(({ info }) => info.state));
    await new Promise((resolve) => setImmediate(resolve));
    await second.settle();
    expect((await documents(store)).map(({ isSuspended }) => isSuspended)).toEqual([undefined, undefined, undefined]);
  });

  it('cancels when asked to, and then there is nothing to restore', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [{ hang: true }]);
    const handle = first.spawn();
    await first.settle();
    await first.orchestrator.close({ mode: 'cancel' });
    expect(await handle.outcome()).toMatchObject({ state: 'cancelled', by: 'shutdown' });
    const second = await nextLife(store, []);
    expect(second.handles).toEqual([]);
    expect(second.orchestrator.getAllStates()).toEqual([{ id: 'subagent-1', state: 'cancelled' }]);
  });
});
