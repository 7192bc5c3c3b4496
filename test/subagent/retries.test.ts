import { describe, expect, it } from 'vitest';
import { RateLimitedError, TroupeError } from '../../src/domain/errors.js';
import { lines } from '../support/lines.js';
import { calls, createWorld, eventsOf } from '../support/world.js';

const down = { error: new TroupeError('model_unavailable', 'HTTP 503') };
const limited = (retryAfterMs?: number) => ({ error: new RateLimitedError('HTTP 429', retryAfterMs) });

describe('a request that fails for a while', () => {
  it('is made again after a growing, jittered wait, each time told by a retry event', async () => {
    const { clock, model, spawn, events } = createWorld([down, down, down, { text: 'done' }]);
    const handle = spawn();
    const times: number[] = [];
    for (let at = 0; at < 10_000 && !handle.isDone(); at += 10) {
      await clock.advance(10);
      if (model.requests.length > times.length) times.push(at);
    }
    await expect(handle.wait()).resolves.toBe('done');
    const retries = eventsOf(events, 'retry');
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(retries[0]?.reason).toContain('HTTP 503');
    for (const [index, { delayMs }] of retries.entries()) {
      expect(delayMs).toBeGreaterThanOrEqual(250 * 2 ** index);
      expect(delayMs).toBeLessThanOrEqual(500 * 2 ** index);
      expect((times[index + 1] ?? 0) - (times[index] ?? 0)).toBeGreaterThanOrEqual(delayMs - 10);
    }
    expect(eventsOf(events, 'turn_start')).toHaveLength(1);
    expect(handle.info().usage).toMatchObject({ requests: 4, totalTokens: 15, unknownRequests: 3 });
  });

  it('more often than maxRetries fails the run', async () => {
    const { clock, model, spawn } = createWorld([down], { model: { repeatLast: true, maxRetries: 2 } });
    const handle = spawn();
    await clock.advance(60_000);
    await expect(handle.wait()).rejects.toMatchObject({ code: 'model_unavailable' });
    expect(model.requests).toHaveLength(3);
    await expect(handle.outcome()).resolves.toMatchObject({ usage: { requests: 3, unknownRequests: 3 } });
  });

  it('for a reason that does not pass is not made again', async () => {
    const { clock, model, spawn, events } = createWorld([{ error: new TroupeError('model_auth', 'HTTP 401') }]);
    const handle = spawn();
    await clock.advance(60_000);
    await expect(handle.wait()).rejects.toMatchObject({ code: 'model_auth' });
    expect(model.requests).toHaveLength(1);
    expect(eventsOf(events, 'retry')).toEqual([]);
  });

  it('with text streamed is taken back by turn_retry', async () => {
    const { clock, spawn, events } = createWorld([{ text: ['half an', ' ans'], finish: 'none' }, { text: 'whole' }]);
    const handle = spawn();
    await clock.advance(10_000);
    await expect(handle.wait()).resolves.toBe('whole');
    const said = lines(events).filter((line) => /^(turn|text|retry)/.test(line));
    expect(said).toEqual([
      'turn_start 1',
      'text_delta half an',
      'text_delta  ans',
      'turn_retry 1',
      'retry 1: scripted: the answer ended without a finish reason',
      'text_delta whole',
      'turn_end 1, 15 tokens',
    ]);
  });

  it('shows requesting_llm while it waits to be made again', async () => {
    const { clock, spawn } = createWorld([down, { text: 'done' }]);
    const handle = spawn();
    await clock.advance(1);
    expect(handle.activity()).toEqual({ activityType: 'requesting_llm', messageCount: 2 });
  });
});

