import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { SubAgentConfig } from '../../src/config/index.js';
import { TroupeError } from '../../src/domain/errors.js';
import type { ModelRequest } from '../../src/domain/model.js';
import { createRedactor } from '../../src/domain/redact.js';
import { type ScriptedAnswer, type ScriptedFunction, scripted } from '../../src/testing/index.js';
import { lines } from '../support/lines.js';
import { calls, createWorld, errorOf, eventsOf, lastMessage, type WorldOptions } from '../support/world.js';

const Verdict = z.object({ verdict: z.enum(['good', 'bad']) });
const good = '{"verdict":"good"}';
const bad = '{"verdict":"fine"}';
const down = { error: new TroupeError('model_unavailable', 'HTTP 503') };

/** The model gives its answer as the way wants it. */
const ways = [
  { way: 'native', answer: (json: string): ScriptedAnswer => ({ text: json }) },
  { way: 'tool', answer: (json: string): ScriptedAnswer => calls(['final_answer', json]) },
] as const;
type Way = (typeof ways)[number]['way'];

function createFormWorld(way: Way, turns: readonly ScriptedAnswer[] | ScriptedFunction, options: WorldOptions = {}) {
  const model = { ...scripted(turns), structuredOutput: way };
  const world = createWorld([], { ...options, models: { formed: model, ...options.models } });
  const spawn = (config: Partial<SubAgentConfig> = {}) =>
    world.spawn({ model: 'formed', outputSchema: Verdict, ...config });
  return { ...world, model, spawn };
}

const rolesOf = (request: ModelRequest | undefined) => request?.messages.map(({ role }) => role);

