import { describe, expect, it } from 'vitest';
import type { AgentStepSpec } from '../../src/config/index.js';
import { TroupeError, type TroupeErrorCode } from '../../src/domain/errors.js';
import type { ScriptedTurn } from '../../src/testing/index.js';
import { calls, errorOf } from '../support/world.js';
import { createSessionWorld, echo, step } from './session-world.js';

const failing = (code: TroupeErrorCode): ScriptedTurn => ({ error: new TroupeError(code, `told: ${code}`) });
const ONCE = { model: { maxRetries: 0 } };

describe('run', () => {
  it('runs one step and gives its outcome', async () => {
    const { session, settle } = createSessionWorld(echo);
    const one = session.run(step('a'));
    await settle();
    expect(await one).toMatchObject({ taskId: 'a', success: true, output: 'done a', subagentId: 'subagent-1' });
  });

  it('resolves when the step fails, with its error', async () => {
    const { session, settle } = createSessionWorld([failing('model_auth')]);
    const one = session.run(step('a'));
    await settle();
    expect(await one).toMatchObject({
      success: false,
      error: { code: 'model_auth', message: expect.stringContaining('told: model_auth') },
    });
  });

  it('rejects a bad spec before anything runs, and names what is wrong', async () => {
    const { session, settle, spawned } = createSessionWorld(echo);
    const error = await errorOf(() => session.run({ ...step('a'), promt: 'x' }));
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('run: promt: unknown key'),
    });
    expect((await errorOf(() => session.run(undefined as unknown as AgentStepSpec))).code).toBe('config_invalid');
    await settle();
    expect(spawned()).toEqual([]);
  });

  it('keeps the last text of a step that failed, and tells that an answer was cut', async () => {
    const { session, settle } = createSessionWorld([
      { ...calls(['peek', {}]), text: 'so far' },
      failing('context_overflow'),
      { text: 'half an ans', finish: 'length' },
    ]);
    const failed = session.run(step('a'));
    await settle();
    expect(await failed).toMatchObject({ success: false, output: 'so far', error: { code: 'context_overflow' } });
    const cut = session.run(step('b'));
    await settle();
    expect(await cut).toMatchObject({ truncated: true, output: 'half an ans' });
  });
});

describe('retries', () => {
  it('take a new subagent each time, and sum up what all of them have used', async () => {
    const slow = { ...failing('model_unavailable'), delayMs: 10, usage: { inputTokens: 7, outputTokens: 1 } };
    const { session, clock, spawned } = createSessionWorld([slow, slow, { text: 'done', delayMs: 10 }], {}, ONCE);
    const one = session.run(step('a', { retries: 2 }));
    await clock.advance(30);
    expect(await one).toMatchObject({
      success: true,
      output: 'done',
      subagentId: 'subagent-3',
      durationMs: 30,
      turns: 1,
      usage: { inputTokens: 24, outputTokens: 7, totalTokens: 31, requests: 3 },
    });
    expect(spawned()).toEqual(['a', 'a', 'a']);
  });

  it('end at their number, with the error of the last', async () => {
    const { session, settle, spawned } = createSessionWorld(
      [failing('model_unavailable'), failing('lease_lost'), { text: 'too late' }],
      {},
      ONCE,
    );
    const one = session.run(step('a', { retries: 1 }));
    await settle();
    expect(await one).toMatchObject({ success: false, error: { code: 'lease_lost' }, subagentId: 'subagent-2' });
    expect(spawned()).toHaveLength(2);
  });

  it('have the whole time of the step each', async () => {
    const { session, clock } = createSessionWorld([{ hang: true }, { text: 'done', delayMs: 40 }]);
    const one = session.run(step('a', { retries: 1, timeoutMs: 50 }));
    await clock.advance(90);
    expect(await one).toMatchObject({ success: true, durationMs: 90 });
  });

  it('keep the slot of the step: what waits does not overtake them', async () => {
    const { session, settle, spawned } = createSessionWorld(
      [failing('model_unavailable'), { text: 'done a' }, { text: 'done b' }],
      { maxParallelTasks: 1 },
      ONCE,
    );
    const all = session.parallel([step('a', { retries: 1 }), step('b')]);
    await settle();
    expect((await all).map(({ output }) => output)).toEqual(['done a', 'done b']);
    expect(spawned()).toEqual(['a', 'a', 'b']);
  });

  it.each<[TroupeErrorCode, number]>([
    ['model_unavailable', 2],
    ['rate_limited', 2],
    ['store_io', 2],
    ['bad_response', 1],
    ['model_auth', 1],
    ['quota_exceeded', 1],
    ['model_refused', 1],
    ['context_overflow', 1],
  ])('after %s: %d attempts where 2 are allowed', async (code, attempts) => {
    const { session, clock, spawned } = createSessionWorld([failing(code), failing(code)], {}, ONCE);
    const one = session.run(step('a', { retries: 1 }));
    await clock.advance(60_000); // after a rate limit the provider's limiter makes the next request wait
    expect(await one).toMatchObject({ success: false, error: { code } });
    expect(spawned()).toHaveLength(attempts);
  });

  it.each<[string, Partial<AgentStepSpec>]>([
    ['max_steps', { maxSteps: 1 }],
    ['unknown_agent', { agent: 'wroker' }],
  ])('not after %s', async (code, extra) => {
    const { session, settle, model } = createSessionWorld([calls(['peek', {}])]);
    const one = session.run(step('a', { ...extra, retries: 3 }));
    await settle();
    expect(await one).toMatchObject({ success: false, error: { code } });
    expect(model.requests.length).toBeLessThanOrEqual(1);
  });

  it('not after a cancel', async () => {
    const { session, settle, spawned } = createSessionWorld(() => ({ hang: true }));
    const one = session.run(step('a', { retries: 3 }));
    await settle();
    void session.orchestrator.cancelSubagent('subagent-1', 'not this one');
    await settle();
    expect(await one).toMatchObject({ success: false, error: { code: 'cancelled' } });
    expect(spawned()).toHaveLength(1);
  });
});
