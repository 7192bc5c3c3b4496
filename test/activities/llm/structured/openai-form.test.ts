/** How the model adapter asks a server for an answer in a form, and takes it. */

import { LLMock } from '@copilotkit/aimock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  answerCallIn,
  type OpenAiOptions,
  openai,
  prepareOutputSchema,
  readStructured,
  readTurn,
  requestInForm,
} from '../../../../src/activities/llm/index.js';
import { realClock } from '../../../../src/domain/clock.js';
import type { ModelProvider, ModelRequest } from '../../../../src/domain/model.js';
import { Agent } from '../../../../src/index.js';
import { type FaultyServer, startFaultyServer } from '../../../support/faulty-server.js';

const form = prepareOutputSchema(z.object({ city: z.string(), degrees: z.number() }));
const loose = prepareOutputSchema({ type: 'object', required: ['city'] });
const request: ModelRequest = {
  system: '',
  messages: [{ role: 'user', content: 'weather' }],
  tools: [{ name: 'sky', description: 'Looks up.', parameters: { type: 'object', properties: {} } }],
};
const answer = '{"city":"Ulm","degrees":20}';

function ask(model: ModelProvider, asked: ModelRequest) {
  const signal = new AbortController().signal;
  return readTurn(model, asked, { signal, clock: realClock, onText: () => {}, onReasoning: () => {} });
}

describe('the body of a request', () => {
  let server: FaultyServer;
  beforeAll(async () => {
    server = await startFaultyServer();
  });
  afterAll(() => server.close());

  const bodyOf = async (asked: ModelRequest, options: Partial<OpenAiOptions> = {}) => {
    const scenario = options.api === 'responses' ? 'responses_whole_json' : 'whole';
    await ask(openai({ model: 'm', apiKey: 'some-key', baseURL: server.url(scenario), ...options }, {}), asked);
    return server.requests.at(-1)?.body;
  };
  const native = requestInForm(request, { form, provider: { structuredOutput: 'native' } });
  const open = requestInForm(request, { form: loose, provider: { structuredOutput: 'native' } });
  const due = requestInForm(request, { form, provider: {}, isDue: true });

  it('carries the form as chat completions want it', async () => {
    const body = await bodyOf(native);
    expect(body?.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema: form.strictSchema, strict: true },
    });
    expect(body?.tools).toHaveLength(1);
    expect(body).not.toHaveProperty('tool_choice');
    expect((await bodyOf(open))?.response_format).toMatchObject({
      json_schema: { schema: loose.jsonSchema, strict: false },
    });
  });

  it('carries the form as the responses API wants it', async () => {
    const body = await bodyOf(native, { api: 'responses' });
    expect(body?.text).toEqual({
      format: { type: 'json_schema', name: 'answer', schema: form.strictSchema, strict: true },
    });
    expect((await bodyOf(open, { api: 'responses' }))?.text).toMatchObject({ format: { strict: false } });
  });

  it('demands a tool by name, in the words of either API', async () => {
    const chat = await bodyOf(due);
    expect(chat?.tool_choice).toEqual({ type: 'function', function: { name: 'final_answer' } });
    expect(chat?.tools).toMatchObject([{}, { function: { name: 'final_answer', parameters: form.jsonSchema } }]);
    expect(chat).not.toHaveProperty('response_format');
    const responses = await bodyOf(due, { api: 'responses' });
    expect(responses?.tool_choice).toEqual({ type: 'function', name: 'final_answer' });
    expect(responses).not.toHaveProperty('text');
  });
});

describe.each(['chat', 'responses'] as const)('an answer in a form over the %s API', (api) => {
  let mock: LLMock;
  const modelOf = (structuredOutput: 'native' | 'tool') =>
    openai({ model: 'gpt-4o', apiKey: 'sk-of-the-mock-server', baseURL: `${mock.url}/v1`, api, structuredOutput }, {});
  beforeEach(async () => {
    mock = new LLMock({ port: 0, chunkSize: 4 });
    await mock.start();
  });
  afterEach(async () => {
    await mock.stop();
  });

  it('comes as a text where the provider has the form natively', async () => {
    mock.onMessage('weather', { content: answer });
    const provider = modelOf('native');
    const turn = await ask(provider, requestInForm(request, { form, provider }));
    expect(await readStructured(form, { text: turn.text })).toEqual({ ok: true, value: JSON.parse(answer) });
  });

  it('else comes as a call', async () => {
    mock.onMessage('weather', { toolCalls: [{ name: 'final_answer', arguments: answer }] });
    const provider = modelOf('tool');
    const turn = await ask(provider, requestInForm(request, { form, provider, isDue: true }));
    const call = answerCallIn(turn.toolCalls, request.tools);
    expect(await readStructured(form, call ?? { text: turn.text })).toEqual({ ok: true, value: JSON.parse(answer) });
  });
});

describe('which way a model is asked', () => {
  const wayOf = (options: Partial<OpenAiOptions>) =>
    openai({ model: 'm', apiKey: 'some-key', ...options }, {}).structuredOutput;

  it('is natively at the service itself, by a tool at every other server, unless the options say', () => {
    expect(wayOf({})).toBe('native');
    expect(wayOf({ baseURL: 'https://eu.api.openai.com/v1' })).toBe('native');
    expect(wayOf({ baseURL: 'https://api.openai.com.example/v1' })).toBe('tool');
    expect(wayOf({ baseURL: 'http://127.0.0.1:1/v1' })).toBe('tool');
    expect(wayOf({ baseURL: 'http://127.0.0.1:1/v1', structuredOutput: 'native' })).toBe('native');
    expect(wayOf({ structuredOutput: 'tool' })).toBe('tool');
    expect(() => wayOf({ structuredOutput: 'json' as unknown as 'tool' })).toThrow('structuredOutput');
  });

  it('is what the model of a config says', async () => {
    const agent = await Agent.create({
      providers: {
        // Keys may be written in snake_case, which the type does not know.
        local: {
          baseUrl: 'http://127.0.0.1:1/v1',
          models: { plain: {}, able: { structured_output: 'native' } as object },
        },
      },
    });
    expect(agent.runtime.modelOf('local/plain').structuredOutput).toBe('tool');
    expect(agent.runtime.modelOf('local/able').structuredOutput).toBe('native');
  });
});
