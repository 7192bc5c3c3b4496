import { describe, expect, it } from 'vitest';
import { calls, createWorld, eventsOf, lastMessage } from '../support/world.js';

describe('timeoutMs', () => {
  it('ends a silent request as failed with code timeout, by timeout', async () => {
    const { clock, spawn, events } = createWorld([{ hang: true }]);
    const handle = spawn({ timeoutMs: 1_000 });
    await clock.advance(999);
    expect(handle.state()).toBe('running');
    await clock.advance(1);
    expect(handle.state()).toBe('failed');
    await expect(handle.outcome()).resolves.toMatchObject({
      state: 'failed',
      success: false,
      by: 'timeout',
      error: { code: 'timeout' },
      durationMs: 1_000,
    });
    await expect(handle.wait()).rejects.toMatchObject({ code: 'timeout' });
    expect(eventsOf(events, 'error')).toMatchObject([{ code: 'timeout' }]);
  });

  it('ends a tool that takes no notice, and tells it', async () => {
    const { clock, signals, spawn } = createWorld([calls(['deaf', { label: 'd' }])]);
    const handle = spawn({ timeoutMs: 1_000 });
    await clock.advance(1_000);
    expect(handle.state()).toBe('failed');
    expect(signals.get('d')?.aborted).toBe(true);
  });

  it('does not count time in pause', async () => {
    const { clock, spawn } = createWorld([calls(['slow', { ms: 300 }]), { hang: true }]);
    const handle = spawn({ timeoutMs: 1_000 });
    await clock.advance(600);
    void handle.pause();
    await clock.advance(1_000_000);
    expect(handle.state()).toBe('paused');
    await handle.resume();
    await clock.advance(399);
    expect(handle.state()).toBe('running');
    await clock.advance(1);
    expect(handle.state()).toBe('failed');
    await expect(handle.outcome()).resolves.toMatchObject({ durationMs: 1_001_000 });
  });

  it('does not count time in the queue', async () => {
    const { clock, spawn } = createWorld([{ text: 'a', delayMs: 5_000 }, { hang: true }], {
      maxConcurrentSubagents: 1,
      onLimit: 'queue',
    });
    spawn();
    const second = spawn({ timeoutMs: 1_000 });
    await clock.advance(5_999);
    expect(second.state()).toBe('running');
    await clock.advance(1);
    expect(second.state()).toBe('failed');
  });

  it('counts time that is spent waiting for an approval', async () => {
    const { clock, spawn } = createWorld([calls(['note', {}])], { approvals: 'wait' });
    const handle = spawn({ agentType: 'asker', timeoutMs: 1_000 });
    await clock.advance(1_000);
    await expect(handle.outcome()).resolves.toMatchObject({ error: { code: 'timeout' } });
  });

  it('counts time between attempts at a request', async () => {
    const { clock, spawn } = createWorld([{ finish: 'none' }], { model: { repeatLast: true, maxRetries: 100 } });
    const handle = spawn({ timeoutMs: 10_000 });
    await clock.advance(10_000);
    await expect(handle.outcome()).resolves.toMatchObject({ by: 'timeout', error: { code: 'timeout' } });
  });
});

describe('maxSteps', () => {
  it('reached with tools still wanted fails with max_steps, the last text kept', async () => {
    const { settle, effects, model, spawn } = createWorld(
      [{ text: 'still looking', toolCalls: [{ name: 'peek', args: { label: 'x' } }] }],
      { model: { repeatLast: true } },
    );
    const handle = spawn({ maxSteps: 3 });
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({
      state: 'failed',
      output: 'still looking',
      turns: 3,
      error: { code: 'max_steps' },
    });
    expect((await handle.outcome()).by).toBeUndefined();
    expect(model.requests).toHaveLength(3);
    expect(effects).toHaveLength(3);
  });

  it('reached with an answer completes', async () => {
    const { settle, spawn } = createWorld([calls(['peek', {}]), { text: 'done' }]);
    const handle = spawn({ maxSteps: 2 });
    await settle();
    expect(handle.state()).toBe('completed');
  });

  it('is the definition’s where the config names none', async () => {
    const { settle, model, spawn } = createWorld([calls(['peek', {}])], {
      definitions: [{ name: 'short', maxSteps: 2 }],
      model: { repeatLast: true },
    });
    const handle = spawn({ agentType: 'short' });
    await settle();
    expect(model.requests).toHaveLength(2);
    await expect(handle.wait()).rejects.toMatchObject({ code: 'max_steps' });
  });
});

describe('what a model gets wrong', () => {
  it('about a call is told to it: an unknown tool, arguments that do not fit', async () => {
    const { settle, model, spawn } = createWorld([
      calls(['nothing_like_it', {}], ['slow', { ms: 'soon' }], ['peek', { label: 'ok' }]),
      { text: 'done' },
    ]);
    const handle = spawn();
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
    const told = model.requests[1]?.messages.slice(-3).map(({ content }) => content) ?? [];
    expect(told[0]).toContain('there is no tool "nothing_like_it"; the tools are: slow,');
    expect(told[1]).toMatch(/Invalid arguments for slow: ms:/);
    expect(told[2]).toBe('peeked ok');
  });

  it('three times in a row by arguments that are no JSON object ends the run with bad_response', async () => {
    const { settle, model, spawn } = createWorld([calls(['peek', '{"label":'])], { model: { repeatLast: true } });
    const handle = spawn();
    await settle();
    await expect(handle.wait()).rejects.toMatchObject({ code: 'bad_response' });
    expect(model.requests).toHaveLength(3);
    expect(lastMessage(model.requests[1])).toContain('not valid JSON');
  });

  it('by arguments that are no JSON object, with good ones between, does not end it', async () => {
    const bad = calls(['peek', '[1]']);
    const good = calls(['peek', {}]);
    const { settle, spawn } = createWorld([bad, bad, good, bad, bad, { text: 'done' }]);
    const handle = spawn();
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('by more than 64 calls in a turn: the rest are answered as not run', async () => {
    const many = Array.from({ length: 70 }, (_, index) => ['peek', { label: `${index}` }] as const);
    const { settle, effects, model, spawn } = createWorld([calls(...many), { text: 'done' }]);
    const handle = spawn();
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
    expect(effects).toHaveLength(64);
    expect(model.requests[1]?.messages.slice(-6).map(({ content }) => content)).toEqual(
      Array(6).fill('not run: at most 64 calls in one turn are run'),
    );
  });

  it('by an answer cut at its length: no call of it is run, and the outcome says truncated', async () => {
    const { settle, effects, spawn, model } = createWorld([
      { text: 'so', toolCalls: [{ name: 'note', args: {} }], finish: 'length' },
      { text: 'not asked for' },
    ]);
    const handle = spawn();
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'completed', output: 'so', truncated: true });
    expect(model.requests).toHaveLength(1);
    expect(effects).toEqual([]);
  });

  it('by a tool that throws: the model is told, the run goes on', async () => {
    const { defineTool } = await import('../../src/activities/tools/index.js');
    const { z } = await import('zod');
    const broken = defineTool({
      name: 'broken',
      description: 'Throws.',
      input: z.object({}),
      run: () => {
        throw new Error('out of paper');
      },
    });
    const { settle, model, spawn, events } = createWorld([calls(['broken', {}]), { text: 'done' }], {
      tools: [broken],
    });
    const handle = spawn();
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
    expect(lastMessage(model.requests[1])).toBe('out of paper');
    expect(eventsOf(events, 'tool_end')).toMatchObject([{ isError: true, toolOutput: 'out of paper' }]);
  });
});
