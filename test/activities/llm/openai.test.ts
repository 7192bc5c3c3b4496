/** What the model adapter asks of a server that follows the protocol, and how it is set up. */

import { LLMock } from '@copilotkit/aimock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ModelTurn, type OpenAiOptions, openai, readTurn } from '../../../src/activities/llm/index.js';
import { realClock } from '../../../src/domain/clock.js';
import type { Message } from '../../../src/domain/message.js';
import type { ModelProvider, ModelRequest } from '../../../src/domain/model.js';
import { type FaultyServer, HELLO, startFaultyServer } from '../../support/faulty-server.js';

const tool = (name: string) => ({ name, description: `Does ${name}.`, parameters: { type: 'object', properties: {} } });

function ask(model: ModelProvider, request: Partial<ModelRequest>, onText = (_text: string) => {}): Promise<ModelTurn> {
  const whole = { system: '', messages: [], tools: [], ...request };
  return readTurn(model, whole, {
    signal: new AbortController().signal,
    clock: realClock,
    onText,
    onReasoning: () => {},
  });
}
const user = (content: string): Message => ({ role: 'user', content });

describe.each(['chat', 'responses'] as const)('the %s API', (api) => {
  let mock: LLMock;
  let model: ModelProvider;
  beforeEach(async () => {
    mock = new LLMock({ port: 0, chunkSize: 4 });
    await mock.start();
    model = openai({ model: 'gpt-4o', apiKey: 'sk-of-the-mock-server', baseURL: `${mock.url}/v1`, api }, {});
  });
  afterEach(async () => {
    await mock.stop();
  });

  it('streams a text in deltas and reports its usage', async () => {
    const text = 'The quick brown fox jumps over it.';
    const usage =
      api === 'chat'
        ? { prompt_tokens: 11, completion_tokens: 7 }
        : { input_tokens: 11, output_tokens: 7, total_tokens: 18 };
    mock.onMessage('fox', { content: text, usage });
    const deltas: string[] = [];
    const turn = await ask(model, { system: 'Be brief.', messages: [user('a fox, please')] }, (delta) =>
      deltas.push(delta),
    );
    expect(turn).toMatchObject({ text, finishReason: 'stop', usage: { inputTokens: 11, outputTokens: 7 } });
    expect(deltas.length).toBeGreaterThan(3);
    expect(deltas.join('')).toBe(text);
  });

  it('asks for tools, several at once, and takes their results back', async () => {
    mock.on({ userMessage: 'weather', hasToolResult: true }, { content: 'Sunny and 20.' });
    mock.on(
      { userMessage: 'weather', hasToolResult: false },
      {
        toolCalls: [
          { id: 'call_a', name: 'sky', arguments: '{"city":"Ulm"}' },
          { id: 'call_b', name: 'degrees', arguments: '{"city":"Ulm"}' },
        ],
      },
    );
    const tools = [tool('sky'), tool('degrees')];
    const first = await ask(model, { messages: [user('weather')], tools });
    expect(first.finishReason).toBe('tool_calls');
    expect(first.toolCalls.map(({ name, arguments: args }) => [name, JSON.parse(args)])).toEqual([
      ['sky', { city: 'Ulm' }],
      ['degrees', { city: 'Ulm' }],
    ]);
    const toolCalls = first.toolCalls.map((call, index) => ({ ...call, id: `own-${index}` }));
    const second = await ask(model, {
      messages: [
        user('weather'),
        { role: 'assistant', content: '', toolCalls },
        { role: 'tool', toolCallId: 'own-0', content: 'clear' },
        { role: 'tool', toolCallId: 'own-1', content: '20' },
      ],
      tools,
    });
    expect(second).toMatchObject({ text: 'Sunny and 20.', finishReason: 'stop', toolCalls: [] });
  });

  it('passes on a call whose arguments are no JSON as it was written', async () => {
    mock.onMessage('go', { toolCalls: [{ name: 'sky', arguments: '{"city":' }] });
    const turn = await ask(model, { messages: [user('go')], tools: [tool('sky')] });
    expect(turn.toolCalls).toMatchObject([{ name: 'sky', arguments: '{"city":' }]);
  });

  it('asks once only when the server fails, and is fine when it is asked again', async () => {
    mock.onMessage('hi', { content: 'hello' });
    mock.nextRequestError(503, { message: 'once' });
    await expect(ask(model, { messages: [user('hi')] })).rejects.toMatchObject({ code: 'model_unavailable' });
    expect(mock.getRequests()).toHaveLength(1);
    expect(await ask(model, { messages: [user('hi')] })).toMatchObject({ text: 'hello' });
  });

  it('tells a rate limit and a lost connection as faults that may pass', async () => {
    mock.onMessage('hi', { content: 'hello' });
    mock.setChaos({ rateLimitRate: 1 });
    await expect(ask(model, { messages: [user('hi')] })).rejects.toMatchObject({ code: 'rate_limited' });
    mock.setChaos({ disconnectRate: 1 });
    await expect(ask(model, { messages: [user('hi')] })).rejects.toMatchObject({ code: 'model_unavailable' });
    mock.clearChaos();
    expect(await ask(model, { messages: [user('hi')] })).toMatchObject({ text: 'hello' });
  });

  it('takes a stream that is cut for a fault', async () => {
    mock.onMessage('cut', { content: 'cut before the end' }, { truncateAfterChunks: 3, latency: 20 });
    await expect(ask(model, { messages: [user('cut')] })).rejects.toMatchObject({ code: 'model_unavailable' });
  });
});

