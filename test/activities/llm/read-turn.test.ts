import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ModelFault, readTurn, type ScriptedTurn, scripted } from '../../../src/activities/llm/index.js';
import { RateLimitedError, TroupeError, type TroupeErrorCode } from '../../../src/domain/errors.js';
import type { ModelChunk, ModelProvider } from '../../../src/domain/model.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';

const REQUEST = { system: '', messages: [], tools: [] };

function read(model: ModelProvider, { clock = new VirtualClock(), controller = new AbortController() } = {}) {
  const heard: string[] = [];
  const turn = readTurn(model, REQUEST, {
    clock,
    signal: controller.signal,
    onText: (text) => heard.push(text),
    onReasoning: (text) => heard.push(`(${text})`),
  });
  return { turn, heard, clock, controller };
}

/** A provider made of chunks, or of anything else that a careless author may yield. */
function streaming(stream: () => AsyncIterable<unknown>): ModelProvider {
  return { name: 'own', stream: () => stream() as AsyncIterable<ModelChunk> }; // the lie is what is tested
}

const play = (...turns: ScriptedTurn[]) => read(scripted(turns));

async function faultOf(turn: Promise<unknown>): Promise<ModelFault> {
  const thrown = await turn.then(
    () => 'no fault',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ModelFault);
  return thrown as ModelFault; // checked above
}

describe('a turn', () => {
  it('is text, calls and usage at its finish reason, with each delta handed on as it came', async () => {
    const { turn, heard } = play({
      reasoning: 'hm',
      text: ['he', '', 'llo'],
      toolCalls: [
        { name: 'ls', args: {}, id: 'p1' },
        { name: 'ls', args: '{' },
      ],
    });
    expect(await turn).toEqual({
      text: 'hello',
      toolCalls: [
        { providerId: 'p1', name: 'ls', arguments: '{}' },
        { name: 'ls', arguments: '{' },
      ],
      finishReason: 'tool_calls',
      truncated: false,
      usage: { inputTokens: 10, outputTokens: 5 },
    });
    expect(heard).toEqual(['(hm)', 'he', 'llo']);
  });

  it('may be empty', async () => {
    expect(await play({}).turn).toMatchObject({ text: '', finishReason: 'stop' });
  });

  it('trusts the presence of calls, not the label', async () => {
    expect(await play({ toolCalls: [{ name: 'ls', args: {} }], finish: 'stop' }).turn).toMatchObject({
      finishReason: 'tool_calls',
    });
    expect(await play({ text: 'a', finish: 'tool_calls' }).turn).toMatchObject({ finishReason: 'stop' });
  });

  it('drops the calls of an answer that was cut at its length, and counts them', async () => {
    const { turn } = play({ text: 'a', toolCalls: [{ name: 'ls', args: '{"pa' }], finish: 'length' });
    expect(await turn).toMatchObject({ truncated: true, finishReason: 'length', toolCalls: [] });
  });

  it.each([
    { inputTokens: -1, outputTokens: 5 },
    { inputTokens: Number.NaN, outputTokens: 5 },
    { inputTokens: 1.5, outputTokens: 5 },
  ])('believes no usage of %o', async (usage) => {
    const { turn, clock } = play({ text: 'a', usage });
    await clock.advance(2_000);
    expect((await turn).usage).toBeUndefined();
  });

  it('waits 2 s at most for usage behind the finish reason, and then leaves the stream', async () => {
    let isLeft = false;
    const model = streaming(async function* () {
      yield { type: 'finish', reason: 'stop' };
      yield { type: 'reasoning_delta', text: 'late' };
      try {
        yield { type: 'text_delta', text: '' };
        await new Promise(() => {});
      } finally {
        isLeft = true;
      }
    });
    const { turn, clock } = read(model);
    let isSettled = false;
    void turn.then(() => {
      isSettled = true;
    });
    await clock.advance(1_999);
    expect(isSettled).toBe(false);
    await clock.advance(1);
    expect(await turn).toMatchObject({ finishReason: 'stop' });
    expect(clock.pending).toBe(0);
    expect(isLeft).toBe(false); // it never lets go by itself: nobody waited for that
  });

  it('leaves a stream that goes on after finish reason and usage', async () => {
    let isLeft = false;
    const model = streaming(async function* () {
      try {
        yield { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } };
        yield { type: 'finish', reason: 'stop' };
        yield { type: 'text_delta', text: 'never read' };
      } finally {
        isLeft = true;
      }
    });
    const { turn, clock } = read(model);
    expect(await turn).toMatchObject({ text: '' });
    await clock.advance(0);
    expect(isLeft).toBe(true);
  });
});