describe('a pause while a request waits to be made again', () => {
  it('is at rest at once, and nothing starts until resume', async () => {
    const { clock, model, spawn } = createWorld([down, { text: 'done' }]);
    const handle = spawn();
    await clock.advance(1);
    await expect(handle.pause()).resolves.toEqual({ accepted: true, state: 'paused' });
    expect(handle.activity()).toMatchObject({ activityType: 'waiting_for_control' });
    await clock.advance(100_000);
    expect(model.requests).toHaveLength(1);
    await handle.resume();
    await clock.advance(0);
    expect(model.requests).toHaveLength(2);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('that is over before the wait is leaves the wait as it was', async () => {
    const { clock, model, spawn, events } = createWorld([limited(1_000), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(1);
    void handle.pause();
    await clock.advance(10);
    void handle.resume();
    await clock.advance(900);
    expect(model.requests).toHaveLength(1);
    await clock.advance(10_000);
    expect(model.requests).toHaveLength(2);
    expect(eventsOf(events, 'retry')).toHaveLength(1);
  });
});

describe('too many requests', () => {
  it('Retry-After is kept to', async () => {
    const { clock, model, spawn, events } = createWorld([limited(5_000), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(4_999);
    expect(model.requests).toHaveLength(1);
    await clock.advance(2_000);
    await expect(handle.wait()).resolves.toBe('done');
    expect(eventsOf(events, 'retry')[0]?.delayMs).toBeGreaterThanOrEqual(5_000);
  });

  it('a Retry-After above 60 s is rate_limited at once, with the time', async () => {
    const { settle, model, spawn } = createWorld([limited(61_000)]);
    const handle = spawn();
    await settle();
    const error = await handle.wait().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 61_000 });
    expect(model.requests).toHaveLength(1);
    await expect(handle.outcome()).resolves.toMatchObject({ error: { code: 'rate_limited' } });
  });

  it('are shared between ten subagents: they do not all come back at once', async () => {
    const sentAt: number[] = [];
    const world = createWorld((_request, index) => {
      sentAt.push(world.clock.now());
      return index < 10 ? limited(2_000) : { text: 'done' };
    });
    const handles = Array.from({ length: 10 }, () => world.spawn());
    await world.clock.advance(60_000);
    expect(handles.every((handle) => handle.state() === 'completed')).toBe(true);
    const again = sentAt.slice(10);
    expect(again).toHaveLength(10);
    expect(again.every((time) => time >= 2_000)).toBe(true);
    expect(new Set(again).size).toBe(10);
    expect(Math.max(...again) - Math.min(...again)).toBeGreaterThanOrEqual(500);
  });

  it('hold back one that has not asked yet', async () => {
    const sentAt: number[] = [];
    const world = createWorld((_request, index) => {
      sentAt.push(world.clock.now());
      return index === 0 ? limited(5_000) : { text: 'done' };
    });
    world.spawn();
    await world.clock.advance(100);
    const second = world.spawn();
    await world.clock.advance(1_000);
    expect(sentAt).toEqual([0]);
    expect(second.info()).toMatchObject({ turn: 0, usage: { requests: 0 } });
    await world.clock.advance(20_000);
    await expect(second.wait()).resolves.toBe('done');
    expect(eventsOf(world.events, 'retry', second.id)).toEqual([]); // nothing of it had failed
  });

  it('that one met do not hold up a crowd for long: it is let in ever faster', async () => {
    const sentAt: number[] = [];
    const world = createWorld(
      (_request, index) => {
        sentAt.push(world.clock.now());
        return index === 0 ? limited(1_000) : { text: 'done' };
      },
      { maxConcurrentSubagents: 300 },
    );
    world.spawn();
    await world.clock.advance(100);
    const crowd = Array.from({ length: 299 }, () => world.spawn());
    await world.clock.advance(15_000); // a fifth of a second for each would be a minute
    expect(crowd.every((handle) => handle.state() === 'completed')).toBe(true);
    expect(sentAt.slice(1).every((time) => time >= 1_000)).toBe(true);
    expect(new Set(sentAt).size).toBe(sentAt.length);
  });

  it('are not met again by those who were paused in their turn and are resumed together: they go one by one', async () => {
    const sentAt: number[] = [];
    const world = createWorld((_request, index) => {
      sentAt.push(world.clock.now());
      return index === 0 ? limited(1_000) : { text: 'done' };
    });
    world.spawn();
    await world.clock.advance(100);
    const crowd = Array.from({ length: 20 }, () => world.spawn());
    await world.clock.advance(100);
    for (const handle of crowd) await handle.pause();
    const awake = world.spawn();
    await world.clock.advance(20_000);
    await expect(awake.wait()).resolves.toBe('done');
    const resumedAt = world.clock.now();
    for (const handle of crowd) void handle.resume();
    await world.clock.advance(10_000);
    expect(crowd.every((handle) => handle.state() === 'completed')).toBe(true);
    const again = sentAt.filter((time) => time >= resumedAt);
    expect(again).toHaveLength(20);
    expect(new Set(again).size).toBe(20);
  });

  it('hold up less from the first piece of an answer on, however long the rest takes', async () => {
    const sentAt: number[] = [];
    const world = createWorld((_request, index) => {
      sentAt.push(world.clock.now());
      if (index === 0) return limited(1_000);
      return { text: ['long', ' answer'], betweenMs: 20_000 };
    });
    world.spawn();
    await world.clock.advance(100);
    for (let n = 0; n < 30; n++) world.spawn();
    await world.clock.advance(30_000);
    expect(sentAt).toHaveLength(32);
    expect(sentAt.at(-1)).toBeLessThan(5_000); // at the first rate it would be after 7,000
  });

  it('those that are cancelled while they wait do not keep their places', async () => {
    const sentAt: number[] = [];
    const world = createWorld((_request, index) => {
      sentAt.push(world.clock.now());
      return index === 0 ? limited(2_000) : { text: 'done' };
    });
    world.spawn();
    await world.clock.advance(10);
    const waiting = Array.from({ length: 30 }, () => world.spawn());
    await world.clock.advance(10);
    expect(sentAt).toEqual([0]);
    for (const handle of waiting) void handle.cancel();
    const last = world.spawn();
    await world.clock.advance(20_000);
    await expect(last.wait()).resolves.toBe('done');
    expect(sentAt.at(-1)).toBeLessThan(4_000); // 30 places at 200 ms would come before it
  });
});

describe('usage', () => {
  it('of a request that failed after the provider had told it is kept', async () => {
    const { settle, spawn } = createWorld([
      { text: 'I will not', finish: 'content_filter', usage: { inputTokens: 7, outputTokens: 3 } },
    ]);
    const handle = spawn();
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({
      state: 'failed',
      output: 'I will not',
      error: { code: 'model_refused' },
      usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10, requests: 1, unknownRequests: 0 },
    });
  });

  it('that a provider does not report is told as unknown', async () => {
    const { clock, spawn } = createWorld([{ text: 'done', usage: 'none' }]);
    const handle = spawn();
    await clock.advance(5_000);
    await expect(handle.outcome()).resolves.toMatchObject({
      usage: { requests: 1, totalTokens: 0, unknownRequests: 1 },
    });
  });

  it('adds up over turns and is told at each turn’s end', async () => {
    const { settle, spawn, events } = createWorld([
      { ...(calls(['peek', {}]) as object), usage: { inputTokens: 100, outputTokens: 10, cachedTokens: 50 } },
      { text: 'done', usage: { inputTokens: 200, outputTokens: 20, cachedTokens: 150 } },
    ]);
    const handle = spawn();
    await settle();
    expect(eventsOf(events, 'turn_end').map(({ totalTokens }) => totalTokens)).toEqual([110, 330]);
    await expect(handle.outcome()).resolves.toMatchObject({
      usage: { inputTokens: 300, outputTokens: 30, totalTokens: 330, cachedTokens: 200, requests: 2 },
    });
  });
});