describe('a request', () => {
  let server: FaultyServer;
  beforeAll(async () => {
    server = await startFaultyServer();
  });
  afterAll(() => server.close());
  afterEach(() => vi.unstubAllEnvs());

  const lastRequest = () => {
    const logged = server.requests.at(-1);
    if (!logged) throw new Error('nothing was asked');
    return logged;
  };
  const call = (id: string, providerId?: string, name = 'ls', args = '{}') => ({
    id,
    ...(providerId === undefined ? {} : { providerId }),
    name,
    arguments: args,
  });
  const modelOf = (options: Partial<OpenAiOptions> = {}) =>
    openai({ model: 'm', apiKey: 'some-key', baseURL: server.url('whole'), ...options }, {});
  const messages: Message[] = [
    user('hi'),
    {
      role: 'assistant',
      content: 'so',
      toolCalls: [call('c1', 'x', 'ls', ''), call('c2', 'x'), call('c3', undefined, 'my tool!')],
    },
    { role: 'tool', toolCallId: 'c1', content: 'one' },
    { role: 'tool', toolCallId: 'c2', content: 'two' },
    { role: 'tool', toolCallId: 'c3', content: 'three' },
    { role: 'assistant', content: '', toolCalls: [call('c4', 'x', '')] },
    { role: 'tool', toolCallId: 'c4', content: 'no tool' },
    { role: 'assistant', content: 'done' },
  ];

  it('carries system text, messages and tools as chat completions want them, with ids made unique', async () => {
    await ask(modelOf({ maxOutputTokens: 99, temperature: 0.5 }), {
      system: 'Be good.',
      messages,
      tools: [tool('ls')],
    });
    const wire = (id: string, name = 'ls') => ({ id, type: 'function', function: { name, arguments: '{}' } });
    expect(lastRequest().body).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be good.' },
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'so', tool_calls: [wire('x'), wire('x-c2'), wire('c3', 'my_tool_')] },
        { role: 'tool', tool_call_id: 'x', content: 'one' },
        { role: 'tool', tool_call_id: 'x-c2', content: 'two' },
        { role: 'tool', tool_call_id: 'c3', content: 'three' },
        { role: 'assistant', content: null, tool_calls: [wire('x-c4', 'unnamed')] },
        { role: 'tool', tool_call_id: 'x-c4', content: 'no tool' },
        { role: 'assistant', content: 'done' },
      ],
      tools: [{ type: 'function', function: { ...tool('ls') } }],
      max_tokens: 99,
      temperature: 0.5,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('carries them as items to the responses API, which is told to store nothing', async () => {
    const model = modelOf({ api: 'responses', maxOutputTokens: 99, baseURL: server.url('responses_whole_json') });
    await ask(model, { system: 'Be good.', messages, tools: [tool('ls')] });
    const item = (id: string, name = 'ls') => ({ type: 'function_call', call_id: id, name, arguments: '{}' });
    const result = (id: string, output: string) => ({ type: 'function_call_output', call_id: id, output });
    expect(lastRequest().body).toEqual({
      model: 'm',
      instructions: 'Be good.',
      input: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'so' },
        item('x'),
        item('x-c2'),
        item('c3', 'my_tool_'),
        result('x', 'one'),
        result('x-c2', 'two'),
        result('c3', 'three'),
        item('x-c4', 'unnamed'),
        result('x-c4', 'no tool'),
        { role: 'assistant', content: 'done' },
      ],
      tools: [{ type: 'function', ...tool('ls'), strict: false }],
      max_output_tokens: 99,
      store: false,
      stream: true,
    });
  });

  it('leaves out what is empty', async () => {
    await ask(modelOf(), { messages: [user('hi')] });
    const { body } = lastRequest();
    expect(body.messages).toEqual([{ role: 'user', content: 'hi' }]);
    expect(Object.keys(body).sort()).toEqual(['messages', 'model', 'stream', 'stream_options']);
  });

  it('takes key and base URL from the environment, and nothing else', async () => {
    vi.stubEnv('OPENAI_ORG_ID', 'org-of-environment');
    vi.stubEnv('OPENAI_PROJECT_ID', 'project-of-environment');
    vi.stubEnv('OPENAI_ADMIN_KEY', 'admin-of-environment');
    vi.stubEnv('OPENAI_LOG', 'debug');
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'X-Env: environment\nAuthorization: Bearer environment\nX-Own: environment');
    const env = { OPENAI_API_KEY: 'key-of-argument', OPENAI_BASE_URL: server.url('whole') };
    await ask(openai({ model: 'm', headers: { 'X-Own': 'mine' } }, env), { messages: [user('hi')] });
    const { headers } = lastRequest();
    expect(headers.authorization).toBe('Bearer key-of-argument');
    expect(headers['x-own']).toBe('mine');
    expect(JSON.stringify(headers)).not.toContain('environment');
  });

  it('names the organization and project it was given', async () => {
    await ask(modelOf({ organization: 'org-1', project: 'project-1' }), { messages: [user('hi')] });
    expect(lastRequest().headers).toMatchObject({ 'openai-organization': 'org-1', 'openai-project': 'project-1' });
  });

  it('goes to a server of one’s own without a key', async () => {
    const model = openai({ model: 'm', baseURL: server.url('whole') }, {});
    expect(await ask(model, { messages: [user('hi')] })).toMatchObject({ text: HELLO });
  });

  it('uses the connection of the one before', async () => {
    const model = modelOf({ baseURL: server.url('no_role') });
    for (let n = 0; n < 6; n++) await ask(model, { messages: [user('hi')] });
    const ports = server.requests.filter(({ scenario }) => scenario === 'no_role').map(({ clientPort }) => clientPort);
    expect(new Set(ports).size).toBeLessThanOrEqual(2);
  });

  it('writes nothing to the console, whatever comes back', async () => {
    const lines = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'log')];
    await expect(ask(modelOf({ baseURL: server.url('broken_line') }), {})).rejects.toMatchObject({
      code: 'model_unavailable',
    });
    for (const line of lines) {
      expect(line).not.toHaveBeenCalled();
      line.mockRestore();
    }
  });
});