describe.each(ways)('a final answer in a form, by the way $way', ({ way, answer }) => {
  it('is the outcome when it fits, as value and as text', async () => {
    const { spawn, settle, model, events } = createFormWorld(way, [calls(['peek', { label: 'a' }]), answer(good)]);
    const handle = spawn();
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({
      success: true,
      structured: { verdict: 'good' },
      output: good,
      turns: 2,
      usage: { requests: 2, repairs: 0, totalTokens: 30 },
    });
    const [first] = model.requests;
    expect(first?.tools.map(({ name }) => name).includes('final_answer')).toBe(way === 'tool');
    expect(first?.output !== undefined).toBe(way === 'native');
    expect(eventsOf(events, 'tool_start').map(({ toolName }) => toolName)).toEqual(['peek']);
    expect(eventsOf(events, 'tool_end').map(({ toolName }) => toolName)).toEqual(['peek']);
  });

  it.each([
    { repairs: 0, wrong: 1, succeeds: false },
    { repairs: 1, wrong: 1, succeeds: true },
    { repairs: 1, wrong: 2, succeeds: false },
    { repairs: 2, wrong: 2, succeeds: true },
    { repairs: 2, wrong: 3, succeeds: false },
    { repairs: 5, wrong: 6, succeeds: false },
  ])('with $repairs repairs and $wrong wrong answers succeeds: $succeeds', async ({ repairs, wrong, succeeds }) => {
    const turns = [...Array.from({ length: wrong }, () => answer(bad)), answer(good)];
    const { spawn, settle, model, events } = createFormWorld(way, turns);
    const handle = spawn({ repairs, maxSteps: 1 }); // repairs are no steps
    await settle();
    const outcome = await handle.outcome();
    const requests = Math.min(wrong, repairs) + 1;
    expect(model.requests).toHaveLength(requests);
    expect(outcome.usage).toMatchObject({ requests, repairs: requests - 1, totalTokens: 15 * requests });
    expect(eventsOf(events, 'turn_start')).toHaveLength(1);
    expect(eventsOf(events, 'retry')).toEqual([]);
    if (succeeds) {
      expect(outcome).toMatchObject({ success: true, structured: { verdict: 'good' }, turns: 1 });
      return;
    }
    expect(outcome).toMatchObject({ state: 'failed', output: bad, error: { code: 'structured_output' } });
    expect(outcome.error?.message).toContain('verdict: ');
    expect(outcome).not.toHaveProperty('structured');
  });

  it('is mended in a history that shows the wrong one and what is wrong with it', async () => {
    const { spawn, settle, model } = createFormWorld(way, [answer(bad), answer(good)]);
    spawn();
    await settle();
    const [, repair] = model.requests;
    expect(rolesOf(repair)).toEqual(['user', 'assistant', way === 'native' ? 'user' : 'tool']);
    expect(lastMessage(repair)).toContain('verdict: ');
    expect(repair?.toolChoice).toBeUndefined();
  });

  it('waits with its repair while paused', async () => {
    const { spawn, clock, settle, model } = createFormWorld(way, (_, index) => {
      const wanted = answer(index === 0 ? bad : good);
      return { ...(typeof wanted === 'function' ? {} : wanted), delayMs: 100 };
    });
    const handle = spawn();
    await clock.advance(50);
    const paused = handle.pause();
    await clock.advance(60_000);
    await expect(paused).resolves.toEqual({ accepted: true, state: 'paused' });
    expect(model.requests).toHaveLength(1);
    expect(handle.info().usage.repairs).toBe(0);
    void handle.resume();
    await settle();
    await clock.advance(100);
    await expect(handle.outcome()).resolves.toMatchObject({ success: true, usage: { requests: 2, repairs: 1 } });
  });

  it('is dropped when the subagent is cancelled while its repair is in flight', async () => {
    const { spawn, clock, model } = createFormWorld(way, [answer(bad), { hang: true }]);
    const handle = spawn();
    await clock.advance(10);
    void handle.cancel();
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ state: 'cancelled', usage: { requests: 2, repairs: 1, unknownRequests: 1 } });
    expect(outcome).not.toHaveProperty('structured');
    await clock.advance(60_000);
    expect(model.requests).toHaveLength(2);
  });

  it('has retries of its own for each repair, and these are one repair', async () => {
    const { spawn, clock, events } = createFormWorld(way, [
      down,
      down,
      down,
      answer(bad),
      down,
      down,
      down,
      answer(good),
    ]);
    const handle = spawn();
    await clock.advance(60_000);
    await expect(handle.outcome()).resolves.toMatchObject({ success: true, usage: { requests: 8, repairs: 1 } });
    expect(eventsOf(events, 'retry').map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('makes room for one more turn when a message is steered while it is in flight', async () => {
    const { spawn, clock, model } = createFormWorld(way, (_, index) => {
      const wanted = answer(index === 0 ? good : '{"verdict":"bad"}');
      return { ...(typeof wanted === 'function' ? {} : wanted), delayMs: 100 };
    });
    const handle = spawn();
    await clock.advance(50);
    handle.steer('look again');
    await clock.advance(200);
    await expect(handle.outcome()).resolves.toMatchObject({ structured: { verdict: 'bad' }, turns: 2 });
    expect(lastMessage(model.requests[1])).toBe('look again');
    const open = model.requests[1]?.messages.filter(({ content }) => content === '(no result yet)');
    expect(open).toEqual([]);
  });

  it('that has been superseded by a steered message is not the outcome of a run that then fails', async () => {
    const { spawn, clock } = createFormWorld(way, (_, index) => {
      if (index > 0) return { error: new TroupeError('model_auth', 'HTTP 401') };
      const wanted = answer(good);
      return { ...(typeof wanted === 'function' ? {} : wanted), delayMs: 100 };
    });
    const handle = spawn();
    await clock.advance(50);
    handle.steer('look again');
    await clock.advance(200);
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ state: 'failed', output: good });
    expect(outcome).not.toHaveProperty('structured');
  });

  it('that was cut at its length limit is mended, whatever it holds', async () => {
    const { spawn, settle, model } = createFormWorld(way, [{ text: good, finish: 'length' }, answer(good)]);
    const handle = spawn();
    await settle();
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ success: true, usage: { repairs: 1 } });
    expect(outcome).not.toHaveProperty('truncated');
    expect(lastMessage(model.requests[1])).toContain('cut off');
    expect(model.requests[1]?.toolChoice).toEqual(way === 'tool' ? { name: 'final_answer' } : undefined);
  });

  it('of no object is asked for in one, and taken out of it', async () => {
    const { spawn, settle } = createFormWorld(way, [answer('{"value":[1,2]}')]);
    const handle = spawn({ outputSchema: z.array(z.int()) });
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ structured: [1, 2], output: '[1,2]' });
  });

  it('is transformed as zod says, while its text stays what the model wrote', async () => {
    const { spawn, settle } = createFormWorld(way, [answer('{"on":"2026-01-02"}')]);
    const Day = z.object({ on: z.string().transform((text) => new Date(text)), note: z.string().default('none') });
    const handle = spawn({ outputSchema: Day });
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({
      structured: { on: new Date('2026-01-02'), note: 'none' },
      output: '{"on":"2026-01-02"}',
    });
  });

  it('holds no secret, and so do the problems of one that does not fit', async () => {
    const secret = 'hunter2hunter2';
    const secrets = createRedactor([secret]);
    const Note = z.object({ note: z.string().max(20) });
    const { spawn, settle } = createFormWorld(way, [answer(`{"note":"${secret}"}`)], { secrets });
    const handle = spawn({ outputSchema: Note });
    await settle();
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ structured: { note: '[redacted]' }, output: '{"note":"[redacted]"}' });
    const strict = createFormWorld(way, [answer(`{"note":"${secret}"}`)], { secrets });
    const failed = strict.spawn({ outputSchema: z.object({ note: z.literal(secret) }), repairs: 0 });
    await strict.settle();
    const error = await failed.outcome();
    expect(error).toMatchObject({ error: { code: 'structured_output' } });
    expect(JSON.stringify(error)).not.toContain(secret);
  });
});

