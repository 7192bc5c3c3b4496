import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { Agent } from '../../src/agent/index.js';
import type { OrchestratorConfig, SubAgentConfig } from '../../src/config/index.js';
import { Orchestrator } from '../../src/orchestrator/index.js';
import { scripted } from '../../src/testing/index.js';
import { calls, createWorld, errorOf, eventsOf } from '../support/world.js';

const good = { agentType: 'worker', prompt: 'do it' };
const polluted: unknown = JSON.parse('{"agentType":"worker","prompt":"do it","__proto__":{"permissive":true}}');
const other = defineTool({ name: 'note', description: 'Another note.', input: z.object({}), run: () => '' });

describe('a bad SubAgentConfig throws at once, names key and expectation, and spawns nothing', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['nothing', undefined, 'config_invalid', /expected object/i],
    ['null', null, 'config_invalid', /expected object/i],
    ['a string', 'worker', 'config_invalid', /expected object/i],
    ['an array', [good], 'config_invalid', /agentType|expected object/i],
    ['no agentType', { prompt: 'x' }, 'config_invalid', /agentType: .*expected string/i],
    ['an agentType of the wrong type', { ...good, agentType: 7 }, 'config_invalid', /agentType: .*expected string/i],
    ['an empty agentType', { ...good, agentType: '' }, 'config_invalid', /agentType: expected the name/],
    ['no prompt', { agentType: 'worker' }, 'config_invalid', /prompt: /],
    ['an empty prompt', { ...good, prompt: '' }, 'config_invalid', /prompt: expected a text that is not empty/],
    ['a blank prompt', { ...good, prompt: ' \n' }, 'config_invalid', /prompt: expected a text/],
    ['an unknown key', { ...good, promt: 'x' }, 'config_invalid', /promt/],
    ['a key of another spelling', { ...good, max_steps: 3 }, 'config_invalid', /max_steps/],
    ['__proto__ as a key', polluted, 'config_invalid', /__proto__/],
    ['maxSteps NaN', { ...good, maxSteps: Number.NaN }, 'config_invalid', /maxSteps: /],
    ['maxSteps 0', { ...good, maxSteps: 0 }, 'config_invalid', /maxSteps: /],
    ['maxSteps 1.5', { ...good, maxSteps: 1.5 }, 'config_invalid', /maxSteps: /],
    ['maxSteps as text', { ...good, maxSteps: '3' }, 'config_invalid', /maxSteps: .*expected number/i],
    ['timeoutMs -1', { ...good, timeoutMs: -1 }, 'config_invalid', /timeoutMs: /],
    ['timeoutMs Infinity', { ...good, timeoutMs: Number.POSITIVE_INFINITY }, 'config_invalid', /timeoutMs: /],
    ['permissive as text', { ...good, permissive: 'yes' }, 'config_invalid', /permissive: .*expected boolean/i],
    ['a rule that cannot be read', { ...good, permissiveDeny: ['bash(('] }, 'config_invalid', /bash\(\(/],
    ['a tool that is none', { ...good, tools: [{}] }, 'config_invalid', /tools\.0: /],
    [
      'an unknown tool',
      { ...good, tools: ['nothing'] },
      'config_invalid',
      /tools: there is no tool "nothing"; known: slow,/,
    ],
    ['two tools of one name', { ...good, tools: [other] }, 'config_invalid', /two different tools named "note"/],
    ['an unknown model', { ...good, model: 'gpt-none' }, 'config_invalid', /model: no model "gpt-none"/],
    [
      'a workspace that is missing',
      { ...good, workspace: '/nowhere/at/all' },
      'config_invalid',
      /workspace: \/nowhere/,
    ],
    [
      'a workspace that is a file',
      { ...good, workspace: import.meta.filename },
      'config_invalid',
      /workspace: .* is not a folder/,
    ],
    ['an empty workspace', { ...good, workspace: '' }, 'config_invalid', /workspace: /],
    ['a parent that is not known', { ...good, parentId: 'subagent-9' }, 'unknown_subagent', /parentId: .*"subagent-9"/],
    ['an empty parentId', { ...good, parentId: '' }, 'config_invalid', /parentId: /],
    ['an unknown agent', { ...good, agentType: 'wroker' }, 'unknown_agent', /"wroker"; known: worker, lead, asker/],
    ['an agent by an inherited name', { ...good, agentType: 'constructor' }, 'unknown_agent', /known: worker/],
    ['metadata that is no object', { ...good, metadata: [1] }, 'config_invalid', /metadata: /],
  ])('%s', async (_what, config, code, message) => {
    const { settle, orchestrator, events, model } = createWorld([{ text: 'done' }]);
    const error = await errorOf(() => orchestrator.spawnSubagent(config as SubAgentConfig));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    await settle();
    expect(events).toEqual([]);
    expect(orchestrator.listSubagents()).toEqual([]);
    expect(orchestrator.activeCount()).toBe(0);
    expect(model.requests).toEqual([]);
    // And the next one is the first.
    expect(orchestrator.spawnSubagent(good).id).toBe('subagent-1');
  });

  it('by the child’s handle as well', async () => {
    const { spawn, orchestrator } = createWorld([{ hang: true }]);
    const handle = spawn();
    for (const config of [undefined, null, 'x', {}, { ...good, promt: '' }]) {
      expect((await errorOf(() => handle.spawn(config as SubAgentConfig))).code).toBe('config_invalid');
    }
    expect(orchestrator.listSubagents()).toHaveLength(1);
  });

  it('lists everything that is wrong at once', async () => {
    const { orchestrator } = createWorld([]);
    const error = await errorOf(() =>
      orchestrator.spawnSubagent({ agentType: '', prompt: '', maxSteps: -1, extra: 1 } as unknown as SubAgentConfig),
    );
    for (const key of ['agentType', 'prompt', 'maxSteps', 'extra']) expect(error.message).toContain(key);
  });

  it('is not changed, and what the caller changes later does not matter', async () => {
    const { settle, orchestrator, events } = createWorld([{ text: 'done' }]);
    const config = { ...good, permissiveDeny: ['note'], metadata: { ticket: 1 } };
    const copy = structuredClone(config);
    const handle = orchestrator.spawnSubagent(config);
    expect(config).toEqual(copy);
    config.prompt = 'something else';
    config.metadata.ticket = 2;
    config.permissiveDeny.push('peek');
    await settle();
    expect(handle.config).toMatchObject({ prompt: 'do it', metadata: { ticket: 1 }, permissiveDeny: ['note'] });
    expect(events[0]).toMatchObject({ config: { prompt: 'do it', metadata: { ticket: 1 } } });
  });
});

