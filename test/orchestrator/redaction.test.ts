import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { MemoryEventBus } from '../../src/bus/index.js';
import { TroupeError } from '../../src/domain/errors.js';
import { createRedactor } from '../../src/domain/redact.js';
import type { ScriptedTurn } from '../../src/testing/index.js';
import { calls, createWorld, errorOf, eventsOf, lastMessage } from '../support/world.js';

const SECRET = 'hunter2-hunter2/"quoted"';
const secrets = createRedactor([SECRET]);
/** How the secret could show: as it is, and within JSON. */
const shows = (value: unknown) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.includes(SECRET) || text.includes(JSON.stringify(SECRET).slice(1, -1));
};

const leaky = defineTool({
  name: 'leaky',
  description: 'Tells everything.',
  input: z.object({ with: z.string(), fail: z.boolean().default(false) }),
  run: ({ with: text, fail }, { emit, progress, setTasks }) => {
    emit(`pieces: ${text.slice(0, 9)}`);
    emit(`${text.slice(9)}.`);
    progress({ step: 1, message: text });
    setTasks([{ content: text, status: 'pending' }]);
    if (fail) throw new Error(`failed with ${text}`);
    return `got ${text}`;
  },
});

describe('a registered secret', () => {
  it('never shows in an event, an info, an outcome, an error, a snapshot or on the bus, wherever it came in', async () => {
    const bus = new MemoryEventBus();
    const turns: ScriptedTurn[] = [
      {
        reasoning: [`think ${SECRET.slice(0, 4)}`, SECRET.slice(4)],
        text: ['It is ', SECRET.slice(0, 12), SECRET.slice(12, 20), `${SECRET.slice(20)}!`],
        toolCalls: [
          { name: 'leaky', args: { with: SECRET } },
          { name: 'leaky', args: { with: SECRET, fail: true, [SECRET]: 'as a key' } },
          { name: 'leaky', args: `{"with": "${SECRET}` },
          { name: SECRET, args: {} },
          { name: 'leaky', args: { with: 7, [SECRET]: 1 } },
        ],
      },
      { error: new TroupeError('model_unavailable', `HTTP 503 for key ${SECRET}`) },
      { text: `again ${SECRET}`, error: new TroupeError('model_auth', `HTTP 401: bad key ${SECRET}`) },
    ];
    const world = createWorld((request) => (request.tools.length === 0 ? { text: SECRET } : (turns.shift() ?? {})), {
      secrets,
      tools: [leaky],
      bus,
      approvals: 'wait',
    });
    const { clock, spawn, orchestrator, events, model } = world;
    const sent: unknown[] = [];
    bus.messages$('agent.>').subscribe((message) => sent.push(message));
    const infos: unknown[] = [];
    const snapshots: unknown[] = [];
    orchestrator.events$.subscribe((event) => {
      infos.push(orchestrator.listSubagents(), orchestrator.getActiveActivities());
      const { subagentId = '' } = event;
      snapshots.push(orchestrator.getHandle(subagentId)?.actor.getPersistedSnapshot());
      const request = event.type === 'permission_request' ? event.requestId : undefined;
      if (request?.startsWith('call1')) orchestrator.getHandle(event.subagentId ?? '')?.approve(request);
      if (request?.startsWith('call2')) orchestrator.getHandle(event.subagentId ?? '')?.approve(request);
    });
    const handle = spawn({
      agentType: 'asker',
      prompt: `log in with ${SECRET}`,
      description: `about ${SECRET}`,
      metadata: { note: SECRET, deep: [{ x: SECRET }] },
    });
    void handle.btw(`what is ${SECRET}?`).catch(() => {});
    await clock.advance(60_000);
    expect(handle.state()).toBe('failed');
    const error = await errorOf(() => handle.wait());

    // It was there: the model and the tool saw it.
    expect(model.requests.some((request) => shows(request))).toBe(true);
    for (const type of [
      'tool_output_delta',
      'subagent_progress',
      'tasks_updated',
      'permission_request',
      'retry',
      'btw_answer',
      'error',
    ] as const) {
      expect(eventsOf(events, type).length).toBeGreaterThan(0);
    }
    expect(events.filter(shows)).toEqual([]);
    expect(infos.filter(shows)).toEqual([]);
    expect(snapshots.filter(shows)).toEqual([]);
    expect(sent.filter(shows)).toEqual([]);
    expect(shows(await handle.outcome())).toBe(false);
    expect(shows([error.message, String(error.stack), String(error.cause ?? '')])).toBe(false);
    // Nor in pieces: what the deltas say together.
    for (const type of ['text_delta', 'reasoning_delta', 'tool_output_delta'] as const) {
      expect(
        shows(
          eventsOf(events, type)
            .map(({ text }) => text)
            .join(''),
        ),
      ).toBe(false);
    }
    expect(
      eventsOf(events, 'text_delta')
        .map(({ text }) => text)
        .join(''),
    ).toContain('It is [redacted]!');
  });

  it('is out of an answer, its wait and a side answer, while the text around it stays', async () => {
    const { settle, spawn } = createWorld((request) => ({ text: `${lastMessage(request)} is ${SECRET}, I think` }), {
      secrets,
    });
    const handle = spawn({ prompt: 'the key' });
    const aside = handle.btw('the other');
    await settle();
    await expect(handle.wait()).resolves.toBe('the key is [redacted], I think');
    await expect(aside).resolves.toBe('the other is [redacted], I think');
  });

  it('is out of the reason of a cancel and of a no', async () => {
    const { settle, spawn, model, events } = createWorld([calls(['note', {}]), { hang: true }], {
      secrets,
      approvals: 'wait',
    });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    handle.deny('call1#1', `not with ${SECRET}`);
    await settle();
    expect(lastMessage(model.requests[1])).toBe('not run: not with [redacted]');
    void handle.cancel(`because of ${SECRET}`);
    await settle();
    expect(events.filter(shows)).toEqual([]);
    expect(handle.info().error?.message).toBe('because of [redacted]');
  });

  it('is out of the chart also when it was sent to the actor itself, and reaches the model', async () => {
    const { settle, spawn, model } = createWorld([{ text: 'done' }], { secrets });
    const handle = spawn();
    void handle.pause();
    handle.actor.send({ type: 'STEER', message: `try ${SECRET}` });
    expect(handle.actor.getSnapshot().context.steering).toEqual(['try [redacted]']);
    void handle.resume();
    await settle();
    expect(model.requests.map(lastMessage)).toContain(`try ${SECRET}`);
  });

  it('does not hold back text that only looks like its beginning for longer than needed', async () => {
    const { settle, spawn, events } = createWorld([{ text: ['it is hunt', 'ing season, hun', 't'] }], { secrets });
    spawn();
    await settle();
    expect(eventsOf(events, 'text_delta').map(({ text }) => text)).toEqual(['it is ', 'hunting season, ', 'hunt']);
  });
});