describe('the text of an answer in a form', () => {
  it('is streamed, and taken back by turn_retry when it does not fit', async () => {
    const { spawn, settle, events } = createFormWorld('native', [{ text: ['{"verdict"', ':"fine"}'] }, { text: good }]);
    spawn();
    await settle();
    expect(lines(events).filter((line) => /^(turn|text|retry)/.test(line))).toEqual([
      'turn_start 1',
      'text_delta {"verdict"',
      'text_delta :"fine"}',
      'turn_retry 1',
      `text_delta ${good}`,
      'turn_end 1, 30 tokens',
    ]);
  });

  it('is not taken back when nothing was streamed', async () => {
    const { spawn, settle, events } = createFormWorld('tool', [
      calls(['final_answer', bad]),
      calls(['final_answer', good]),
    ]);
    spawn();
    await settle();
    expect(eventsOf(events, 'turn_retry')).toEqual([]);
  });
});

describe("the answer's tool", () => {
  it('may be left out when the plain text fits', async () => {
    const { spawn, settle } = createFormWorld('tool', [{ text: `Here it is:\n\`\`\`json\n${good}\n\`\`\`` }]);
    const handle = spawn();
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ structured: { verdict: 'good' }, output: good });
  });

  it('is demanded after a plain text that does not fit, and only then', async () => {
    const script = [
      calls(['peek', {}]),
      { text: 'It is good.' },
      calls(['final_answer', bad]),
      calls(['final_answer', good]),
    ];
    const { spawn, settle, model } = createFormWorld('tool', script);
    const handle = spawn();
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ success: true, usage: { repairs: 2 }, turns: 2 });
    const demanded = model.requests.map(({ toolChoice }) => toolChoice?.name);
    expect(demanded).toEqual([undefined, undefined, 'final_answer', undefined]);
  });

  it('called beside other tools is not taken, and these are run', async () => {
    const script = [calls(['final_answer', good], ['note', { label: 'a' }]), calls(['final_answer', good])];
    const { spawn, settle, model, effects, events } = createFormWorld('tool', script);
    const handle = spawn();
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ success: true, turns: 2, usage: { repairs: 0 } });
    expect(effects).toEqual(['a']);
    expect(eventsOf(events, 'tool_end').map(({ toolName }) => toolName)).toEqual(['note']);
    expect(model.requests[1]?.messages.slice(1)).toMatchObject([
      { role: 'assistant', toolCalls: [{ name: 'final_answer' }, { name: 'note' }] },
      { role: 'tool', isError: true, content: expect.stringContaining('alone') },
      { role: 'tool', content: 'noted a' },
    ]);
  });

  it('called twice in one turn is taken once', async () => {
    const { spawn, settle } = createFormWorld('tool', [
      calls(['final_answer', good], ['final_answer', '{"verdict":"bad"}']),
    ]);
    const handle = spawn();
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ structured: { verdict: 'good' } });
  });

  it('called with broken JSON is mended, and the broken text is not sent back', async () => {
    const { spawn, settle, model } = createFormWorld('tool', [
      calls(['final_answer', '{"verdict":']),
      calls(['final_answer', good]),
    ]);
    const handle = spawn();
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ success: true, usage: { repairs: 1 } });
    expect(model.requests[1]?.messages[1]).toMatchObject({ toolCalls: [{ arguments: '{}' }] });
    expect(lastMessage(model.requests[1])).toContain('not valid JSON');
  });

  it('is named apart from a tool of the same name, which stays an ordinary one', async () => {
    const script = [calls(['final_answer', {}]), calls(['final_answer_2', good])];
    const { spawn, settle, runtime } = createFormWorld('tool', script);
    const peek = runtime.tools.get('peek');
    if (!peek) throw new Error('the world has a peek');
    const handle = spawn({ tools: [{ ...peek, name: 'final_answer' }] });
    await settle();
    await expect(handle.outcome()).resolves.toMatchObject({ structured: { verdict: 'good' }, turns: 2 });
  });
});

