import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import type { AgentStepSpec } from '../../src/config/index.js';
import { scripted } from '../../src/testing/index.js';
import { byPrompt, calls, errorOf, eventsOf } from '../support/world.js';
import { createSessionWorld, echo, step, timed } from './session-world.js';

describe('parallel', () => {
  it('gives outcomes in input order, whatever the order they come in', async () => {
    const { session, clock, events } = createSessionWorld(timed);
    const all = session.parallel([step('a-30'), step('b-10'), step('c-20')]);
    await clock.advance(30);
    expect((await all).map(({ taskId, output }) => [taskId, output])).toEqual([
      ['a-30', 'done a-30'],
      ['b-10', 'done b-10'],
      ['c-20', 'done c-20'],
    ]);
    expect(eventsOf(events, 'subagent_completed').map(({ output }) => output)).toEqual([
      'done b-10',
      'done c-20',
      'done a-30',
    ]);
  });

  it('says of each step everything that its outcome promises', async () => {
    const { session, clock } = createSessionWorld(timed);
    const all = session.parallel([step('a-30')]);
    await clock.advance(30);
    expect(await all).toEqual([
      {
        taskId: 'a-30',
        agent: 'worker',
        success: true,
        output: 'done a-30',
        subagentId: 'subagent-1',
        durationMs: 30,
        usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15, requests: 1, repairs: 0, unknownRequests: 0 },
        turns: 1,
        replayed: false,
      },
    ]);
  });

  it('runs at most maxParallelTasks at a time, first in first out; what waits is not spawned yet', async () => {
    const { session, clock, spawned } = createSessionWorld(timed, { maxParallelTasks: 2 });
    const all = session.parallel([step('a-30'), step('b-10'), step('c-10'), step('d-10')]);
    await clock.advance(0);
    expect(spawned()).toEqual(['a-30', 'b-10']);
    await clock.advance(10);
    expect(spawned()).toEqual(['a-30', 'b-10', 'c-10']);
    await clock.advance(10);
    expect(spawned()).toEqual(['a-30', 'b-10', 'c-10', 'd-10']);
    await clock.advance(10);
    expect((await all).map(({ success }) => success)).toEqual([true, true, true, true]);
  });

  it('runs eight at a time when nothing else is said', async () => {
    const { session, clock, spawned } = createSessionWorld(timed);
    const all = session.parallel(Array.from({ length: 20 }, (_, index) => step(`s${index}-10`)));
    await clock.advance(0);
    expect(spawned()).toHaveLength(8);
    await clock.advance(30);
    expect(await all).toHaveLength(20);
  });

  it('shares the cap among all calls of the session', async () => {
    const { session, clock, spawned } = createSessionWorld(timed, { maxParallelTasks: 1 });
    const all = Promise.all([session.parallel([step('a-10')]), session.run(step('a-10')), session.run(step('b-10'))]);
    await clock.advance(0);
    expect(spawned()).toEqual(['a-10']);
    await clock.advance(30);
    await all;
    expect(spawned()).toEqual(['a-10', 'a-10', 'b-10']);
  });

  it('waits in the queue of the orchestrator as well, where that lets fewer run', async () => {
    const { session, clock } = createSessionWorld(timed, { orchestrator: { maxConcurrentSubagents: 1 } });
    const all = session.parallel([step('a-10'), step('b-10')]);
    await clock.advance(0);
    expect(session.orchestrator.getAllStates().map(({ state }) => state)).toEqual(['running', 'pending']);
    await clock.advance(20);
    expect((await all).map(({ output }) => output)).toEqual(['done a-10', 'done b-10']);
  });

  it('begins by itself, in a microtask: its promise need not be awaited', async () => {
    const { session, settle, spawned } = createSessionWorld(echo);
    void session.parallel([step('a')]);
    expect(spawned()).toEqual([]);
    await settle();
    expect(spawned()).toEqual(['a']);
  });

  it('may be called by an observer of the orchestrator’s actor', async () => {
    const { session, settle } = createSessionWorld(echo);
    const inner: Promise<unknown>[] = [];
    const watch = session.orchestrator.actor.subscribe(() => {
      watch.unsubscribe();
      inner.push(session.run(step('b')));
    });
    await Promise.all([session.run(step('a')), settle()]);
    expect(await Promise.all(inner)).toMatchObject([{ success: true, output: 'done b' }]);
  });

  it('gives an empty list for an empty list', async () => {
    const { session } = createSessionWorld([]);
    await expect(session.parallel([])).resolves.toEqual([]);
  });

  it('shows each step as a subagent, with its events, and with its name in the metadata', async () => {
    const { session, settle, events } = createSessionWorld(echo);
    const all = session.parallel([step('a', { description: 'the first' }), step('b')]);
    await settle();
    await all;
    expect(session.orchestrator.listSubagents()).toMatchObject([
      { id: 'subagent-1', agentType: 'worker', description: 'the first', state: 'completed' },
      { id: 'subagent-2', description: 'b' },
    ]);
    expect(eventsOf(events, 'subagent_started').map(({ config }) => config.metadata)).toEqual([
      { taskId: 'a' },
      { taskId: 'b' },
    ]);
  });

  it('waits for a step that an operator has paused', async () => {
    const { session, clock } = createSessionWorld(timed);
    let settled = false;
    const all = session.parallel([step('a-10'), step('b-10')]).finally(() => (settled = true));
    await clock.advance(0);
    void session.orchestrator.pauseSubagent('subagent-1');
    await clock.advance(1_000);
    expect(settled).toBe(false);
    void session.orchestrator.resumeSubagent('subagent-1');
    await clock.advance(0);
    expect((await all).map(({ success }) => success)).toEqual([true, true]);
  });

  it('gives a step what its spec says: agent, turns, time, permission and model', async () => {
    const other = scripted([{ text: 'from the other' }]);
    const { session, clock, effects } = createSessionWorld(
      byPrompt({
        long: [calls(['peek', {}]), calls(['peek', {}]), { text: 'never' }],
        slow: [{ hang: true }],
        asks: [calls(['note', { label: 'allowed' }]), { text: 'noted' }],
      }),
      {},
      { models: { other } },
    );
    const all = session.parallel([
      step('long', { maxSteps: 2 }),
      step('slow', { timeoutMs: 50 }),
      step('asks', { agent: 'asker', permissive: true }),
      step('else', { model: 'other' }),
    ]);
    await clock.advance(50);
    expect((await all).map(({ agent, error, output }) => [agent, error?.code, output])).toEqual([
      ['worker', 'max_steps', ''],
      ['worker', 'timeout', ''],
      ['asker', undefined, 'noted'],
      ['worker', undefined, 'from the other'],
    ]);
    expect(effects).toContain('allowed');
  });
});

