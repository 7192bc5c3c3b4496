import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { createRedactor } from '../../src/domain/redact.js';
import type { Tool } from '../../src/domain/tool.js';
import { calls, createWorld, eventsOf, lastMessage } from '../support/world.js';

const SECRET = 'correct-horse-battery';

function tool(name: string, run: Parameters<typeof defineTool>[0]['run'], more: Partial<Tool> = {}): Tool {
  return { ...defineTool({ name, description: name, input: z.object({}), run }), ...more };
}

describe('a tool written without types', () => {
  it.each([
    ['a promise', async () => ({ kind: 'host', host: 'example.org' })],
    ['nothing', () => undefined],
    ['null', () => null],
    ['a kind without its text', () => ({ kind: 'path' })],
  ])('that names %s as its subject does not run, whatever is permitted', async (_, subject) => {
    let runs = 0;
    const deploy = tool('deploy', () => `run ${++runs}`, {
      subject: subject as unknown as NonNullable<Tool['subject']>,
    });
    const { spawn, settle, model } = createWorld([calls(['deploy', {}]), { text: 'done' }], { tools: [deploy] });
    spawn({ permissive: true, permissiveDeny: ['deploy(example.org)'] });
    await settle();
    expect(runs).toBe(0);
    expect(lastMessage(model.requests[1])).toContain('neither a path, a command nor a host');
  });

  it.each([
    ['progress', (context: { progress(value: unknown): void }) => context.progress({ step: 'x', message: 3 })],
    ['setTasks', (context: { setTasks(value: unknown): void }) => context.setTasks('junk')],
  ])('is told what is wrong with its %s, and no reader sees it', async (what, act) => {
    const odd = tool('odd', (_, context) => {
      act(context as never);
      return 'fine';
    });
    const { spawn, settle, model, events } = createWorld([calls(['odd', {}]), { text: 'done' }], { tools: [odd] });
    const handle = spawn();
    await settle();
    expect(lastMessage(model.requests[1])).toContain(`${what}: expected`);
    expect(handle.info().tasks).toEqual([]);
    expect(eventsOf(events, 'subagent_progress')).toEqual([]);
  });

  it('cannot say in the name of another subagent how far it is', async () => {
    const forging = tool('forging', (_, { progress }) => {
      progress({ step: 1, message: 'hm', ...{ subagentId: 'subagent-77', seq: 999 } });
      return 'fine';
    });
    const { spawn, settle, events } = createWorld([calls(['forging', {}]), { text: 'done' }], { tools: [forging] });
    spawn();
    await settle();
    expect(events.map((event) => 'seq' in event && event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(new Set(events.map(({ subagentId }) => subagentId))).toEqual(new Set(['subagent-1']));
  });

  it('that leaves its children behind keeps its call open until the lent slot is back', async () => {
    const leaving = tool('leaving', (_, { awaitChildren }) => {
      void awaitChildren(() => new Promise(() => {}));
      return 'gone';
    });
    const { spawn, settle, orchestrator } = createWorld(
      (request) => (request.messages.length === 1 ? { toolCalls: [{ name: 'leaving', args: {} }] } : { hang: true }),
      { tools: [leaving], maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    const first = spawn();
    spawn();
    await settle();
    expect(
      orchestrator.getActiveActivities().filter(({ activity }) => activity.activityType === 'requesting_llm'),
    ).toEqual([]);
    await first.cancel();
    expect(first.state()).toBe('cancelled');
  });
});

describe('a tool whose schema never says whether it is content', () => {
  const waiting = defineTool({
    name: 'waiting',
    description: 'Waits.',
    input: z.object({}).refine(() => new Promise<boolean>(() => {})),
    readOnly: true,
    run: () => 'ran',
  });

  it('is given up after 10 s: its call is told to the model, and the others of the turn run', async () => {
    const { spawn, clock, model, effects } = createWorld(
      [calls(['waiting', {}], ['waiting', {}], ['note', { label: 'a' }]), { text: 'done' }],
      { tools: [waiting] },
    );
    const handle = spawn();
    await clock.advance(9_999);
    expect(effects).toEqual([]);
    await clock.advance(1);
    expect(effects).toEqual(['a']);
    expect(model.requests[1]?.messages.map(({ content }) => content).slice(2)).toEqual([
      'The arguments of waiting could not be checked: it took longer than 10000 ms',
      'The arguments of waiting could not be checked: it took longer than 10000 ms',
      'noted a',
    ]);
    await expect(handle.wait()).resolves.toBe('done');
    expect(clock.pending).toBe(0);
  });

  it('lets a pause come to rest', async () => {
    const { spawn, clock, settle } = createWorld([calls(['waiting', {}]), { text: 'done' }], { tools: [waiting] });
    const handle = spawn();
    await settle();
    const rest = handle.pause();
    await clock.advance(10_000);
    await expect(rest).resolves.toEqual({ accepted: true, state: 'paused' });
  });

  it('is let go at once by a cancel, and leaves no timer', async () => {
    const { spawn, clock, settle } = createWorld([calls(['waiting', {}])], { tools: [waiting] });
    const handle = spawn();
    await settle();
    await handle.cancel();
    await settle();
    expect(handle.state()).toBe('cancelled');
    expect(clock.pending).toBe(0);
  });

  it('counts as an answer that does not fit where it is the schema of the answer', async () => {
    const outputSchema = z.object({ a: z.string() }).refine(() => new Promise<boolean>(() => {}));
    const { spawn, clock } = createWorld([{ text: '{"a":"x"}' }, { text: '{"a":"x"}' }]);
    const handle = spawn({ outputSchema, repairs: 1 });
    await clock.advance(20_000);
    await expect(handle.outcome()).resolves.toMatchObject({
      state: 'failed',
      error: { code: 'structured_output', message: expect.stringContaining('it took longer than 10000 ms') },
    });
    expect(clock.pending).toBe(0);
  });
});

describe('a secret in what a person says', () => {
  it('reaches the model by a steered message, but no snapshot', async () => {
    const { spawn, clock, model } = createWorld([{ text: 'one', delayMs: 10 }, { text: 'two' }], {
      secrets: createRedactor([SECRET]),
    });
    const handle = spawn();
    await clock.advance(1);
    handle.steer(`use ${SECRET}`);
    expect(JSON.stringify(handle.actor.getPersistedSnapshot())).not.toContain(SECRET);
    await clock.advance(20);
    expect(lastMessage(model.requests[1])).toBe(`use ${SECRET}`);
  });

  it('is in no snapshot after a cancel, and in no error of a side question', async () => {
    const { spawn, settle } = createWorld([{ hang: true }], { secrets: createRedactor([SECRET]) });
    const handle = spawn();
    const aside = handle.btw(`is ${SECRET} right?`).catch((error: Error) => error.message);
    await settle();
    await handle.cancel(`since ${SECRET} is out`);
    expect(await aside).not.toContain(SECRET);
    expect(JSON.stringify(handle.actor.getPersistedSnapshot())).not.toContain(SECRET);
  });
});

it('the orchestrator’s actor stopped by hand ends all that is left', async () => {
  const { spawn, settle, orchestrator } = createWorld([{ hang: true }]);
  const handle = spawn();
  await settle();
  orchestrator.actor.stop();
  await expect(handle.outcome()).resolves.toMatchObject({ state: 'cancelled', by: 'shutdown' });
  await orchestrator.close();
});

describe('what is handed out', () => {
  it('cannot be changed for others: outcome, info, config, and the arguments that a confirm sees', async () => {
    const seen: unknown[] = [];
    const { spawn, settle, events, effects } = createWorld([calls(['note', { label: 'a' }]), { text: 'done' }], {
      confirm: (request) => {
        expect(() => Object.assign(request.args as object, { label: 'evil' })).toThrow(TypeError);
        seen.push(request.args);
        return 'allow';
      },
    });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    expect(seen).toEqual([{ label: 'a' }]);
    expect(effects).toEqual(['a']);
    expect(eventsOf(events, 'tool_start').map(({ args }) => args)).toEqual([{ label: 'a' }]);
    const outcome = await handle.outcome();
    expect(() => Object.assign(outcome, { success: false })).toThrow(TypeError);
    expect(() => Object.assign(outcome.usage, { requests: 99 })).toThrow(TypeError);
    expect(() => Object.assign(handle.config, { agentType: 'x' })).toThrow(TypeError);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('leaves the conversation as it is when a provider marks up its request', async () => {
    const seen: string[][] = [];
    const { spawn, settle } = createWorld((request) => {
      seen.push(request.messages.map(({ content }) => content));
      for (const message of request.messages) Object.assign(message, { content: 'marked' });
      return request.messages.length < 3 ? { toolCalls: [{ name: 'peek', args: {} }] } : { text: 'done' };
    });
    spawn({ prompt: 'as it was said' });
    await settle();
    expect(seen.at(-1)).toEqual(['as it was said', '', 'peeked ']);
  });
});
