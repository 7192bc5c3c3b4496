import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Questions } from '../../src/cli/questions.js';

/** A keyboard, and what was shown of questions that are answered by any letter. */
function atTerminal() {
  const input = new PassThrough();
  const questions = new Questions(input as never); // all that it uses of a terminal
  const shown: string[] = [];
  return {
    input,
    questions,
    shown,
    ask: (name: string, signal = new AbortController().signal) =>
      questions.ask({
        show: () => shown.push(name),
        read: (line) => (/^[a-z]$/.test(line) ? `${name} ${line}` : undefined),
        remind: () => shown.push(`${name}?`),
        signal,
      }),
    settle: async () => {
      for (let turn = 0; turn < 5; turn++) await nextTurn();
    },
  };
}

describe('questions at the terminal', () => {
  it('are shown one after the other, each when the one before has its answer', async () => {
    const { input, ask, shown, settle } = atTerminal();
    const [first, second] = [ask('one'), ask('two')];
    await settle();
    expect(shown).toEqual(['one']);
    input.write('what?\n');
    await settle();
    expect(shown).toEqual(['one', 'one?']);
    input.write('y\n');
    expect(await first).toBe('one y');
    await settle();
    expect(shown).toEqual(['one', 'one?', 'two']);
    input.write('n\n');
    expect(await second).toBe('two n');
  });

  it('take no line that was typed before they were asked, nor between two of them', async () => {
    const { input, ask, shown, settle } = atTerminal();
    input.write('y\n');
    const first = ask('one');
    await settle();
    expect(shown).toEqual(['one']);
    input.write('a\n');
    expect(await first).toBe('one a');
    input.write('y\n');
    await settle();
    const second = ask('two');
    await settle();
    input.write('b\n');
    expect(await second).toBe('two b');
  });

  it('can be taken back, shown or not, and the next has its turn', async () => {
    const { input, ask, shown, settle } = atTerminal();
    const [here, waiting] = [new AbortController(), new AbortController()];
    const answers = [ask('one', here.signal), ask('two', waiting.signal), ask('three')];
    await settle();
    waiting.abort();
    here.abort();
    await settle();
    expect(shown).toEqual(['one', 'three']);
    input.write('y\n');
    expect(await Promise.all(answers)).toEqual([undefined, undefined, 'three y']);
  });

  it('have no answer when the input ends, and none when they are closed, which is told apart', async () => {
    const ended = atTerminal();
    const open = [ended.ask('one'), ended.ask('two')];
    await ended.settle();
    ended.input.end();
    expect(await Promise.all(open)).toEqual([undefined, undefined]);
    expect(ended.questions.isAtEnd).toBe(true);
    expect(await ended.ask('three')).toBeUndefined();
    expect(ended.shown).toEqual(['one']);

    const closed = atTerminal();
    const one = closed.ask('one');
    await closed.settle();
    closed.questions.close();
    closed.questions.close();
    expect(await one).toBeUndefined();
    expect(closed.questions.isAtEnd).toBe(false);
  });
});