describe('a turn fails', () => {
  it.each<[string, ScriptedTurn, TroupeErrorCode]>([
    ['without a finish reason', { text: 'a', finish: 'none' }, 'model_unavailable'],
    ['at a content filter', { text: 'a', finish: 'content_filter' }, 'model_refused'],
    ['at a refusal', { text: 'a', finish: 'refusal' }, 'model_refused'],
    ['when an announced call never comes', { finish: 'tool_calls' }, 'bad_response'],
    ['as its provider says', { error: new TroupeError('context_overflow', 'too long') }, 'context_overflow'],
  ])('%s', async (_how, turn, code) => {
    const fault = await faultOf(play(turn).turn);
    expect(fault.code).toBe(code);
    expect(fault.message).toMatch(/^scripted: /);
  });

  it('and tells what it had cost and streamed', async () => {
    const usage = { inputTokens: 3, outputTokens: 1 };
    const error = new RateLimitedError('slow', 700);
    expect(await faultOf(play({ text: ['a', 'b'], usage, error }).turn)).toMatchObject({
      code: 'rate_limited',
      usage,
      text: 'ab',
      streamedText: true,
      retryAfterMs: 700,
      cause: error,
    });
    expect(await faultOf(play({ error }).turn)).toMatchObject({ streamedText: false, text: '' });
    expect(await faultOf(play({ reasoning: 'hm', error }).turn)).toMatchObject({ streamedText: true, text: '' });
  });

  it.each<[string, () => unknown, TroupeErrorCode]>([
    ['a broken connection', () => Object.assign(new Error('read'), { code: 'ECONNRESET' }), 'model_unavailable'],
    ['a cut body', () => new TypeError('terminated'), 'model_unavailable'],
    ['a failed fetch', () => new TypeError('fetch failed', { cause: { code: 'UND_ERR_SOCKET' } }), 'model_unavailable'],
    ['a defect of the provider', () => new TypeError('x is not a function'), 'bad_response'],
    ['a string', () => 'oops', 'bad_response'],
    ['nothing', () => undefined, 'bad_response'],
  ])('as one of ours where a provider throws %s', async (_what, thrown, code) => {
    const later = streaming(async function* () {
      yield { type: 'text_delta', text: 'a' };
      throw thrown();
    });
    expect(await faultOf(read(later).turn)).toMatchObject({ code, text: 'a' });
    const atOnce = streaming(() => {
      throw thrown();
    });
    expect(await faultOf(read(atOnce).turn)).toMatchObject({ code });
  });

  it('without telling the secrets in what was thrown', async () => {
    const secret = `sk-${'a1'.repeat(12)}`;
    const fault = await faultOf(
      read(
        streaming(() => {
          throw new Error(`bad key ${secret}\u001b[2J`);
        }),
      ).turn,
    );
    expect(fault.message).toBe('own: bad key [redacted][2J');
    expect(JSON.stringify([fault.stack, fault.cause])).not.toContain(secret);
  });

  it.each<[unknown, string]>([
    [null, 'a chunk that is no object but null'],
    ['text', 'a chunk that is no object but of type string'],
    [{ type: 'mystery' }, 'a chunk of an unknown type'],
    [{ type: 'usage' }, 'a usage chunk without usage'],
    [{ type: 'text_delta', text: 5 }, 'a text_delta whose text is no string'],
    [{ type: 'reasoning_delta' }, 'a reasoning_delta whose text is no string'],
    [{ type: 'tool_call', arguments: '{}' }, 'a tool_call whose name is no string'],
    [{ type: 'tool_call', name: 'ls', arguments: {} }, 'a tool_call whose arguments are no JSON text'],
    [{ type: 'tool_call', name: 'ls', arguments: '', id: 5 }, 'a tool_call whose id is no string'],
    [{ type: 'finish', reason: 'done' }, 'an unknown finish reason; known are stop, tool_calls'],
    [{ type: 'finish', reason: 'toString' }, 'an unknown finish reason'],
  ])('at a chunk that is none, with the name of its provider: %o', async (chunk, problem) => {
    const model = streaming(async function* () {
      yield chunk;
    });
    const fault = await faultOf(read(model).turn);
    expect(fault.code).toBe('bad_response');
    expect(fault.message).toContain(`own: the stream holds ${problem}`);
  });

  it.each([
    ['nothing', null, 'own: null'],
    ['a text', 'no luck', 'own: no luck'],
  ])('with words, where its provider throws %s', async (_, thrown, message) => {
    const model = streaming(() => {
      throw thrown;
    });
    expect(await faultOf(read(model).turn)).toMatchObject({ code: 'bad_response', message });
  });

  it('in words for its author, where its provider gives no stream', async () => {
    for (const given of [undefined, 5, {}, []]) {
      const model = streaming(() => given as unknown as AsyncIterable<unknown>);
      expect((await faultOf(read(model).turn)).message).toBe('own: stream() has to give an AsyncIterable of chunks');
    }
  });

  it('with a code that callers know, whatever its provider throws', async () => {
    const throwing = (thrown: unknown) =>
      faultOf(
        read(
          streaming(() => {
            throw thrown;
          }),
        ).turn,
      );
    const forged = new TroupeError('made_up' as TroupeErrorCode, 'mine'); // the lie is what is tested
    expect(await throwing(forged)).toMatchObject({ code: 'bad_response', message: 'own: mine' });
    const get = () => {
      throw new Error('not for you');
    };
    const unreadable = new Proxy(new Error('x'), { get, getPrototypeOf: get });
    expect(await throwing(unreadable)).toMatchObject({
      code: 'bad_response',
      message: 'own: threw what cannot be read',
    });
    const limited = Object.assign(new RateLimitedError('slow', 1), { retryAfterMs: 'soon' });
    expect((await throwing(limited)).retryAfterMs).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['text', { type: 'text_delta', text: 'abc' }],
    ['reasoning', { type: 'reasoning_delta', text: 'abc' }],
    ['calls', { type: 'tool_call', name: '', arguments: '' }],
  ])('when it has more %s than can be held', async (_what, chunk) => {
    const endless = streaming(async function* () {
      for (;;) yield chunk;
    });
    const fault = await faultOf(read({ ...endless, maxResponseBytes: 1_000 }).turn);
    expect(fault).toMatchObject({
      code: 'output_limit',
      message: 'own: the answer has more than 1000 characters (maxResponseBytes)',
    });
  });

  it('as a defect where the listener throws', async () => {
    const turn = readTurn(scripted([{ text: 'a' }]), REQUEST, {
      clock: new VirtualClock(),
      signal: new AbortController().signal,
      onText: () => {
        throw new Error('mine');
      },
      onReasoning: () => {},
    });
    expect(await faultOf(turn)).toMatchObject({ code: 'bug' });
  });
});

