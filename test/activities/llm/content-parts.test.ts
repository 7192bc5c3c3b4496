import { describe, expect, it } from 'vitest';
import { chatDialect } from '../../../src/activities/llm/chat.js';
import { responsesDialect } from '../../../src/activities/llm/responses.js';
import type { ModelChunk } from '../../../src/domain/model.js';

function chat(content: unknown, key: 'delta' | 'message'): ModelChunk[] {
  const answer = chatDialect.answer();
  const out: ModelChunk[] = [];
  const data = { choices: [{ index: 0, [key]: { content }, finish_reason: 'stop' }] };
  if (key === 'delta') answer.take(data, '', out);
  else answer.takeWhole(data, out);
  answer.end(out);
  return out;
}

function responses(content: unknown): ModelChunk[] {
  const answer = responsesDialect.answer();
  const out: ModelChunk[] = [];
  answer.takeWhole({ status: 'completed', output: [{ type: 'message', content }] }, out);
  answer.end(out);
  return out;
}

const badResponse = expect.objectContaining({ code: 'bad_response' });
const text = (words: string): ModelChunk => ({ type: 'text_delta', text: words });

describe.each(['delta', 'message'] as const)('content in a chat %s', (key) => {
  it('may be a list of texts', () => {
    const parts = [
      { type: 'text', text: 'the ' },
      { type: 'text', text: '' },
      { type: 'text', text: 'answer' },
    ];
    expect(chat(parts, key)).toEqual([text('the '), text('answer'), { type: 'finish', reason: 'stop' }]);
  });

  it('may hold thinking and a refusal', () => {
    const parts = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'refusal', refusal: 'no' },
    ];
    expect(chat(parts, key)).toEqual([
      { type: 'reasoning_delta', text: 'hm' },
      text('no'),
      { type: 'finish', reason: 'refusal' },
    ]);
  });

  it('may be empty or missing', () => {
    for (const content of ['', [], null, undefined]) {
      expect(chat(content, key)).toEqual([{ type: 'finish', reason: 'stop' }]);
    }
  });

  it.each([[5], [true], [{}], [[5]], [[{ type: 'text', text: 5 }]], [[{ type: 'image' }]]])(
    'is no answer as %j',
    (content) => {
      expect(() => chat(content, key)).toThrow(badResponse);
    },
  );
});

describe('content of a response', () => {
  it('may be a text or a list of texts', () => {
    const finish = { type: 'finish', reason: 'stop' };
    expect(responses('all')).toEqual([text('all'), finish]);
    expect(responses([{ type: 'output_text', text: 'all' }])).toEqual([text('all'), finish]);
    expect(responses(null)).toEqual([finish]);
  });

  it.each([[5], [{}], [[{ type: 'output_text', text: 5 }]], [[{ type: 'image' }]]])('is no answer as %j', (content) => {
    expect(() => responses(content)).toThrow(badResponse);
  });

  it('is no answer where a delta is no text', () => {
    const answer = responsesDialect.answer();
    expect(() => answer.take({ type: 'response.output_text.delta', delta: { a: 1 } }, '', [])).toThrow(badResponse);
  });
});
