import { describe, expect, it } from 'vitest';
import type { AgentStepSpec, LoopOptions } from '../../src/config/index.js';
import type { NextRound } from '../../src/session/index.js';
import { byPrompt, errorOf } from '../support/world.js';
import { createSessionWorld, echo, step } from './session-world.js';

const ids = (outcomes: readonly { readonly taskId: string }[]) => outcomes.map(({ taskId }) => taskId);

describe('loop', () => {
  it('runs round after round until next gives null, and gives all outcomes in order', async () => {
    const { session, settle } = createSessionWorld(echo);
    const seen: unknown[] = [];
    const all = session.loop(
      ({ iteration, outcomes }) => {
        seen.push([iteration, ids(outcomes)]);
        return iteration > 2 ? null : [step(`a${iteration}`), step(`b${iteration}`)];
      },
      { maxIterations: 9 },
    );
    await settle();
    expect(ids(await all)).toEqual(['a1', 'b1', 'a2', 'b2']);
    expect(seen).toEqual([
      [1, []],
      [2, ['a1', 'b1']],
      [3, ['a1', 'b1', 'a2', 'b2']],
    ]);
  });

  it('ends after maxIterations rounds without asking again', async () => {
    const { session, settle } = createSessionWorld(echo);
    let asked = 0;
    const all = session.loop(
      async () => {
        asked += 1;
        return [step('same')];
      },
      { maxIterations: 3 },
    );
    await settle();
    expect(ids(await all)).toEqual(['same', 'same', 'same']);
    expect(asked).toBe(3);
  });

  it('goes on after a step that failed: next decides', async () => {
    const { session, settle } = createSessionWorld(byPrompt({ good: [{ text: 'done' }] }));
    const all = session.loop(
      ({ outcomes }) => (outcomes.at(-1)?.success ? null : [step(outcomes.length === 0 ? 'bad' : 'good')]),
      { maxIterations: 5 },
    );
    await settle();
    expect((await all).map(({ taskId, success }) => [taskId, success])).toEqual([
      ['bad', false],
      ['good', true],
    ]);
  });

  it('counts an empty round', async () => {
    const { session } = createSessionWorld(echo);
    await expect(session.loop(() => [], { maxIterations: 3 })).resolves.toEqual([]);
  });

  it('is not changed by what next does to the outcomes it is given', async () => {
    const { session, settle } = createSessionWorld(echo);
    const all = session.loop(
      ({ outcomes }) => {
        (outcomes as unknown[]).length = 0; // as a caller without types may
        return [step('a')];
      },
      { maxIterations: 2 },
    );
    await settle();
    expect(ids(await all)).toEqual(['a', 'a']);
  });

  it('lets next run steps of its own, also when only one may run', async () => {
    const { session, settle } = createSessionWorld(echo, { maxParallelTasks: 1 });
    const all = session.loop(async () => [step((await session.run(step('inner'))).output)], { maxIterations: 1 });
    await settle();
    expect((await all)[0]?.output).toBe('done done inner');
  });

  it('is ended by its signal: the round that runs is cancelled, no other begins', async () => {
    const { session, settle } = createSessionWorld(({ messages: [first] }) =>
      first?.content === 'a1' ? { text: 'done' } : { hang: true },
    );
    const controller = new AbortController();
    const all = session.loop(({ iteration }) => [step(`a${iteration}`)], {
      maxIterations: 9,
      signal: controller.signal,
    });
    await settle();
    controller.abort();
    expect((await all).map(({ taskId, error }) => [taskId, error?.code])).toEqual([
      ['a1', undefined],
      ['a2', 'cancelled'],
    ]);
  });
});

describe('a mistake in the program rejects', () => {
  it.each<[string, NextRound]>([
    [
      'thrown',
      () => {
        throw new Error('boom hunter2');
      },
    ],
    ['rejected', () => Promise.reject(new Error('boom hunter2'))],
  ])('with stage_failed where it is %s by next', async (_what, next) => {
    const { session } = createSessionWorld(echo, {}, { secrets: (text) => text.replaceAll('hunter2', '[redacted]') });
    const error = await errorOf(() => session.loop(next, { maxIterations: 2 }));
    expect(error.code).toBe('stage_failed');
    expect(error.message).toBe('loop: next failed in iteration 1: boom [redacted]');
    expect(error.cause).toMatchObject({ message: 'boom hunter2' });
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /loop: iteration 1: .*expected array/i],
    ['one step', step('a'), /expected array/i],
    ['a taskId twice', [step('a'), step('a')], /1\.taskId: "a" is the name of step 0 already/],
  ])('with config_invalid where next gives %s, and nothing of that round runs', async (_what, given, message) => {
    const { session, settle, spawned } = createSessionWorld(echo);
    const error = await errorOf(() => session.loop(() => given as AgentStepSpec[], { maxIterations: 2 }));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
    await settle();
    expect(spawned()).toEqual([]);
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['next', [step('a')], { maxIterations: 1 }, /loop: next: expected a function/],
    ['no options', () => null, undefined, /options of loop/],
    ['no maxIterations', () => null, {}, /maxIterations: /],
    ['maxIterations 0', () => null, { maxIterations: 0 }, /maxIterations: /],
    ['maxIterations without end', () => null, { maxIterations: Number.POSITIVE_INFINITY }, /maxIterations: /],
    ['an unknown option', () => null, { maxIterations: 1, max: 1 }, /max: unknown key; known keys: /],
  ])('with config_invalid for %s', async (_what, next, options, message) => {
    const { session } = createSessionWorld(echo);
    const error = await errorOf(() => session.loop(next as NextRound, options as LoopOptions));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
  });
});