describe('a step that fails does so alone', () => {
  const throwing = defineTool({
    name: 'throwing',
    description: 'Throws.',
    input: z.object({}),
    readOnly: true,
    run: () => {
      throw new Error('the tool broke');
    },
  });

  it.each<[string, Partial<AgentStepSpec>, object]>([
    ['a model that gives garbage', { prompt: 'garbage' }, { error: { code: 'bad_response' } }],
    ['an unknown agent', { agent: 'wroker' }, { error: { code: 'unknown_agent' }, subagentId: '', durationMs: 0 }],
    ['an unknown model', { model: 'nope' }, { error: { code: 'config_invalid' }, subagentId: '', turns: 0 }],
    ['too many turns', { prompt: 'long', maxSteps: 1 }, { error: { code: 'max_steps' }, output: 'so far', turns: 1 }],
  ])('%s', async (_what, extra, expected) => {
    const { session, settle } = createSessionWorld(
      byPrompt({ a: [{ text: 'fine' }], c: [{ text: 'fine' }], long: [{ ...calls(['peek', {}]), text: 'so far' }] }),
    );
    const all = session.parallel([step('a'), step('b', extra), step('c')]);
    await settle();
    expect(await all).toMatchObject([
      { success: true },
      { taskId: 'b', success: false, ...expected },
      { success: true },
    ]);
  });

  it('and one whose tool throws goes on: the model is told', async () => {
    const { session, settle, model } = createSessionWorld(
      byPrompt({ a: [calls(['throwing', {}]), { text: 'went on' }] }),
      {},
      { tools: [throwing] },
    );
    const all = session.parallel([step('a')]);
    await settle();
    expect(await all).toMatchObject([{ success: true, output: 'went on' }]);
    expect(model.requests[1]?.messages.at(-1)?.content).toContain('the tool broke');
  });

  it('and one that the orchestrator refuses at its limit', async () => {
    const { session, clock } = createSessionWorld(timed, {
      orchestrator: { maxConcurrentSubagents: 1, onLimit: 'reject' },
    });
    const all = session.parallel([step('a-10'), step('b-10')]);
    await clock.advance(10);
    expect(await all).toMatchObject([{ success: true }, { success: false, error: { code: 'concurrency_limit' } }]);
  });
});