describe('a provider that never waits', () => {
  it.each<[string, unknown]>([
    ['in its answer', { type: 'text_delta', text: '' }],
    ['behind its finish reason', { type: 'finish', reason: 'stop' }],
  ])('lets timers and aborts have their turn, %s', async (_where, value) => {
    const model = streaming(() => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value }) }),
    }));
    const { turn, controller } = read(model);
    setImmediate(() => controller.abort('stop'));
    await expect(turn).rejects.toBe('stop');
  });
});

describe('an abort', () => {
  it('before the start asks nobody', async () => {
    const controller = new AbortController();
    controller.abort('early');
    const model = scripted([{}]);
    await expect(read(model, { controller }).turn).rejects.toBe('early');
    expect(model.requests).toHaveLength(0);
  });

  it('ends the turn with its reason, though the provider ignores it, and nothing is handed on any more', async () => {
    let release = () => {};
    const model = streaming(async function* () {
      yield { type: 'text_delta', text: 'a' };
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      yield { type: 'text_delta', text: 'late' };
      throw new Error('nobody hears this');
    });
    const { turn, heard, clock, controller } = read(model);
    await clock.advance(0);
    controller.abort('stop');
    await expect(turn).rejects.toBe('stop');
    release();
    await clock.advance(0);
    expect(heard).toEqual(['a']);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('wins over an end that looks like success', async () => {
    const controller = new AbortController();
    const model = streaming(async function* () {
      yield { type: 'text_delta', text: 'a' };
      controller.abort('stop');
      yield { type: 'finish', reason: 'stop' };
    });
    await expect(read(model, { controller }).turn).rejects.toBe('stop');
  });

  it('while usage is awaited leaves no timer', async () => {
    const model = streaming(async function* () {
      yield { type: 'finish', reason: 'stop' };
      await new Promise(() => {});
    });
    const { turn, clock, controller } = read(model);
    await clock.advance(10);
    controller.abort('stop');
    await expect(turn).rejects.toBe('stop');
    expect(clock.pending).toBe(0);
  });

  it('leaves no listener behind, nor does a turn that ends', async () => {
    const controller = new AbortController();
    const model = scripted([{ text: 'a' }], { repeatLast: true });
    for (let n = 0; n < 20; n++) await read(model, { controller }).turn;
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});
