import { describe, expect, it } from 'vitest';
import { Transcript, type TranscriptEntry } from '../../src/subagent/transcript.js';

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

  it('takes its messages back, with what was added meanwhile at its place', () => {
    const [left, stayed] = [new Transcript(), new Transcript()];
    const entries: TranscriptEntry[] = [];
    left.onEntry = (entry) => entries.push(entry);
    const both = (act: (transcript: Transcript) => void) => [left, stayed].forEach(act);
    both((transcript) => transcript.addUser('go'));
    both((transcript) =>
      transcript.addAnswer(
        'looking',
        ['a', 'b'].map((id) => ({ id, name: 'look', arguments: '{}' })),
      ),
    );
    both((transcript) => transcript.settle('b', 'second', false));
    left.leave();
    expect(left.isAway).toBe(true);
    both((transcript) => transcript.settle('b', 'again', false));
    both((transcript) => transcript.settle('a', 'first', true));
    both((transcript) => transcript.addUser('and now', true));
    expect(left.length).toBe(stayed.messages.length);
    expect(left.comeBack(entries.slice(0, 2))).toBe(false);
    expect(left.isAway).toBe(true);
    expect(left.comeBack(entries)).toBe(true);
    expect(left.isAway).toBe(false);
    expect(left.messages).toEqual(stayed.messages);
    both((transcript) => transcript.settle('a', 'again', false));
    expect(left.messages).toEqual(stayed.messages);
    expect(entries).toHaveLength(5);
  });
});
