import { describe, expect, it } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import { createRedactor } from '../../src/domain/redact.js';
import { createSessionWorld, step } from '../session/session-world.js';
import { WatchedStore } from '../support/watched-store.js';
import { calls, createWorld, eventsOf, lastMessage } from '../support/world.js';
import { ask, away } from './away.js';

const SECRET = 'hunter2-hunter2-hunter2';
/** What a reader is thrown. */
const disk = () => {
  throw new TroupeError('store_io', 'could not read: the disk of this test is broken');
};

describe('while a conversation is read back', () => {
  it('a cancel ends it at once', async () => {
    const { handle, store, clock, model } = await away();
    store.onRead = () => new Promise(() => {});
    handle.approve('call1#1');
    await clock.advance(100);
    expect(store.reads).toEqual(['subagent-1']);
    expect(handle.activity()).toEqual({ activityType: 'requesting_llm', messageCount: 4 });
    const aside = handle.btw('why?');
    void handle.cancel();
    expect(handle.state()).toBe('cancelled');
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'cancelled', by: 'user' });
    await expect(aside).rejects.toMatchObject({ code: 'wrong_state' });
    expect(model.requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('a pause holds the request, and the side question', async () => {
    const { handle, store, clock, model, settle } = await away({}, [ask, { text: 'done' }, { text: 'aside' }]);
    let goOn = () => {};
    store.onRead = () =>
      new Promise((resolve) => {
        goOn = resolve;
      });
    const aside = handle.btw('why?');
    handle.approve('call1#1');
    await settle();
    const paused = handle.pause();
    goOn();
    await expect(paused).resolves.toEqual({ accepted: true, state: 'paused' });
    await clock.advance(500);
    expect(model.requests).toHaveLength(1);
    await handle.resume();
    await clock.advance(500);
    await expect(Promise.all([aside, handle.wait()])).resolves.toHaveLength(2);
    expect(model.requests).toHaveLength(3);
  });

  it('its time limit goes on', async () => {
    const store = new WatchedStore();
    store.onRead = () => new Promise(() => {});
    const { spawn, clock } = createWorld([ask], { store, approvals: 'wait', passivateAfterMs: 1_000 });
    const handle = spawn({ agentType: 'asker', timeoutMs: 5_000 });
    await clock.advance(2_000);
    handle.approve('call1#1');
    await clock.advance(3_000);
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'failed', by: 'timeout' });
  });
});

describe('a store that cannot be read', () => {
  it.each(['hold', 'continue'] as const)(
    'is tried again after 1 s doubling to 30 s, with %s',
    async (onPersistError) => {
      const { handle, store, clock, events } = await away({ onPersistError });
      store.onRead = disk;
      handle.approve('call1#1');
      await clock.advance(1_000 + 2_000 + 4_000 + 8_000 + 16_000 + 30_000 + 30_000);
      expect(eventsOf(events, 'persist_failed').map(({ code, retryInMs }) => [code, retryInMs])).toEqual(
        [1, 2, 4, 8, 16, 30, 30, 30].map((s) => ['store_io', s * 1_000]),
      );
      await handle.pause();
      await clock.advance(60_000);
      expect(store.reads).toHaveLength(8);
      store.onRead = () => {};
      await handle.resume();
      await clock.advance(0);
      await expect(handle.wait()).resolves.toBe('done');
      expect(handle.info().usage.requests).toBe(2);
    },
  );

  it('answers a side question when it can be read again', async () => {
    const { handle, store, clock } = await away({}, [ask, { text: 'so' }]);
    store.onRead = disk;
    const answer = handle.btw('why?');
    await clock.advance(2_999);
    store.onRead = () => {};
    await clock.advance(1);
    await expect(answer).resolves.toBe('so');
  });

  it('ends it with store_io where that is what shall be', async () => {
    const { handle, store, clock } = await away({ onPersistError: 'fail' });
    store.onRead = disk;
    await expect(handle.btw('why?')).rejects.toMatchObject({ code: 'store_io' });
    handle.approve('call1#1');
    await clock.advance(0);
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'failed', error: { code: 'store_io' } });
  });

  it('that throws an error of its own is one that fails', async () => {
    const { handle, store, clock } = await away({ onPersistError: 'fail' });
    store.onRead = () => {
      throw new Error('no route to the store');
    };
    handle.approve('call1#1');
    await clock.advance(0);
    const { error } = await handle.outcome();
    expect(error).toEqual({ code: 'store_io', message: 'no route to the store' });
  });

  it.each([
    ['is gone', 'store_corrupt', () => undefined],
    ['holds what is none of ours', 'store_corrupt', (records: readonly unknown[]) => [...records, { type: 'said' }]],
    ['holds less than was written', 'store_corrupt', (records: readonly unknown[]) => records.slice(0, 2)],
    [
      'was written by a newer library',
      'store_version',
      ([first, ...rest]: readonly unknown[]) => [{ ...(first as object), version: 99 }, ...rest],
    ],
  ])('because the journal %s, ends the subagent with %s', async (_what, code, change) => {
    const { handle, store, clock, model } = await away();
    store.change = change as typeof store.change;
    handle.approve('call1#1');
    await clock.advance(0);
    const { state, error } = await handle.outcome();
    expect([state, error?.code]).toEqual(['failed', code]);
    expect(error?.message).toMatch(/subagent-1/);
    expect(model.requests).toHaveLength(1);
  });
});

