import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { Agent } from '../../src/agent/index.js';
import type { AgentOptions, SessionOptions } from '../../src/config/index.js';
import { Session } from '../../src/session/index.js';
import { type ScriptedAnswer, scripted, VirtualClock } from '../../src/testing/index.js';
import { calls, errorOf, eventsOf, type typesOf } from '../support/world.js';

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'troupe-session-')));
});
afterAll(() => rm(folder, { recursive: true }));

const effects: string[] = [];
const ring = defineTool({
  name: 'ring',
  description: 'Rings.',
  input: z.object({ times: z.number().default(1) }),
  run: ({ times }, { workspace }) => {
    effects.push(`${times} in ${workspace}`);
    return 'rang';
  },
});

async function open(turns: readonly ScriptedAnswer[], options: SessionOptions = {}, agentOptions: AgentOptions = {}) {
  effects.length = 0;
  const clock = new VirtualClock();
  const model = scripted(turns);
  const agent = await Agent.create(undefined, { defaultModel: model, clock, ...agentOptions });
  const session = Session.open(agent.runtime, folder, options);
  onTestFinished(() => session.close());
  return { clock, model, agent, session };
}
const spec = { agentType: 'general', prompt: 'do it' };
const rings = [calls(['ring', {}]), { text: 'done' }];

describe('a session that cannot work', () => {
  it('is refused when it is opened, not at its first spawn', async () => {
    const { runtime } = await Agent.create(undefined, { defaultModel: scripted([]) });
    expect(await errorOf(() => Session.open(runtime, join(folder, 'missing'), {}))).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('workspace'),
    });
    expect(await errorOf(() => Session.open(runtime, folder, { permissions: { deny: ['bash(()'] } }))).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('bash(()'),
    });
    expect(await errorOf(() => Session.open(runtime, folder, { model: 'nope' }))).toMatchObject({
      code: 'config_invalid',
    });
  });
});

