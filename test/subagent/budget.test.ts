import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RateLimitedError, TroupeError } from '../../src/domain/errors.js';
import { Orchestrator } from '../../src/orchestrator/index.js';
import { Session } from '../../src/session/index.js';
import { type ScriptedAnswer, scripted } from '../../src/testing/index.js';
import { calls, createWorld, errorOf, eventsOf, tasks } from '../support/world.js';

const usage = (inputTokens: number, outputTokens: number) => ({ usage: { inputTokens, outputTokens } });
const down = { error: new TroupeError('model_unavailable', 'HTTP 503') };
const peek = (count: number): ScriptedAnswer => ({ toolCalls: [{ name: 'peek', args: {} }], ...usage(count - 10, 10) });

describe('a subagent with a budget', () => {
  it('goes on until it is spent, and then starts no new request', async () => {
    const { spawn, settle, model, effects, events } = createWorld([peek(60), peek(50), { text: 'done' }]);
    const handle = spawn({ budget: { maxTokens: 100 } });
    await settle();
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ state: 'failed', by: 'budget', error: { code: 'budget_exceeded' }, turns: 2 });
    expect(outcome.error?.message).toContain('the budget of subagent-1 is spent: 110 tokens of maxTokens 100');
    expect(outcome.usage).toMatchObject({ requests: 2, totalTokens: 110, unknownRequests: 0 });
    expect(model.requests).toHaveLength(2);
    expect(effects).toHaveLength(2);
    expect(eventsOf(events, 'turn_start')).toHaveLength(2);
  });

  it('keeps an answer that overshoots', async () => {
    const { spawn, settle } = createWorld([{ text: 'done', ...usage(900, 100) }]);
    const handle = spawn({ budget: { maxTokens: 1 } });
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ success: true, output: 'done' });
  });

  it('counts costs by the prices of its model', async () => {
    const price = { inputCost: 1_000, outputCost: 10_000 };
    const priced = scripted([calls(['peek', {}]), calls(['peek', {}]), { text: 'done' }], { price });
    const { spawn, settle } = createWorld([], { models: { priced } });
    const handle = spawn({ model: 'priced', budget: { maxCostUsd: 0.1 } }); // each answer: 10 in, 5 out, 0.06 USD
    await settle();
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ by: 'budget', usage: { requests: 2, costUsd: 0.12 } });
    expect(outcome.error?.message).toContain('0.12 USD of maxCostUsd 0.1');
  });

  it('is not charged for requests that the provider turned away, and for the input of others that failed', async () => {
    const limited = { error: new RateLimitedError('HTTP 429') };
    const free = createWorld([limited, limited, limited, peek(20), { text: 'done' }]);
    const lucky = free.spawn({ prompt: 'x'.repeat(4_000), budget: { maxTokens: 1_500 } });
    await free.clock.advance(120_000);
    await expect(lucky.outcome()).resolves.toMatchObject({ success: true, usage: { requests: 5 } });

    const dear = createWorld([down, down, down, { text: 'done' }]);
    const unlucky = dear.spawn({ prompt: 'x'.repeat(4_000), budget: { maxTokens: 1_500 } });
    await dear.clock.advance(120_000);
    await expect(unlucky.outcome()).resolves.toMatchObject({
      by: 'budget',
      usage: { requests: 2, totalTokens: 0, unknownRequests: 2 },
    });
  });

  it('is charged by the length of an answer whose usage is not told', async () => {
    const untold: ScriptedAnswer = { text: 'y'.repeat(4_000), toolCalls: [{ name: 'peek', args: {} }], usage: 'none' };
    const { spawn, clock, model } = createWorld([untold, { text: 'done' }]);
    const handle = spawn({ budget: { maxTokens: 1_000 } });
    await clock.advance(10_000);
    await expect(handle.outcome()).resolves.toMatchObject({ by: 'budget', usage: { totalTokens: 0 } });
    expect(model.requests).toHaveLength(1);
  });

  it('spends it on repairs', async () => {
    const wrong = { text: '{}', ...usage(50, 10) };
    const formed = { ...scripted([wrong, wrong, wrong]), structuredOutput: 'native' as const };
    const { spawn, settle } = createWorld([], { models: { formed } });
    const outputSchema = z.object({ verdict: z.string() });
    const handle = spawn({ model: 'formed', outputSchema, repairs: 5, budget: { maxTokens: 100 } });
    await settle();
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ by: 'budget', usage: { requests: 2, repairs: 1, totalTokens: 120 } });
    expect(outcome).not.toHaveProperty('structured');
  });

  it('spends it on side questions, which are refused when nothing is left', async () => {
    const { spawn, clock, model } = createWorld((request) =>
      request.tools.length === 0 ? { text: 'aside', ...usage(90, 20) } : (calls(['slow', { ms: 100 }]) as never),
    );
    const handle = spawn({ budget: { maxTokens: 100 } });
    await clock.advance(10);
    await expect(handle.btw('well?')).resolves.toBe('aside');
    await expect(errorOf(() => handle.btw('and now?'))).resolves.toMatchObject({ code: 'budget_exceeded' });
    expect(handle.isRunning()).toBe(true);
    await clock.advance(100);
    await expect(handle.outcome()).resolves.toMatchObject({ by: 'budget', usage: { requests: 2, totalTokens: 125 } });
    expect(model.requests).toHaveLength(2);
  });
});