describe('a conversation stays in memory', () => {
  it('while its records wait for the store, and leaves when they are written', async () => {
    const store = new WatchedStore();
    const turns = [ask, { text: 'aside' }, { text: 'done' }];
    const { spawn, clock } = createWorld(turns, { store, approvals: 'wait', passivateAfterMs: 1_000 });
    const handle = spawn({ agentType: 'asker' });
    await clock.advance(500);
    store.isFull = true;
    handle.steer('look left');
    await clock.advance(10_000);
    await expect(handle.btw('why?')).resolves.toBe('aside');
    expect(store.reads).toEqual([]);
    store.isFull = false;
    await clock.advance(10_000);
    handle.approve('call1#1');
    await clock.advance(0);
    expect(store.reads).toEqual(['subagent-1']);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('while the store has holes', async () => {
    const store = new WatchedStore();
    const { spawn, clock, model } = createWorld([ask, { text: 'done' }], {
      store,
      approvals: 'wait',
      passivateAfterMs: 1_000,
      onPersistError: 'continue',
    });
    const handle = spawn({ agentType: 'asker' });
    await clock.advance(500);
    store.isFull = true;
    handle.steer('look left');
    await clock.advance(60_000);
    handle.approve('call1#1');
    await clock.advance(0);
    await expect(handle.wait()).resolves.toBe('done');
    expect(lastMessage(model.requests[1])).toBe('look left');
    expect(store.reads).toEqual([]);
  });

  it.each([
    ['the prompt', { prompt: `use ${SECRET}` }, ask],
    ['an answer', {}, { ...(ask as object), text: `I use ${SECRET}` }],
    ['the arguments of a call', {}, calls(['note', { label: SECRET }])],
  ])('when %s holds a secret, which is not on disk', async (_where, config, answer) => {
    const store = new WatchedStore();
    const { spawn, clock, model } = createWorld([answer, { text: 'done' }], {
      store,
      approvals: 'wait',
      passivateAfterMs: 1_000,
      secrets: createRedactor([SECRET]),
    });
    const handle = spawn({ agentType: 'asker', ...config });
    await clock.advance(5_000);
    handle.approve('call1#1');
    await clock.advance(0);
    await expect(handle.wait()).resolves.toBe('done');
    expect(JSON.stringify(model.requests[1])).toContain(SECRET);
    expect(store.reads).toEqual([]);
  });

  it('when it belongs to a step of a workflow', async () => {
    const store = new WatchedStore();
    const { session, clock, model } = createSessionWorld(
      ({ messages }) => (messages.length === 1 ? (ask as object) : { text: 'done' }),
      { sessionStore: store, approvals: 'wait', orchestrator: { passivateAfterMs: 1_000 } },
    );
    const outcomes = session.parallelResumable([step('a', { agent: 'asker' })], 'w');
    session.orchestrator.spawnSubagent({ agentType: 'asker', prompt: 'b' });
    await clock.advance(5_000);
    const ids = session.orchestrator.listSubagents().map(({ id }) => id);
    expect(ids).toHaveLength(2);
    for (const id of ids) session.orchestrator.getHandle(id)?.approve('call1#1');
    await clock.advance(0);
    await expect(outcomes).resolves.toMatchObject([{ success: true }]);
    expect(model.requests).toHaveLength(4);
    const other = session.orchestrator
      .listSubagents()
      .find(({ id }) => session.orchestrator.getHandle(id)?.config.prompt === 'b');
    expect(store.reads).toEqual([other?.id]);
  });

  it('without a store, and no timer waits for it', async () => {
    const { spawn, clock, settle } = createWorld([ask, { text: 'done' }], { approvals: 'wait', passivateAfterMs: 0 });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    expect(clock.pending).toBe(0);
    handle.approve('call1#1');
    await expect(handle.wait()).resolves.toBe('done');
  });
});
