/** How the model adapter takes everything a server can do wrong. */

import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelFault, type ModelTurn, type OpenAiOptions, openai, readTurn } from '../../../src/activities/llm/index.js';
import { type Clock, realClock } from '../../../src/domain/clock.js';
import type { TroupeErrorCode } from '../../../src/domain/errors.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';
import { type FaultyServer, HELLO, type Scenario, startFaultyServer } from '../../support/faulty-server.js';

const KEY = 'zq-secret-key-0123456789';
const REQUEST = { system: '', messages: [{ role: 'user', content: 'hi' }], tools: [] } as const;

let server: FaultyServer;
beforeAll(async () => {
  server = await startFaultyServer();
});
afterAll(() => server.close());

interface Asking {
  readonly options?: Partial<OpenAiOptions>;
  readonly signal?: AbortSignal;
  readonly onText?: (text: string) => void;
  readonly clock?: Clock;
}

function ask(scenario: Scenario, { options, signal, onText, clock = realClock }: Asking = {}): Promise<ModelTurn> {
  const model = openai({ model: 'm', apiKey: KEY, baseURL: server.url(scenario), ...options }, {});
  return readTurn(model, REQUEST, {
    signal: signal ?? new AbortController().signal,
    clock,
    onText: onText ?? (() => {}),
    onReasoning: () => {},
  });
}

async function faultOf(scenario: Scenario, asking?: Asking): Promise<ModelFault> {
  const thrown: unknown = await ask(scenario, asking).then(
    (turn) => ({ turn }),
    (error) => error,
  );
  expect(thrown).toBeInstanceOf(ModelFault);
  return thrown as ModelFault; // checked above
}

const countOf = (scenario: Scenario) => server.requests.filter((request) => request.scenario === scenario).length;

describe('an answer that was cut', () => {
  it.each<[Scenario]>([['cut_clean'], ['cut_clean_mid_line'], ['done_without_finish']])(
    'is a fault that may pass, though the stream ends as if all were well: %s',
    async (scenario) => {
      const fault = await faultOf(scenario);
      expect(fault).toMatchObject({ code: 'model_unavailable', streamedText: true });
      expect(fault.message).toContain('without a finish reason');
    },
  );

  it('never gives a call whose arguments were cut', async () => {
    const fault = await faultOf('cut_clean_in_tool');
    expect(fault).toMatchObject({ code: 'model_unavailable', streamedText: false, text: '' });
  });

  it('is a fault that may pass when the connection is reset in the middle', async () => {
    expect(await faultOf('cut_reset')).toMatchObject({ code: 'model_unavailable' });
  });

  it('is a fault that may pass when the connection is reset before an answer, asked once only', async () => {
    expect(await faultOf('reset_before_headers')).toMatchObject({ code: 'model_unavailable' });
    expect(countOf('reset_before_headers')).toBe(1);
  });

  it('is a fault that may pass when nobody listens', async () => {
    const fault = await faultOf('whole', { options: { baseURL: 'http://127.0.0.1:9/v1' } });
    expect(fault).toMatchObject({ code: 'model_unavailable' });
  });
});