describe('a budget that is shared', () => {
  it('lets only as many requests leave at once as may fit; the others wait and then go on', async () => {
    const { spawn, clock, model, events } = createWorld(() => ({ text: 'done', delayMs: 100, ...usage(100, 100) }), {
      budget: { maxTokens: 3_000 },
    });
    const handles = Array.from({ length: 5 }, () => spawn());
    await clock.advance(50);
    expect(model.requests).toHaveLength(2); // each is expected to take some 1,250
    expect(handles.map((handle) => handle.activity().activityType)).toEqual(Array(5).fill('requesting_llm'));
    await clock.advance(5_000);
    const outcomes = await Promise.all(handles.map((handle) => handle.outcome()));
    expect(outcomes.map(({ success }) => success)).toEqual(Array(5).fill(true));
    expect(eventsOf(events, 'retry')).toEqual([]);
    expect(outcomes.reduce((sum, { usage: { totalTokens } }) => sum + totalTokens, 0)).toBe(1_000);
  });

  it('that is spent by one fails the others before their next request', async () => {
    const { spawn, clock, model } = createWorld(() => ({ text: 'done', delayMs: 100, ...usage(900, 400) }), {
      budget: { maxTokens: 2_500 },
    });
    const handles = Array.from({ length: 5 }, () => spawn());
    await clock.advance(5_000);
    const outcomes = await Promise.all(handles.map((handle) => handle.outcome()));
    expect(outcomes.map(({ success, by }) => by ?? success)).toEqual([true, true, 'budget', 'budget', 'budget']);
    expect(outcomes[2]?.error?.message).toContain('the budget of the orchestrator is spent: 2600 tokens');
    expect(outcomes[2]?.usage.requests).toBe(0);
    expect(model.requests).toHaveLength(2);
  });

  it('holds one that waits for it while it is paused, and comes to rest at once', async () => {
    const { spawn, clock, model } = createWorld(() => ({ text: 'done', delayMs: 1_000, ...usage(100, 100) }), {
      budget: { maxTokens: 1_500 },
    });
    spawn();
    const handle = spawn();
    await clock.advance(100);
    await expect(handle.pause()).resolves.toEqual({ accepted: true, state: 'paused' });
    await clock.advance(10_000);
    expect(model.requests).toHaveLength(1);
    void handle.resume();
    await clock.advance(2_000);
    await expect(handle.outcome()).resolves.toMatchObject({ success: true });
  });

  it('gets back what a cancelled request had reserved, but for its input', async () => {
    const { spawn, clock, model } = createWorld(() => ({ text: 'done', delayMs: 1_000, ...usage(100, 100) }), {
      budget: { maxTokens: 1_500 },
    });
    const first = spawn({ prompt: 'x'.repeat(400) });
    const second = spawn();
    await clock.advance(100);
    void first.cancel();
    await expect(first.outcome()).resolves.toMatchObject({ usage: { requests: 1, unknownRequests: 1 } });
    await clock.advance(300);
    expect(model.requests).toHaveLength(2);
    await clock.advance(2_000);
    await expect(second.outcome()).resolves.toMatchObject({ success: true });
  });

  it('of a parent is spent by its children, and ends them and it', async () => {
    const { spawn, clock, model } = createWorld((request) => {
      const [first] = request.messages;
      if (first?.content === 'lead' && request.messages.length === 1) return tasks('a', 'b') as never;
      return { text: 'done', delayMs: 100, ...usage(1_000, 500) };
    });
    const handle = spawn({ agentType: 'lead', prompt: 'lead', budget: { maxTokens: 1_400 } });
    const other = spawn({ prompt: 'apart' });
    await clock.advance(5_000);
    await expect(handle.outcome()).resolves.toMatchObject({
      by: 'budget',
      error: { message: expect.stringContaining('the budget of subagent-1 is spent') },
    });
    await expect(other.outcome()).resolves.toMatchObject({ success: true });
    expect(model.requests).toHaveLength(3); // the lead's, one child's, and the one apart
  });
});

