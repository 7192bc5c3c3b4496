import { describe, expect, it } from 'vitest';
import type { AgentStepSpec } from '../../src/config/index.js';
import { TroupeError } from '../../src/domain/errors.js';
import type { NextStage, Stages } from '../../src/session/index.js';
import { byPrompt, errorOf, eventsOf } from '../support/world.js';
import { createSessionWorld, echo, step, timed } from './session-world.js';

const outputs = (outcomes: readonly ({ readonly output: string } | null)[]) =>
  outcomes.map((outcome) => outcome?.output ?? null);
const boom = () => {
  throw new Error('boom');
};

describe('pipeline', () => {
  it('gives the first stage the item alone, later ones the outcome before as well', async () => {
    const { session, settle } = createSessionWorld(echo);
    const seen: unknown[] = [];
    const all = session.pipeline(
      ['x', 'y'],
      [
        (context) => {
          seen.push(context);
          return step(`one ${context.item}`);
        },
        (context) => {
          seen.push([context.item, context.previous.taskId, context.previous.output]);
          return step(`two ${context.item}`);
        },
      ],
    );
    await settle();
    expect(outputs(await all)).toEqual(['done two x', 'done two y']);
    expect(seen).toEqual([{ item: 'x' }, { item: 'y' }, ['x', 'one x', 'done one x'], ['y', 'one y', 'done one y']]);
  });

  it('lets a fast item reach the second stage while a slow one is in the first, and keeps the order of items', async () => {
    const { session, clock, events } = createSessionWorld(timed);
    const all = session.pipeline([50, 10], [({ item }) => step(`one-${item}`), ({ item }) => step(`two-${item}`)]);
    await clock.advance(100);
    expect(outputs(await all)).toEqual(['done two-50', 'done two-10']);
    expect(eventsOf(events, 'subagent_completed').map(({ output }) => output)).toEqual([
      'done one-10',
      'done two-10',
      'done one-50',
      'done two-50',
    ]);
  });

  it('counts running steps under the cap', async () => {
    const { session, clock, spawned } = createSessionWorld(timed, { maxParallelTasks: 2 });
    const all = session.pipeline([1, 2, 3], [({ item }) => step(`s${item}-10`)]);
    await clock.advance(0);
    expect(spawned()).toHaveLength(2);
    await clock.advance(20);
    expect(await all).toHaveLength(3);
  });

  it('takes the same taskId for every item', async () => {
    const { session, settle } = createSessionWorld(echo);
    const all = session.pipeline([1, 2], [() => step('same')]);
    await settle();
    expect((await all).map((outcome) => outcome?.taskId)).toEqual(['same', 'same']);
  });

  it('takes stages that are async', async () => {
    const { session, settle } = createSessionWorld(echo);
    const all = session.pipeline([1], [async () => step('a'), async ({ previous }) => step(`${previous.output} b`)]);
    await settle();
    expect(outputs(await all)).toEqual(['done done a b']);
  });

  it('gives an empty list for an empty list', async () => {
    const { session } = createSessionWorld([]);
    await expect(session.pipeline([], [boom])).resolves.toEqual([]);
  });

  it('gives null where the first stage gives null, and runs nothing for that item', async () => {
    const { session, settle, spawned } = createSessionWorld(echo);
    const all = session.pipeline([1, 2], [({ item }) => (item === 1 ? null : step('a')), () => step('b')]);
    await settle();
    expect(outputs(await all)).toEqual([null, 'done b']);
    expect(spawned()).toEqual(['a', 'b']);
  });

  it('gives the outcome so far where a later stage gives null', async () => {
    const { session, settle } = createSessionWorld(echo);
    const all = session.pipeline([1, 2], [() => step('a'), async ({ item }) => (item === 1 ? null : step('b')), boom]);
    await settle();
    const [first] = await all;
    expect(first).toMatchObject({ taskId: 'a', success: true, output: 'done a' });
    expect(first).not.toHaveProperty('error');
  });

  it('gives the outcome of a step that failed, and asks no later stage', async () => {
    const { session, settle } = createSessionWorld(byPrompt({ a: [{ text: 'done a' }], b: [{ text: 'done b' }] }));
    let asked = 0;
    const all = session.pipeline(
      ['a', 'bad', 'b'],
      [
        ({ item }) => step(item),
        () => {
          asked += 1;
          return null;
        },
      ],
    );
    await settle();
    expect(await all).toMatchObject([
      { success: true },
      { taskId: 'bad', success: false, error: { code: 'bad_response' } },
      { success: true },
    ]);
    expect(asked).toBe(2);
  });
});

