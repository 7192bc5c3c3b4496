import { describe, expect, it } from 'vitest';
import { scripted } from '../../../src/activities/llm/index.js';
import { TroupeError } from '../../../src/domain/errors.js';
import type { ModelChunk, ModelProvider, ModelRequest } from '../../../src/domain/model.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';

const request = (text: string): ModelRequest => ({
  system: 's',
  messages: [{ role: 'user', content: text }],
  tools: [],
});

async function chunksOf(
  model: ModelProvider,
  { signal = new AbortController().signal, clock = new VirtualClock(), text = 'hi' } = {},
): Promise<ModelChunk[]> {
  const chunks: ModelChunk[] = [];
  for await (const chunk of model.stream(request(text), { signal, clock })) chunks.push(chunk);
  return chunks;
}

const usage = { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 } };

describe('a scripted model', () => {
  it('streams reasoning, text by deltas, calls, usage and a fitting finish reason', async () => {
    const model = scripted([
      {
        reasoning: 'hm',
        text: ['a', 'b'],
        toolCalls: [
          { name: 'ls', args: { path: '.' }, id: 'p1' },
          { name: 'x', args: '{"' },
        ],
      },
      { text: 'done' },
    ]);
    expect(await chunksOf(model)).toEqual([
      { type: 'reasoning_delta', text: 'hm' },
      { type: 'text_delta', text: 'a' },
      { type: 'text_delta', text: 'b' },
      { type: 'tool_call', id: 'p1', name: 'ls', arguments: '{"path":"."}' },
      { type: 'tool_call', name: 'x', arguments: '{"' },
      usage,
      { type: 'finish', reason: 'tool_calls' },
    ]);
    expect(await chunksOf(model)).toEqual([
      { type: 'text_delta', text: 'done' },
      usage,
      { type: 'finish', reason: 'stop' },
    ]);
  });

  it('records every request', async () => {
    const model = scripted([{}, {}]);
    await chunksOf(model, { text: 'one' });
    await chunksOf(model, { text: 'two' });
    expect(model.requests.map(({ messages }) => messages[0]?.content)).toEqual(['one', 'two']);
  });

  it('says how many turns there were when it runs out, or plays the last one again', async () => {
    const model = scripted([{ text: 'only' }]);
    await chunksOf(model);
    await expect(chunksOf(model)).rejects.toMatchObject({
      code: 'bad_response',
      message: expect.stringContaining('has 1 turns'),
    });
    const endless = scripted([{ text: 'only' }], { repeatLast: true });
    await chunksOf(endless);
    expect(await chunksOf(endless)).toContainEqual({ type: 'text_delta', text: 'only' });
  });

  it('answers by a function of the request', async () => {
    const model = scripted((asked, index) => ({ text: `${index}:${asked.messages[0]?.content}` }), { name: 'echo' });
    await chunksOf(model);
    expect(await chunksOf(model, { text: 'yo' })).toContainEqual({ type: 'text_delta', text: '1:yo' });
    expect(model.name).toBe('echo');
    const mixed = scripted([async (asked) => ({ text: asked.system })]);
    expect(await chunksOf(mixed)).toContainEqual({ type: 'text_delta', text: 's' });
  });

  it('throws its error after what it streams, reports no usage then, and ends without a finish reason when told', async () => {
    const error = new TroupeError('model_unavailable', 'down');
    const model = scripted([
      { text: 'par', error },
      { text: 'cut', finish: 'none' },
    ]);
    const got: ModelChunk[] = [];
    const reading = async () => {
      for await (const chunk of model.stream(request(''), {
        signal: new AbortController().signal,
        clock: new VirtualClock(),
      })) {
        got.push(chunk);
      }
    };
    await expect(reading()).rejects.toBe(error);
    expect(got).toEqual([{ type: 'text_delta', text: 'par' }]);
    expect(await chunksOf(model)).toEqual([{ type: 'text_delta', text: 'cut' }]);
  });

  it('waits on the clock before the first chunk and between two', async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const model = scripted([{ text: ['a', 'b'], delayMs: 100, betweenMs: 10, usage: 'none' }]);
    const reading = (async () => {
      for await (const _ of model.stream(request(''), { signal: new AbortController().signal, clock }))
        times.push(clock.now());
    })();
    await clock.advance(1_000);
    await reading;
    expect(times).toEqual([100, 110, 120]);
  });

  it.each([
    ['before its first chunk', { delayMs: 100 }],
    ['between two', { text: ['a', 'b'], betweenMs: 100 }],
    ['while it is silent', { hang: true }],
  ])('stops on abort %s, and leaves no timer behind', async (_when, turn) => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const reading = chunksOf(scripted([turn]), { clock, signal: controller.signal });
    await clock.advance(1);
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });

  it('stops on abort where nothing is waited for', async () => {
    const controller = new AbortController();
    const stream = scripted([{ text: ['a', 'b'] }]).stream(request(''), {
      signal: controller.signal,
      clock: new VirtualClock(),
    });
    const iterator = stream[Symbol.asyncIterator]();
    expect(await iterator.next()).toMatchObject({ value: { text: 'a' } });
    controller.abort('enough');
    await expect(iterator.next()).rejects.toBe('enough');
  });
});