describe('a form', () => {
  it('that cannot be used is told at the spawn, before anything runs', async () => {
    const { spawn, events, settle } = createFormWorld('native', []);
    for (const outputSchema of [null, 'text', true, { type: 'nothing' }, z.object({ at: z.date() })]) {
      const error = await errorOf(() => spawn({ outputSchema: outputSchema as never })); // wrong on purpose
      expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('outputSchema: ') });
    }
    await settle();
    expect(events).toEqual([]);
  });

  it.each([-1, 6, 1.5, '2'])('takes 0 to 5 repairs, not %j', async (repairs) => {
    const { spawn } = createFormWorld('native', []);
    const error = await errorOf(() => spawn({ repairs: repairs as never })); // wrong on purpose
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('repairs: ') });
  });

  it('is told in subagent_started as JSON Schema', async () => {
    const { spawn, settle, events } = createFormWorld('native', [{ text: good }]);
    spawn();
    await settle();
    const [started] = eventsOf(events, 'subagent_started');
    expect(started?.config.outputSchema).toMatchObject({ type: 'object', required: ['verdict'] });
    expect(JSON.parse(JSON.stringify(started))).toEqual(started);
  });

  it('does not bind side questions', async () => {
    const { spawn, clock, model } = createFormWorld('tool', (request) =>
      request.tools.length === 0
        ? { text: 'soon' }
        : { ...{ toolCalls: [{ name: 'final_answer', args: good }] }, delayMs: 100 },
    );
    const handle = spawn();
    await clock.advance(10);
    await expect(handle.btw('when?')).resolves.toBe('soon');
    expect(model.requests[1]).toMatchObject({ tools: [] });
    await clock.advance(100);
    await expect(handle.outcome()).resolves.toMatchObject({ structured: { verdict: 'good' } });
  });

  it('whose check takes its time does not hold up a cancel, and what it says then is dropped', async () => {
    let say: (fits: boolean) => void = () => {};
    const checked = new Promise<boolean>((resolve) => {
      say = resolve;
    });
    const Slow = Verdict.refine(() => checked);
    const { spawn, clock, events } = createFormWorld('native', [{ text: good }]);
    const handle = spawn({ outputSchema: Slow });
    await clock.advance(10);
    void handle.cancel();
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'cancelled' });
    say(false);
    await clock.advance(60_000);
    expect(events.at(-1)?.type).toBe('subagent_completed');
    expect(handle.info().usage).toMatchObject({ requests: 1, repairs: 0 });
  });
});