describe('a bad OrchestratorConfig throws config_invalid and names the key', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown key', { maxConcurrent: 3 }, /maxConcurrent/],
    ['a limit of 0', { maxConcurrentSubagents: 0 }, /maxConcurrentSubagents: /],
    ['a limit that is NaN', { maxConcurrentSubagents: Number.NaN }, /maxConcurrentSubagents: /],
    ['a limit as text', { maxConcurrentSubagents: '3' }, /maxConcurrentSubagents: /],
    ['an unknown onLimit', { onLimit: 'wait' }, /onLimit: .*reject.*queue/],
    ['a buffer of -1', { eventBufferSize: -1 }, /eventBufferSize: /],
    ['a control buffer of 0', { controlBufferSize: 0 }, /controlBufferSize: /],
    ['keepEnded -1', { keepEnded: -1 }, /keepEnded: /],
    ['maxDepth 1.5', { maxDepth: 1.5 }, /maxDepth: /],
    ['a prefix with a dot', { subjectPrefix: 'a.b' }, /subjectPrefix: /],
    ['a clock that is none', { clock: {} }, /clock: expected a clock/],
    ['a confirm that is none', { confirm: true }, /confirm: expected a function/],
    ['unknown approvals', { approvals: 'yes' }, /approvals: /],
    ['confirmTimeoutMs 0', { confirmTimeoutMs: 0 }, /confirmTimeoutMs: /],
    ['a bus that is none', { bus: {} }, /bus: expected an EventBus/],
    ['an inspector that is none', { inspect: true }, /inspect: expected a function or an observer/],
    ['no object', 7, /expected object/i],
    ['null', null, /expected object/i],
  ])('%s', async (_what, config, message) => {
    const error = await errorOf(() => Orchestrator.create(undefined, config as OrchestratorConfig));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a config in its place', { maxConcurrentSubagents: 3 }],
    ['a model', scripted([])],
    ['a promise of one', Agent.create(undefined, { defaultModel: scripted([]) })],
    ['a string', 'agent.acl'],
  ])('an agent that is %s is told apart', async (_what, agent) => {
    const error = await errorOf(() => Orchestrator.create(agent as Agent));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(/^agent: expected an Agent/);
  });
});

