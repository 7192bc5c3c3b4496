import { describe, expect, it } from 'vitest';
import { MemoryEventBus } from '../../src/bus/index.js';
import { byPrompt, createWorld, errorOf, eventsOf, typesOf } from '../support/world.js';

describe('wait and outcome', () => {
  it('may be called many times, before and after the end', async () => {
    const { clock, spawn } = createWorld([{ text: 'done', delayMs: 10 }]);
    const handle = spawn();
    const early = [handle.wait(), handle.wait(), handle.outcome()];
    await clock.advance(10);
    const [first, second, outcome] = await Promise.all(early);
    expect([first, second]).toEqual(['done', 'done']);
    await expect(handle.wait()).resolves.toBe('done');
    await expect(handle.outcome()).resolves.toEqual(outcome);
  });

  it('outcome never rejects', async () => {
    const { settle, spawn } = createWorld([{ finish: 'refusal' }]);
    const [failed, cancelled] = [spawn(), spawn()];
    void cancelled.cancel();
    await settle();
    await expect(failed.outcome()).resolves.toMatchObject({ success: false, state: 'failed' });
    await expect(cancelled.outcome()).resolves.toMatchObject({ success: false, state: 'cancelled' });
  });
});

describe('waitAll', () => {
  it('gives the outcomes in the order of spawning, ended ones included, and none where there are none', async () => {
    const { clock, spawn, orchestrator } = createWorld(
      byPrompt({
        a: [{ text: 'a', delayMs: 300 }],
        b: [{ text: 'b', delayMs: 100 }],
        c: [{ finish: 'refusal', delayMs: 200 }],
      }),
    );
    await expect(orchestrator.waitAll()).resolves.toEqual([]);
    for (const prompt of ['a', 'b', 'c']) spawn({ prompt });
    await clock.advance(150);
    const all = orchestrator.waitAll();
    await clock.advance(200);
    const outcomes = await all;
    expect(outcomes.map(({ id, success, output }) => [id, success, output])).toEqual([
      ['subagent-1', true, 'a'],
      ['subagent-2', true, 'b'],
      ['subagent-3', false, ''],
    ]);
    await expect(orchestrator.waitAll()).resolves.toEqual(outcomes);
  });

  it('waits for those that are spawned meanwhile, also as the answer to an end', async () => {
    const { clock, spawn, orchestrator } = createWorld(() => ({ text: 'done', delayMs: 100 }));
    const first = spawn();
    const all = orchestrator.waitAll();
    await clock.advance(50);
    const second = spawn();
    void first.wait().then(() => spawn());
    void second.wait().then(async () => {
      await null;
      spawn();
    });
    await clock.advance(1_000);
    await expect(all).resolves.toHaveLength(4);
  });

  it('waits for one that is spawned as the answer to the end of the last', async () => {
    const { clock, spawn, orchestrator } = createWorld(() => ({ text: 'done', delayMs: 100 }));
    const all = spawn()
      .wait()
      .then(() => spawn().wait())
      .then(() => spawn().wait());
    const outcomes = orchestrator.waitAll();
    await clock.advance(1_000);
    await all;
    await expect(outcomes).resolves.toHaveLength(3);
  });

  it('gives up after timeoutMs, or when the signal aborts; the subagents go on', async () => {
    const { clock, spawn, orchestrator } = createWorld([{ text: 'done', delayMs: 1_000 }]);
    const handle = spawn();
    const late = errorOf(() => orchestrator.waitAll({ timeoutMs: 100 }));
    const stop = new AbortController();
    const stopped = errorOf(() => orchestrator.waitAll({ signal: stop.signal }));
    await clock.advance(100);
    stop.abort();
    await expect(late).resolves.toMatchObject({ code: 'timeout' });
    await expect(stopped).resolves.toMatchObject({ code: 'cancelled' });
    await expect(orchestrator.waitAll({ signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(handle.state()).toBe('running');
    await clock.advance(900);
    await expect(orchestrator.waitAll({ timeoutMs: 0 })).resolves.toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('does not mind that some are released, or forgotten by keepEnded, meanwhile', async () => {
    const { clock, spawn, orchestrator } = createWorld(
      (_request, index) => ({ text: `${index}`, delayMs: 100 * index }),
      {
        keepEnded: 1,
      },
    );
    for (let count = 0; count < 4; count++) spawn();
    const all = orchestrator.waitAll();
    await clock.advance(1_000);
    expect((await all).map(({ output }) => output)).toEqual(['0', '1', '2', '3']);
  });
});

describe('close', () => {
  it('cancels what has not ended, by shutdown, completes the streams, and may be called again', async () => {
    const { clock, spawn, orchestrator, events } = createWorld([{ hang: true }], {
      maxConcurrentSubagents: 2,
      onLimit: 'queue',
    });
    const [parent, paused, queued] = [spawn(), spawn(), spawn()];
    const child = parent.spawn({ agentType: 'worker', prompt: 'a', detached: true });
    void paused.pause();
    await clock.advance(10);
    let over = false;
    orchestrator.events$.subscribe({ complete: () => (over = true) });
    const closing = [orchestrator.close(), orchestrator.close({ mode: 'cancel' }), orchestrator[Symbol.asyncDispose]()];
    expect([parent, paused, queued, child].map((handle) => handle.state())).toEqual(Array(4).fill('cancelled'));
    await Promise.all(closing);
    await clock.advance(0);
    expect(over).toBe(true);
    expect(eventsOf(events, 'subagent_completed').map(({ by }) => by)).toEqual(Array(4).fill('shutdown'));
    expect(orchestrator.activeCount()).toBe(0);
    await orchestrator.close();
  });

  it('lets nothing be spawned afterwards, and still answers what can be answered', async () => {
    const { settle, spawn, orchestrator } = createWorld([{ text: 'done' }, { hang: true }]);
    const ended = spawn();
    await settle();
    const handle = spawn();
    await orchestrator.close();
    expect((await errorOf(() => spawn())).code).toBe('closed');
    expect((await errorOf(() => spawn({ parentId: ended.id }))).code).toBe('closed');
    expect((await errorOf(() => handle.spawn({ agentType: 'worker', prompt: 'a' }))).code).toBe('closed');
    expect(() => handle.steer('x')).toThrow(expect.objectContaining({ code: 'wrong_state' }));
    await expect(ended.wait()).resolves.toBe('done');
    await expect(handle.outcome()).resolves.toMatchObject({ by: 'shutdown' });
    await expect(handle.pause()).resolves.toMatchObject({ accepted: false });
    await expect(orchestrator.waitAll()).resolves.toHaveLength(2);
    expect(orchestrator.listSubagents()).toHaveLength(2);
    expect(orchestrator.release(ended.id)).toBe(true);
  });

  it('that its actor was told directly closes as well', async () => {
    const { settle, spawn, orchestrator } = createWorld([{ hang: true }]);
    const handle = spawn();
    orchestrator.actor.send({ type: 'CLOSE' });
    await settle();
    expect(handle.state()).toBe('cancelled');
    expect((await errorOf(() => spawn())).code).toBe('closed');
    await orchestrator.close();
  });

  it('from a subscriber, in the middle of things, ends all the same', async () => {
    const { clock, spawn, orchestrator, events } = createWorld([{ text: 'a', delayMs: 10 }, { hang: true }]);
    spawn();
    spawn();
    orchestrator.events$.subscribe(({ type }) => {
      if (type === 'text_delta') void orchestrator.close();
    });
    await clock.advance(100);
    expect(eventsOf(events, 'subagent_completed')).toHaveLength(2);
    expect(typesOf(events).at(-1)).toBe('subagent_completed');
  });

  it('flushes the bus, and leaves it open: it is the caller’s', async () => {
    const bus = new MemoryEventBus();
    const { settle, spawn, orchestrator, events } = createWorld([{ hang: true }], { bus });
    const seen: string[] = [];
    bus.messages$('agent.>', { from: 1 }).subscribe(({ subject }) => seen.push(subject));
    spawn();
    await settle();
    await orchestrator.close();
    await settle();
    expect(seen).toHaveLength(events.length);
    expect(seen.at(-1)).toBe('agent.subagent-1.subagent_completed');
    await bus.publish({ id: 'mine', subject: 'agent.mine', data: 1 });
  });
});