const fail = () => {
  throw new Error('no entry');
};

describe('the options', () => {
  it.each<[string, ProxyHandler<OpenAiOptions>]>([
    ['tell no keys', { ownKeys: () => fail() }],
    ['throw when they are read', { get: () => fail() }],
  ])('are refused where they %s', (_, handler) => {
    const options = new Proxy({ model: 'm' }, handler);
    expect(() => openai(options, { OPENAI_API_KEY: 'some-key' })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: 'openai options: cannot be read: no entry' }),
    );
  });

  it('name the offline way when there is neither key nor base URL', () => {
    expect(() => openai({ model: 'm' }, { OPENAI_API_KEY: '' })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining('offline()') }),
    );
  });

  it.each([
    [{ model: '' }, 'model'],
    [{ model: 'm', apikey: 'typo' }, 'apikey'],
    [{ model: 'm', baseURL: 'not a url' }, 'baseURL'],
    [{ model: 'm', baseURL: 'ftp://host/' }, 'baseURL'],
    [{ model: 'm', maxRetries: -1 }, 'maxRetries'],
    [{ model: 'm', limiterKey: 'mine' }, 'limiterKey'],
    [{ model: 'm', turnTimeoutMs: 2 ** 31 }, 'turnTimeoutMs'],
    [{ model: 'm', price: { inputCost: 1 } }, 'price.outputCost'],
    [{ model: 'm', headers: { 'two words': 'x' } }, 'headers'],
    [{ model: 'm', headers: { 'x-trace': 'two\nlines' } }, 'headers'],
    [{ model: 'm', apiKey: 'two\nlines' }, 'apiKey'],
    [{ model: 'm', organization: 'ä\u{1f600}' }, 'organization'],
    [undefined, '(root)'],
  ])('are checked when the model is made: %o', (options, key) => {
    expect(() => openai(options as unknown as OpenAiOptions, { OPENAI_API_KEY: 'some-key' })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(key) }),
    );
  });

  it('refuse a login in the base URL without telling it', () => {
    const make = () => openai({ model: 'm', baseURL: 'https://me:pa55word@host.example/v1' }, {});
    expect(make).toThrow('without a login');
    expect(make).not.toThrow('pa55word');
  });

  it('are shown by the model: name, retries and price', () => {
    const price = { inputCost: 1, outputCost: 2 };
    expect(openai({ model: 'm', apiKey: 'some-key' }, {})).toMatchObject({ name: 'openai/m', maxRetries: 3 });
    const limiterKey = {};
    expect(openai({ model: 'm', apiKey: 'some-key', limiterKey }, {}).limiterKey).toBe(limiterKey);
    expect(openai({ model: 'm', apiKey: 'some-key', name: 'own', maxRetries: 0, price }, {})).toMatchObject({
      name: 'own',
      maxRetries: 0,
      price,
    });
  });
});