describe('a session', () => {
  it('binds its subagents to its workspace and its tools', async () => {
    const { clock, session, model } = await open(rings, { tools: [ring], permissive: true });
    const handle = session.orchestrator.spawnSubagent(spec);
    await clock.advance(0);
    await expect(handle.wait()).resolves.toBe('done');
    expect(effects).toEqual([`1 in ${folder}`]);
    expect(model.requests[0]?.system).toContain(folder);
  });

  it("lets the read-only tools of the program run without a rule, the agent's and its own, and asks for others", async () => {
    const peek = (name: string) =>
      defineTool({ name, description: 'Looks.', input: z.object({}), readOnly: true, run: () => `${name} saw` });
    const turns = [calls(['peek_a', {}], ['peek_s', {}], ['ring', {}]), { text: 'done' }];
    const { clock, session, model } = await open(turns, { tools: [peek('peek_s'), ring] }, { tools: [peek('peek_a')] });
    session.orchestrator.spawnSubagent(spec);
    await clock.advance(0);
    const told = model.requests[1]?.messages.flatMap((message) => (message.role === 'tool' ? [message.content] : []));
    expect(told).toEqual(['peek_a saw', 'peek_s saw', expect.stringContaining('nobody is there to ask')]);
    expect(effects).toEqual([]);
  });

  it('queues at its limit, where an orchestrator of its own would refuse', async () => {
    const { clock, session } = await open([{ text: 'a', delayMs: 10 }, { text: 'b' }], {
      orchestrator: { maxConcurrentSubagents: 1 },
    });
    const [first, second] = [session.orchestrator.spawnSubagent(spec), session.orchestrator.spawnSubagent(spec)];
    expect([first.state(), second.state()]).toEqual(['running', 'pending']);
    await clock.advance(10);
    await expect(session.orchestrator.waitAll()).resolves.toHaveLength(2);
  });

  it('refuses at its limit when it is told to', async () => {
    const { session } = await open([{ hang: true }], {
      orchestrator: { maxConcurrentSubagents: 1, onLimit: 'reject' },
    });
    session.orchestrator.spawnSubagent(spec);
    expect((await errorOf(() => session.orchestrator.spawnSubagent(spec))).code).toBe('concurrency_limit');
  });

  it.each<[string, SessionOptions, readonly string[]]>([
    ['nothing said: asked, and nobody is there', {}, []],
    ['permissive', { permissive: true }, ['1']],
    ['an allow rule', { permissions: { allow: ['ring'] } }, ['1']],
    ['permissive, but a deny rule', { permissive: true, permissions: { deny: ['ring'] } }, []],
    ['permissive, but a default of deny', { permissive: true, permissions: { default: 'deny' } }, []],
    ['a confirm', { confirm: () => 'allow' as const }, ['1']],
    ['a confirm that says no', { confirm: () => 'deny' as const }, []],
  ])('gives its permissions to its subagents: %s', async (_what, options, expected) => {
    const { clock, session } = await open(rings, { tools: [ring], ...options });
    const handle = session.orchestrator.spawnSubagent(spec);
    await clock.advance(0);
    await expect(handle.wait()).resolves.toBe('done');
    expect(effects.map((effect) => effect[0])).toEqual(expected);
  });

  it('lets its own confirm come before the agent’s, which holds where it has none', async () => {
    const asked: string[] = [];
    const by = (who: string) => () => {
      asked.push(who);
      return 'deny' as const;
    };
    for (const options of [{}, { confirm: by('session') }]) {
      const { clock, session } = await open(rings, { tools: [ring], ...options }, { confirm: by('agent') });
      session.orchestrator.spawnSubagent(spec);
      await clock.advance(0);
    }
    expect(asked).toEqual(['agent', 'session']);
  });

  it('may wait for approvals', async () => {
    const { clock, session } = await open(rings, { tools: [ring], approvals: 'wait', confirmTimeoutMs: 1_000 });
    const handle = session.orchestrator.spawnSubagent(spec);
    await clock.advance(0);
    expect(handle.activity()).toMatchObject({ activityType: 'waiting_for_control', requests: ['call1#1'] });
    handle.approve('call1#1');
    await clock.advance(0);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('has a model of its own for those that name none', async () => {
    const other = scripted([{ text: 'from the other' }, { text: 'again' }]);
    const third = scripted([{ text: 'from the third' }]);
    const { clock, session } = await open([], { model: 'other' }, { models: { other, third } });
    const plain = session.orchestrator.spawnSubagent(spec);
    const named = session.orchestrator.spawnSubagent({ ...spec, model: 'third' });
    await clock.advance(0);
    await expect(plain.wait()).resolves.toBe('from the other');
    await expect(named.wait()).resolves.toBe('from the third');
  });

  it('closes its orchestrator: streams complete, later spawns are refused, twice is the same as once', async () => {
    const { clock, session } = await open([{ hang: true }]);
    const handle = session.orchestrator.spawnSubagent(spec);
    const events: Parameters<typeof typesOf>[0][number][] = [];
    let over = false;
    session.events$.subscribe({ next: (event) => events.push(event), complete: () => (over = true) });
    await clock.advance(0);
    await session.close();
    await session[Symbol.asyncDispose]();
    expect(handle.state()).toBe('cancelled');
    expect(over).toBe(true);
    expect(eventsOf(events, 'subagent_completed')).toMatchObject([{ by: 'shutdown' }]);
    expect((await errorOf(() => session.orchestrator.spawnSubagent(spec))).code).toBe('closed');
    expect((await errorOf(() => session.close({ mode: 'suspend' }))).code).toBe('config_invalid');
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown key', { modle: 'x' }, /modle/],
    ['tools that are none', { tools: ['read'] }, /tools/],
    ['a bad rule', { permissions: { allow: [7] } }, /permissions/],
    ['an unknown key of the orchestrator', { orchestrator: { limit: 3 } }, /limit/],
    ['a bad limit', { orchestrator: { maxConcurrentSubagents: -1 } }, /maxConcurrentSubagents/],
    ['an unknown model', { model: 'nothing' }, /nothing/],
  ])('says what is wrong with its options: %s', async (_what, options, message) => {
    const error = await errorOf(() => open([], options as SessionOptions));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
  });

  it.each([
    ['empty', ''],
    ['no text', 7],
    ['missing', '/nowhere/at/all'],
  ])('says what is wrong with its workspace: %s', async (_what, workspace) => {
    const agent = await Agent.create(undefined, { defaultModel: scripted([]) });
    const error = await errorOf(() =>
      Session.open(agent.runtime, workspace as string, {}).orchestrator.spawnSubagent(spec),
    );
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain('workspace');
  });

  it('remembers an always for all its subagents', async () => {
    let asked = 0;
    const { clock, session } = await open([...rings, ...rings], {
      tools: [ring],
      confirm: () => {
        asked += 1;
        return 'always';
      },
    });
    for (let count = 0; count < 2; count++) {
      session.orchestrator.spawnSubagent(spec);
      await clock.advance(0);
    }
    expect(effects).toHaveLength(2);
    expect(asked).toBe(1);
  });
});
