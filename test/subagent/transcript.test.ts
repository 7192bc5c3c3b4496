import { describe, expect, it } from 'vitest';
import { Transcript } from '../../src/subagent/transcript.js';

describe('the transcript', () => {
  it('keeps results behind the answer that asked for them, in the order of its calls', () => {
    const transcript = new Transcript();
    transcript.addUser('go');
    const calls = ['a', 'b'].map((id) => ({ id, name: 'look', arguments: '{}' }));
    transcript.addAnswer('looking', calls);
    transcript.settle('b', 'second', true);
    expect(transcript.messages.at(-2)).toEqual({ role: 'tool', toolCallId: 'a', content: '(no result yet)' });
    transcript.settle('a', 'first', false);
    transcript.addUser('and now');
    expect(transcript.messages).toEqual([
      { role: 'user', content: 'go' },
      { role: 'assistant', content: 'looking', toolCalls: calls },
      { role: 'tool', toolCallId: 'a', content: 'first' },
      { role: 'tool', toolCallId: 'b', content: 'second', isError: true },
      { role: 'user', content: 'and now' },
    ]);
  });

  it('drops a second result of a call, and one of a call that is not known', () => {
    const transcript = new Transcript();
    transcript.addAnswer('', [{ id: 'a', name: 'look', arguments: '{}' }]);
    transcript.settle('a', 'first', false);
    transcript.settle('a', 'again', false);
    transcript.settle('z', 'whose?', false);
    expect(transcript.messages.map(({ content }) => content)).toEqual(['', 'first']);
  });
});
