import { config, firstValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../src/events/index.js';
import { byPrompt, calls, createWorld, eventsOf, tasks, typesOf } from '../support/world.js';

async function all(events: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  const got: AgentEvent[] = [];
  for await (const event of events) got.push(event);
  return got;
}

describe('who subscribes in the same tick as the spawn', () => {
  it('sees all, on every path', async () => {
    const { settle, spawn, events } = createWorld([{ text: 'done' }]);
    const handle = spawn();
    const own: AgentEvent[] = [];
    let completed = false;
    handle.events$.subscribe({ next: (event) => own.push(event), complete: () => (completed = true) });
    const read = all(handle.events());
    await settle();
    expect(own[0]?.type).toBe('subagent_started');
    expect(own).toEqual(events);
    await expect(read).resolves.toEqual(events);
    expect(completed).toBe(true);
  });

  it('gets nothing before spawnSubagent has returned', async () => {
    const { settle, spawn, orchestrator } = createWorld([{ text: 'done' }]);
    let returned = false;
    const early: string[] = [];
    orchestrator.events$.subscribe(({ type }) => {
      if (!returned) early.push(type);
    });
    spawn();
    returned = true;
    await settle();
    expect(early).toEqual([]);
  });
});

describe('who comes late', () => {
  it('gets all that is kept by replay$, then live, then the end', async () => {
    const { clock, spawn, events, orchestrator } = createWorld([calls(['slow', { ms: 100 }]), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(50);
    const whole = firstValueFrom(handle.replay$.pipe(toArray()));
    const merged: AgentEvent[] = [];
    orchestrator.replay$().subscribe((event) => merged.push(event));
    await clock.advance(100);
    await expect(whole).resolves.toEqual(events);
    expect(merged).toEqual(events);
    // And after the end.
    await expect(firstValueFrom(handle.replay$.pipe(toArray()))).resolves.toEqual(events);
    await expect(all(handle.events())).resolves.toEqual(events);
    await expect(firstValueFrom(handle.events$.pipe(toArray()))).resolves.toEqual([]);
  });

  it('gets all from an offset on', async () => {
    const { settle, spawn, events, orchestrator } = createWorld([{ text: 'done' }]);
    spawn();
    await settle();
    const from: AgentEvent[] = [];
    orchestrator.replay$(4).subscribe((event) => from.push(event));
    expect(from).toEqual(events.slice(3));
  });
});

describe('events() of a handle', () => {
  it('is read by recv: an event, undefined when the time is up, null when it is over', async () => {
    const { clock, spawn } = createWorld([{ text: 'done', delayMs: 100 }]);
    const stream = spawn().events();
    const first = await stream.recv();
    expect(first).toMatchObject({ type: 'subagent_started' });
    for (let count = 0; count < 4; count++) await stream.recv();
    const nothing = stream.recv(50);
    await clock.advance(50);
    await expect(nothing).resolves.toBeUndefined();
    await clock.advance(50);
    const rest: string[] = [];
    for (let event = await stream.recv(); event; event = await stream.recv()) rest.push(event.type);
    expect(rest.at(-1)).toBe('subagent_completed');
    await expect(stream.recv()).resolves.toBeNull();
    await expect(stream.recv(0)).resolves.toBeNull();
  });

  it('left by break cancels nothing, and neither does unsubscribing', async () => {
    const { clock, spawn } = createWorld([{ text: 'done', delayMs: 100 }]);
    const handle = spawn();
    for await (const event of handle.events()) if (event.type === 'start') break;
    handle.events$.pipe(take(1)).subscribe();
    handle.events$.subscribe().unsubscribe();
    handle.replay$.subscribe().unsubscribe();
    await clock.advance(100);
    await expect(handle.wait()).resolves.toBe('done');
  });
});

describe('the merged stream', () => {
  it('can be narrowed to ids and types, and ends by a signal', async () => {
    const { clock, spawn, orchestrator } = createWorld(
      byPrompt({ lead: [tasks('a', 'b'), { hang: true }], a: [{ text: 'a' }], b: [{ text: 'b' }] }),
    );
    const stop = new AbortController();
    const ends = all(orchestrator.events({ types: ['subagent_completed'], signal: stop.signal }));
    const ofB = all(orchestrator.events({ ids: ['subagent-3'], from: 1, signal: stop.signal }));
    spawn({ agentType: 'lead', prompt: 'lead' });
    await clock.advance(10);
    // Both have read what there is by now.
    stop.abort();
    const [ended, seen] = await Promise.all([ends, ofB]);
    expect(ended.map((event) => event.subagentId)).toEqual(['subagent-2', 'subagent-3']);
    expect(new Set(seen.map((event) => event.subagentId))).toEqual(new Set(['subagent-3']));
    expect(orchestrator.activeCount()).toBe(1);
  });

  it('completes on close, after the last event, and so do all others', async () => {
    const { settle, spawn, orchestrator, events } = createWorld([{ hang: true }]);
    const handle = spawn();
    const done: string[] = [];
    orchestrator.events$.subscribe({ complete: () => done.push('events$') });
    orchestrator.replay$().subscribe({ complete: () => done.push('replay$') });
    handle.events$.subscribe({ complete: () => done.push('handle') });
    const merged = all(orchestrator.events({ from: 1 }));
    await settle();
    await orchestrator.close();
    await settle();
    expect(done.sort()).toEqual(['events$', 'handle', 'replay$']);
    await expect(merged).resolves.toEqual(events);
    expect(typesOf(events).at(-1)).toBe('subagent_completed');
  });
});

describe('when more happens than is kept', () => {
  const flood = { text: Array.from({ length: 500 }, (_, index) => `${index} `) };

  it('a flood of deltas pushes out deltas only, and the reader is told by a gap', async () => {
    const { settle, spawn, events } = createWorld([calls(['peek', { label: 'x' }]), flood], { eventBufferSize: 50 });
    const handle = spawn();
    await settle();
    const late = await all(handle.events());
    const kept = late.filter(({ type }) => type !== 'gap' && type !== 'text_delta');
    expect(kept).toEqual(events.filter(({ type }) => type !== 'text_delta'));
    expect(eventsOf(late, 'text_delta')).toHaveLength(50);
    expect(eventsOf(late, 'gap')).toMatchObject([{ missed: 450, subagentId: handle.id }]);
    const gap = eventsOf(late, 'gap')[0];
    const next = late[late.findIndex(({ type }) => type === 'gap') + 1];
    expect(next).toMatchObject({ type: 'text_delta', seq: (gap?.toSeq ?? 0) + 1 });
  });

  it('a slow iterable reader gets a gap, the others everything', async () => {
    const { settle, spawn, events } = createWorld([flood], { eventBufferSize: 50 });
    const handle = spawn();
    const slow = handle.events();
    await slow.recv();
    await settle();
    expect(eventsOf(events, 'text_delta')).toHaveLength(500);
    const rest = await all(slow);
    expect(rest.filter(({ type }) => type === 'gap')).toHaveLength(1);
    expect(rest.at(-1)?.type).toBe('subagent_completed');
  });
});

describe('a subscriber that throws', () => {
  it('touches neither the subagent nor other readers; RxJS reports it', async () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    try {
      const { clock, spawn, orchestrator, events } = createWorld([calls(['peek', {}]), { text: 'done' }]);
      orchestrator.events$.subscribe(() => {
        throw new Error('reader one');
      });
      const handle = spawn();
      handle.events$.subscribe(() => {
        throw new Error('reader two');
      });
      const other: AgentEvent[] = [];
      handle.events$.subscribe((event) => other.push(event));
      await clock.advance(10);
      await vi.waitFor(() => expect(reported).toHaveLength(2 * events.length)); // RxJS reports by a real timer
      await expect(handle.wait()).resolves.toBe('done');
      expect(other).toEqual(events);
      expect(reported.every((error) => error instanceof Error && error.message.startsWith('reader'))).toBe(true);
    } finally {
      config.onUnhandledError = null;
    }
  });

  it('is told apart from an inspector that throws: that one is told to onError', async () => {
    const errors: string[] = [];
    const { settle, spawn, events } = createWorld([calls(['note', {}]), { text: 'done' }], {
      inspect: () => {
        throw new Error('no screen');
      },
      onError: ({ code, message }) => errors.push(`${code}: ${message}`),
    });
    const handle = spawn();
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
    expect(eventsOf(events, 'subagent_completed')).toHaveLength(1);
    expect(new Set(errors)).toEqual(new Set(['bug: inspect threw: no screen']));
  });

  it('an inspector, given as function or observer, sees every actor of the tree', async () => {
    for (const form of ['function', 'observer'] as const) {
      const seen = new Set<string>();
      const look = (event: { actorRef: { id: string } }) => seen.add(event.actorRef.id);
      const { settle, spawn } = createWorld([{ text: 'done' }], {
        inspect: form === 'function' ? look : { next: look },
      });
      spawn();
      await settle();
      expect([...seen]).toEqual(expect.arrayContaining(['orchestrator', 'subagent-1', 'llm', 'deadline']));
    }
  });
});

it('nothing warns on the console in a run with children, approvals and control', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    const { clock, spawn, orchestrator } = createWorld(
      byPrompt({
        lead: [tasks('a', 'b', 'c'), { text: 'done' }],
        a: [{ text: 'a' }],
        b: [{ hang: true }],
        c: [{ hang: true }],
      }),
      { maxConcurrentSubagents: 2, onLimit: 'queue', confirm: () => 'allow' },
    );
    const parent = spawn({ agentType: 'lead', prompt: 'lead' });
    await clock.advance(1);
    void parent.pause();
    parent.spawn({ agentType: 'worker', prompt: 'a' });
    void parent.resume();
    await clock.advance(1);
    void parent.cancel();
    await clock.advance(1);
    await orchestrator.close();
    expect([...warn.mock.calls, ...error.mock.calls]).toEqual([]);
  } finally {
    warn.mockRestore();
    error.mockRestore();
  }
});