describe('a silent server', () => {
  const LONG = 60_000;

  it.each<[Scenario, Partial<OpenAiOptions>, string]>([
    ['hang', { firstByteTimeoutMs: 60 }, 'firstByteTimeoutMs 60'],
    ['headers_only', { firstByteTimeoutMs: 60 }, 'firstByteTimeoutMs 60'],
    ['silence', { idleTimeoutMs: 60 }, 'idleTimeoutMs 60'],
    ['silence_in_tool', { idleTimeoutMs: 60 }, 'idleTimeoutMs 60'],
    ['comments', { idleTimeoutMs: 100 }, 'idleTimeoutMs 100'],
    ['drip', { turnTimeoutMs: 150, idleTimeoutMs: LONG }, 'turnTimeoutMs 150'],
    ['huge_500', { firstByteTimeoutMs: LONG }, 'HTTP 500'],
  ])('is given up: %s', async (scenario, options, told) => {
    const fault = await faultOf(scenario, { options });
    expect(fault.code).toBe('model_unavailable');
    expect(fault.message).toContain(told);
  });

  it('is let go on abort: the caller at once, then the connection', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const turn = ask('silent_for_abort', { signal: controller.signal, onText: () => controller.abort(reason) });
    await expect(turn).rejects.toBe(reason);
    expect(await server.ending('silent_for_abort')).toBe('left');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('a listener on a long-lived signal', () => {
  it('is gone after each turn, whether it ended well or not', async () => {
    const { signal } = new AbortController();
    await ask('whole', { signal });
    await faultOf('cut_clean', { signal });
    await faultOf('forbidden_again', { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('an error status', () => {
  it.each<[Scenario, TroupeErrorCode, number | undefined]>([
    ['limited_seconds', 'rate_limited', 3_000],
    ['limited_long', 'rate_limited', 300_000],
    ['limited_ms', 'rate_limited', 1_500],
    ['limited_garbage', 'rate_limited', undefined],
    ['quota', 'quota_exceeded', undefined],
    ['page_503', 'model_unavailable', 2_000],
    ['conflict', 'model_unavailable', undefined],
    ['key_401', 'model_auth', undefined],
    ['forbidden', 'model_auth', undefined],
    ['too_long', 'context_overflow', undefined],
    ['not_found', 'bad_response', undefined],
  ])('%s is %s and asked once only', async (scenario, code, retryAfterMs) => {
    const fault = await faultOf(scenario);
    expect(fault.code).toBe(code);
    expect(fault.retryAfterMs).toBe(retryAfterMs);
    expect(fault.message).toMatch(/^openai\/m: HTTP \d{3}/);
    expect(countOf(scenario)).toBe(1);
  });

  it('takes a date in Retry-After for the time until then', async () => {
    const { retryAfterMs } = await faultOf('limited_date');
    expect(retryAfterMs).toBeGreaterThan(20_000);
    expect(retryAfterMs).toBeLessThanOrEqual(30_000);
  });

  it('is over once the server answers again', async () => {
    expect(await faultOf('once_500')).toMatchObject({ code: 'model_unavailable' });
    expect(await ask('once_500')).toMatchObject({ text: HELLO });
  });

  it('is told in at most 500 characters of the provider, without control characters', async () => {
    const { message } = await faultOf('page_503');
    expect(message.length).toBeLessThan(540);
    expect(message).not.toContain('\u001b');
  });

  it('never tells the key that the server echoes, neither in the message nor in a cause', async () => {
    const fault = await faultOf('key_401');
    expect(fault.message).toContain('[redacted]');
    for (let error: unknown = fault; error instanceof Error; error = error.cause) {
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(KEY);
    }
  });
});

describe('a redirect', () => {
  it('is refused, and nothing is sent to the other address', async () => {
    const fault = await faultOf('redirect');
    expect(fault.code).toBe('bad_response');
    expect(fault.message).toContain('baseURL');
    expect(server.requests.filter(({ host }) => host.startsWith('localhost'))).toEqual([]);
  });
});

describe('a status of success', () => {
  it.each<[Scenario, TroupeErrorCode]>([
    ['page_200', 'bad_response'],
    ['empty_body', 'bad_response'],
    ['broken_json', 'bad_response'],
    ['json_null', 'bad_response'],
    ['empty_choices', 'bad_response'],
    ['no_choices', 'bad_response'],
    ['null_message', 'bad_response'],
    ['stream_no_choices', 'bad_response'],
    ['stream_empty_choices', 'bad_response'],
    ['null_delta', 'bad_response'],
    ['announced_call_missing', 'bad_response'],
    ['stream_empty', 'model_unavailable'],
    ['broken_line', 'model_unavailable'],
    ['error_object', 'model_unavailable'],
    ['data_error', 'model_unavailable'],
    ['event_error', 'model_unavailable'],
    ['event_error_text', 'model_unavailable'],
    ['data_error_quota', 'quota_exceeded'],
    ['huge_line', 'output_limit'],
  ])('is not yet an answer: %s is %s', async (scenario, code) => {
    expect(await faultOf(scenario)).toMatchObject({ code });
  });

  it.each<[Scenario]>([['too_large'], ['gzip_bomb']])(
    'with more bytes than allowed is cut off: %s',
    async (scenario) => {
      const fault = await faultOf(scenario, { options: { maxResponseBytes: 100_000 } });
      expect(fault.code).toBe('output_limit');
      expect(fault.message).toContain('maxResponseBytes 100000');
      expect(fault.text.length).toBeLessThan(200_000);
      if (scenario === 'too_large') expect(await server.ending(scenario)).toBe('left'); // the other is small until it is unpacked
    },
  );

  it('keeps what was said by a model that was filtered, with its usage', async () => {
    expect(await faultOf('filtered')).toMatchObject({
      code: 'model_refused',
      text: 'Well',
      streamedText: true,
      usage: { inputTokens: 7, outputTokens: 2 },
    });
    expect(await faultOf('refused')).toMatchObject({ code: 'model_refused', text: 'I will not' });
  });
});

describe('an odd answer that is one all the same', () => {
  it.each<[Scenario]>([
    ['whole'],
    ['whole_json'],
    ['whole_json_as_events'],
    ['two_finishes'],
    ['second_choice'],
    ['no_usage'],
    ['crlf'],
    ['byte_order_mark'],
    ['no_space'],
    ['wrong_type'],
    ['no_role'],
    ['negative_usage'],
    ['reasoning'],
  ])('%s', async (scenario) => {
    let streamed = '';
    const turn = await ask(scenario, {
      onText: (text) => {
        streamed += text;
      },
    });
    expect(turn).toMatchObject({ text: HELLO, finishReason: 'stop', truncated: false, toolCalls: [] });
    expect(streamed).toBe(HELLO);
  });

  it('may be empty', async () => {
    expect(await ask('empty_answer')).toMatchObject({ text: '', finishReason: 'stop' });
  });

  it('keeps a character that was cut by the network', async () => {
    expect(await ask('split_utf8')).toMatchObject({ text: 'naïve 😀 ok' });
  });

  it.each<[Scenario, Partial<OpenAiOptions>]>([
    ['done_and_open', {}],
    ['usage_and_open', {}],
    ['responses_and_open', { api: 'responses' }],
  ])('is complete at its finish reason and usage, though the socket stays open: %s', async (scenario, options) => {
    const clock = new VirtualClock(); // nothing that waits for time comes to an end
    expect(await ask(scenario, { options, clock })).toMatchObject({ text: HELLO, usage: { inputTokens: 7 } });
  });

  it('leaves its connection whole when the end of the body comes a little later', async () => {
    expect(await ask('end_is_late')).toMatchObject({ text: HELLO });
    expect(await server.ending('end_is_late')).toBe('answered');
  });

  it('waits for usage no longer than the grace, and is complete then', async () => {
    const clock = new VirtualClock();
    const limitMs = 2 ** 31 - 1;
    const options = { firstByteTimeoutMs: limitMs, idleTimeoutMs: limitMs, turnTimeoutMs: limitMs };
    let turn: ModelTurn | undefined;
    void ask('finish_and_open', { options, clock }).then((ended) => {
      turn = ended;
    });
    while (turn === undefined) await clock.advance(100); // each step lets the network go on, too
    expect(turn).toMatchObject({ text: HELLO, finishReason: 'stop' });
    expect(turn.usage).toBeUndefined();
    expect(clock.now()).toBeGreaterThanOrEqual(2_000);
  });

  it('has no usage where the numbers cannot be', async () => {
    expect((await ask('negative_usage')).usage).toBeUndefined();
    expect((await ask('no_usage')).usage).toBeUndefined();
  });

  it('was cut at its length limit: the text stands, its calls do not run', async () => {
    expect(await ask('length_with_calls')).toMatchObject({
      text: 'I will',
      finishReason: 'length',
      truncated: true,
      toolCalls: [],
    });
  });
});

describe('tool calls', () => {
  it('are put together from pieces that come mixed', async () => {
    const turn = await ask('call_pieces');
    expect(turn.finishReason).toBe('tool_calls');
    expect(turn.toolCalls).toEqual([
      { providerId: 'a', name: 'grep', arguments: '{"pattern":"x"}' },
      { providerId: 'b', name: 'ls', arguments: '{}' },
    ]);
  });

  it('stay two when both come under one index', async () => {
    const { toolCalls } = await ask('two_calls_one_index');
    expect(toolCalls.map((call) => call.arguments)).toEqual(['{"file_path":"a"}', '{"file_path":"b"}']);
  });

  it('may have an index of four billion', async () => {
    expect((await ask('huge_index')).toolCalls.map((call) => call.providerId)).toEqual(['a', 'b']);
  });

  it('are taken from a whole completion in place of a stream', async () => {
    expect((await ask('whole_json_calls')).toolCalls).toEqual([{ providerId: 'a', name: 'ls', arguments: '{}' }]);
  });

  it('count by their presence, not by the finish reason, and may lack a name', async () => {
    const turn = await ask('call_without_name');
    expect(turn).toMatchObject({ finishReason: 'tool_calls', toolCalls: [{ name: '', arguments: '{}' }] });
  });
});

describe('the responses API', () => {
  const responses = { options: { api: 'responses' } } as const;

  it('is a fault without response.completed', async () => {
    const fault = await faultOf('responses_cut', responses);
    expect(fault).toMatchObject({ code: 'model_unavailable', text: 'Hel' });
    expect(fault.message).toContain('response.completed');
  });

  it.each<[Scenario, TroupeErrorCode]>([
    ['responses_failed', 'model_unavailable'],
    ['responses_error', 'rate_limited'],
    ['page_200', 'bad_response'],
    ['json_null', 'bad_response'],
    ['error_object', 'model_unavailable'],
  ])('%s is %s', async (scenario, code) => {
    expect(await faultOf(scenario, responses)).toMatchObject({ code });
  });

  it('takes an answer that is incomplete for its length as truncated', async () => {
    expect(await ask('responses_incomplete', responses)).toMatchObject({
      text: 'Hel',
      truncated: true,
      toolCalls: [],
      usage: { inputTokens: 4, outputTokens: 9 },
    });
  });

  it('takes a whole response in place of a stream', async () => {
    expect(await ask('responses_whole_json', responses)).toMatchObject({ text: HELLO, usage: { outputTokens: 2 } });
  });
});