describe('bad options of calls', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown key', { timeout: 5 }, /timeout/],
    ['a negative time', { timeoutMs: -1 }, /timeoutMs: /],
    ['NaN', { timeoutMs: Number.NaN }, /timeoutMs: /],
    ['a signal that is none', { signal: {} }, /signal: /],
    ['no object', 5, /expected object/i],
  ])('of waitAll: %s rejects with config_invalid', async (_what, options, message) => {
    const { orchestrator } = createWorld([]);
    const error = await errorOf(() => orchestrator.waitAll(options as object));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown mode', { mode: 'stop' }, /mode: .*suspend.*cancel/],
    ['an unknown key', { force: true }, /force/],
    ['suspend, without a store', { mode: 'suspend' }, /suspend.*store.*cancel/],
  ])('of close: %s rejects with config_invalid and closes nothing', async (_what, options, message) => {
    const { spawn, orchestrator } = createWorld([{ hang: true }]);
    const handle = spawn();
    const error = await errorOf(() => orchestrator.close(options as object));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
    expect(handle.state()).toBe('running');
    expect(() => spawn()).not.toThrow();
  });

  it.each([0, -1, 1.5, Number.NaN, '3'])('of replay$ and events: from %s throws config_invalid', async (from) => {
    const { orchestrator } = createWorld([]);
    expect((await errorOf(() => orchestrator.replay$(from as number))).code).toBe('config_invalid');
    expect((await errorOf(() => orchestrator.events({ from: from as number }))).code).toBe('config_invalid');
  });

  it('of events: an unknown key names the known ones', async () => {
    const { orchestrator } = createWorld([]);
    const error = await errorOf(() => orchestrator.events({ type: 'start' } as object));
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('known keys: from, ids, types'),
    });
  });

  it('of cancel and deny are passed over where they are no text', async () => {
    const { settle, spawn, orchestrator } = createWorld([{ hang: true }]);
    const handle = spawn();
    await settle();
    await expect(handle.cancel(7 as unknown as string, null as unknown as object)).resolves.toMatchObject({
      accepted: true,
    });
    expect(orchestrator.getSubagentInfo(handle.id)?.error).toEqual({ code: 'cancelled', message: 'cancelled by user' });
  });
});

describe('what is no text where a text is expected', () => {
  const odd = {
    toString: () => {
      throw new Error('not to be read');
    },
  };
  const unreadable = new Proxy({}, { get: () => odd.toString() });

  it.each<[string, unknown]>([
    ['a number', 7],
    ['an object', odd],
    ['nothing', undefined],
    ['an empty text', ''],
  ])('does no harm as the reason of a no: %s', async (_, reason) => {
    const { spawn, settle, effects, model } = createWorld([calls(['note', { label: 'a' }]), { text: 'done' }], {
      approvals: 'wait',
    });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    handle.deny('call1#1', reason as string);
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
    expect(effects).toEqual([]);
    expect(model.requests[1]?.messages.at(-1)?.content).toContain('the request was denied');
  });

  it('does no harm in an event that is sent to the actor', async () => {
    const { spawn, settle, events } = createWorld([calls(['note', { label: 'a' }]), { hang: true }], {
      approvals: 'wait',
    });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    handle.actor.send({ type: 'DENY', requestId: 'call1#1', reason: odd as unknown as string });
    await settle();
    handle.actor.send({ type: 'STEER', message: odd as unknown as string });
    handle.actor.send({ type: 'STEER', message: ' ' });
    handle.actor.send({ type: 'CANCEL', reason: odd as unknown as string });
    await expect(handle.outcome()).resolves.toMatchObject({
      state: 'cancelled',
      error: { message: 'cancelled by user' },
    });
    expect(
      eventsOf(events, 'control_signal_applied').map(({ signal, accepted, reason }) => [signal, accepted, reason]),
    ).toEqual([
      ['deny', true, undefined],
      ['steer', false, 'no_message'],
      ['steer', false, 'no_message'],
      ['cancel', true, undefined],
    ]);
  });

  it('is config_invalid where it is to be an offset, an agent, or a child, and no reason to refuse a cancel', async () => {
    const { spawn, settle, orchestrator } = createWorld([{ hang: true }]);
    const handle = spawn();
    await settle();
    for (const work of [
      () => orchestrator.replay$(Symbol('first') as unknown as number),
      () => orchestrator.replay$(unreadable as number),
      () => Orchestrator.create(unreadable as Agent),
      () => handle.spawn(unreadable as SubAgentConfig),
    ]) {
      expect(await errorOf(work)).toMatchObject({ code: 'config_invalid' });
    }
    await expect(handle.cancel(unreadable as string, unreadable)).resolves.toEqual({
      accepted: true,
      state: 'cancelled',
    });
  });
});