describe('bad input rejects with config_invalid, and nothing runs', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /^parallel: .*expected array/i],
    ['one spec in place of a list', step('a'), /expected array/i],
    ['a step that is none', [step('a'), 'b'], /^parallel: 1: .*expected object/i],
    ['a taskId twice', [step('a'), step('b'), step('a')], /^parallel: 2\.taskId: "a" is the name of step 0 already/],
    ['an empty taskId', [step('a'), step('')], /1\.taskId: expected a name/],
    ['a blank taskId', [step(' ')], /0\.taskId: expected a name/],
    ['no agent', [{ taskId: 'a', description: '', prompt: 'x' }], /0\.agent: /],
    ['no description', [{ taskId: 'a', agent: 'worker', prompt: 'x' }], /0\.description: /],
    ['an empty prompt', [{ ...step('a'), prompt: ' ' }], /0\.prompt: expected a text/],
    ['maxSteps that is no integer', [step('a', { maxSteps: 1.5 })], /0\.maxSteps: /],
    ['maxSteps 0', [step('a', { maxSteps: 0 })], /0\.maxSteps: /],
    ['timeoutMs 0', [step('a', { timeoutMs: 0 })], /0\.timeoutMs: /],
    ['retries below 0', [step('a', { retries: -1 })], /0\.retries: /],
    ['six repairs', [step('a', { repairs: 6 })], /0\.repairs: /],
    ['an unknown key', [{ ...step('a'), max_steps: 3 }], /0\.max_steps: unknown key; known keys: taskId, agent/],
    ['a schema that is none', [step('a'), { ...step('b'), outputSchema: 7 }], /^parallel: 1: outputSchema: expected/],
    ['a schema without a JSON form', [step('a', { outputSchema: z.date() })], /^parallel: 0: outputSchema: /],
    ['a JSON Schema that is broken', [step('a', { outputSchema: { type: 'strnig' } })], /0: outputSchema: .*type/],
  ])('%s', async (_what, specs, message) => {
    const { session, settle, spawned } = createSessionWorld(echo);
    const error = await errorOf(() => session.parallel(specs as AgentStepSpec[]));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
    await settle();
    expect(spawned()).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown option', { signl: null }, /signl: unknown key; known keys: signal/],
    ['a signal that is none', { signal: 'stop' }, /signal: /],
    ['no object', 7, /expected object/i],
  ])('%s in place of the options', async (_what, options, message) => {
    const { session } = createSessionWorld(echo);
    const error = await errorOf(() => session.parallel([step('a')], options as object));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
  });

  it('also for the cap', async () => {
    for (const maxParallelTasks of [0, 1.5, '2']) {
      const error = await errorOf(() => createSessionWorld([], { maxParallelTasks: maxParallelTasks as number }));
      expect(error.message).toMatch(/maxParallelTasks: /);
    }
  });
});