describe('a budget that cannot be kept', () => {
  it('in USD for a model without prices is refused, at the spawn and, for the default model, at create', async () => {
    const { spawn, runtime } = createWorld([]);
    await expect(errorOf(() => spawn({ budget: { maxCostUsd: 1 } }))).resolves.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('maxCostUsd needs the prices of scripted'),
    });
    const config = { budget: { maxCostUsd: 1 } };
    await expect(errorOf(() => Orchestrator.create({ runtime }, config))).resolves.toMatchObject({
      code: 'config_invalid',
    });
    await expect(errorOf(() => Session.open(runtime, '.', config))).resolves.toMatchObject({ code: 'config_invalid' });
  });

  it('in USD is left to the spawns where no default model is known', async () => {
    const priced = scripted([{ text: 'done' }], { price: { inputCost: 1, outputCost: 1 } });
    const modelOf = (name?: string) => {
      if (name === 'priced') return priced;
      throw new TroupeError('config_invalid', 'there is no default');
    };
    const world = createWorld([], { budget: { maxCostUsd: 1 }, runtime: { modelOf } });
    const handle = world.spawn({ model: 'priced' });
    await world.settle();
    await expect(handle.outcome()).resolves.toMatchObject({ success: true });
  });

  it.each([{}, { maxTokens: 0 }, { maxTokens: 1.5 }, { maxCostUsd: -1 }, { maxTurns: 3 }, 7])(
    'such as %j is refused',
    async (budget) => {
      const { spawn } = createWorld([]);
      const error = await errorOf(() => spawn({ budget: budget as never })); // wrong on purpose
      expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('budget') });
    },
  );
});

describe('the budget of a session', () => {
  it('is shared by all of its subagents', async () => {
    const { runtime, clock } = createWorld(() => ({ text: 'done', ...usage(900, 200) }));
    const session = Session.open(runtime, '.', { budget: { maxTokens: 1_000 } });
    const spawn = () => session.orchestrator.spawnSubagent({ agentType: 'worker', prompt: 'do it' });
    const first = spawn();
    await clock.advance(0);
    await expect(first.outcome()).resolves.toMatchObject({ success: true });
    const second = spawn();
    await clock.advance(0);
    await expect(second.outcome()).resolves.toMatchObject({
      by: 'budget',
      error: { message: expect.stringContaining('the budget of the session is spent') },
    });
    await session.close();
  });
});