describe('a stage that fails ends its own chain, and no other', () => {
  const bad = (value: unknown) => () => value as AgentStepSpec; // what a caller without types may give

  it.each<[string, NextStage<number>, RegExp]>([
    ['throws', boom, /boom/],
    ['rejects', () => Promise.reject(new Error('late boom')), /late boom/],
    ['throws what is no error', () => Promise.reject('just text'), /just text/],
    ['gives nothing', bad(undefined), /expected object/i],
    ['gives what is no step', bad('b'), /expected object/i],
    ['gives a step with an unknown key', bad({ ...step('b'), promt: 'x' }), /promt: unknown key/],
    ['gives a step with a bad number', () => step('b', { maxSteps: 0.5 }), /maxSteps/],
    ['gives a step with a schema that cannot be used', () => step('b', { outputSchema: { type: 'odd' } }), /odd|type/],
  ])('one that %s: the outcome so far, with the stage named in its error', async (_what, stage, message) => {
    const { session, settle } = createSessionWorld(echo);
    const all = session.pipeline(
      [1, 2],
      [() => step('a'), (context) => (context.item === 1 ? stage(context) : step('b')), () => step('c')],
    );
    await settle();
    const [first, second] = await all;
    expect(first).toMatchObject({ taskId: 'a', success: false, output: 'done a', error: { code: 'stage_failed' } });
    expect(first?.error?.message).toMatch(/^stages\[1\] failed for items\[0\]: /);
    expect(first?.error?.message).toMatch(message);
    expect(second).toMatchObject({ taskId: 'c', success: true });
  });

  it('in the first stage: null, and onError is told why', async () => {
    const told: TroupeError[] = [];
    const { session, settle, spawned } = createSessionWorld(echo, {
      orchestrator: { onError: (error) => void told.push(error) },
    });
    const all = session.pipeline([1, 2], [({ item }) => (item === 1 ? boom() : step('b'))]);
    await settle();
    expect(outputs(await all)).toEqual([null, 'done b']);
    expect(spawned()).toEqual(['b']);
    expect(told).toMatchObject([{ code: 'stage_failed', message: 'pipeline: stages[0] failed for items[0]: boom' }]);
    expect(told[0]?.cause).toMatchObject({ message: 'boom' });
  });

  it('also when onError throws', async () => {
    const { session, settle } = createSessionWorld(echo, { orchestrator: { onError: boom } });
    const all = session.pipeline([1, 2], [({ item }) => (item === 1 ? boom() : step('b'))]);
    await settle();
    expect(outputs(await all)).toEqual([null, 'done b']);
  });

  it('and no secret of its error is told', async () => {
    const { session, settle } = createSessionWorld(
      echo,
      {},
      { secrets: (text) => text.replaceAll('hunter2', '[redacted]') },
    );
    const all = session.pipeline(
      [1],
      [() => step('a'), () => Promise.reject(new TroupeError('tool_failed', 'the password hunter2 is wrong'))],
    );
    await settle();
    expect((await all)[0]?.error).toEqual({
      code: 'stage_failed',
      message: 'stages[1] failed for items[0]: the password [redacted] is wrong',
    });
  });
});

describe('a chain inside of a callback', () => {
  it('holds no slot: a stage may run steps of its own, also when only one may run', async () => {
    const { session, settle } = createSessionWorld(echo, { maxParallelTasks: 1 });
    const all = session.pipeline(
      [1, 2],
      [
        async ({ item }) => {
          const { output } = await session.run(step(`ask ${item}`));
          return step(output);
        },
        async ({ previous }) => {
          const inner = await session.parallel([step('x'), step('y')]);
          return step([previous.output, ...inner.map(({ output }) => output)].join(', '));
        },
      ],
    );
    await settle();
    expect(outputs(await all)).toEqual([
      'done done done ask 1, done x, done y',
      'done done done ask 2, done x, done y',
    ]);
  });

  it('lets others use the slots meanwhile', async () => {
    const { session, settle } = createSessionWorld(echo, { maxParallelTasks: 1 });
    let go = () => {};
    const stalled = session.pipeline(
      [1],
      [() => step('a'), () => new Promise((resolve) => (go = () => resolve(null)))],
    );
    await settle();
    const other = session.run(step('b'));
    await settle();
    await expect(other).resolves.toMatchObject({ output: 'done b' });
    go();
    await expect(stalled).resolves.toMatchObject([{ output: 'done a' }]);
  });

  it('that is stalled does not hold up a call whose signal is aborted; what it gives later is dropped', async () => {
    const { session, settle, spawned } = createSessionWorld(echo);
    const controller = new AbortController();
    let fail = (_cause: Error) => {};
    const stalled = session.pipeline(
      [1, 2],
      [
        ({ item }) => (item === 1 ? step('a') : new Promise(() => {})),
        () => new Promise((_, reject) => (fail = reject)),
      ],
      { signal: controller.signal },
    );
    await settle();
    controller.abort();
    expect(await stalled).toMatchObject([{ taskId: 'a', success: false, error: { code: 'cancelled' } }, null]);
    fail(new Error('late'));
    await settle();
    expect(spawned()).toEqual(['a']);
  });
});

describe('what is no pipeline rejects with config_invalid', () => {
  it.each<[string, unknown, unknown, RegExp]>([
    ['items', 'abc', [boom], /items: expected an array/],
    ['no stages', [1], undefined, /stages: expected an array of functions/],
    ['an empty list of stages', [1], [], /one or more/],
    ['a stage that is no function', [1], [boom, step('a')], /stages: expected an array of functions/],
  ])('%s', async (_what, items, stages, message) => {
    const { session } = createSessionWorld(echo);
    const error = await errorOf(() => session.pipeline(items as number[], stages as Stages<number>));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
  });
});
