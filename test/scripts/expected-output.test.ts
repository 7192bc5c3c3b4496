import { describe, expect, test } from 'vitest';
import { differenceOf, promisedBy } from '../../scripts/examples/expected-output.js';

describe('what an example promises', () => {
  test('is what follows the command in its first comment', () => {
    expect(promisedBy('/*\nnpx tsx examples/a.ts\n\none\n\n  two\n*/\nconst a = 1; /* npm start */')).toEqual({
      command: 'npx tsx examples/a.ts',
      lines: ['one', '', '  two'],
    });
  });

  test('may stand behind stars and below a description', () => {
    const source = '/**\n * Counts.\n *\n * $ npx tsx examples/a.ts\n *\n * one\n *   two\n */\n';
    expect(promisedBy(source)).toEqual({ command: 'npx tsx examples/a.ts', lines: ['one', '  two'] });
  });

  test('is nothing where the output varies', () => {
    expect(promisedBy('/*\nnpm start\noutput varies\n\nWhat it shows.\n*/')).toEqual({ command: 'npm start' });
  });

  test.each([
    ['const a = 1;', 'first comment'],
    ['/* hello */', 'names no command'],
    ['/*\nnpx tsx examples/a.ts\n*/', 'shows no output'],
  ])('must be there: %j', (source, problem) => {
    expect(() => promisedBy(source)).toThrow(problem);
  });
});

describe('the comparison', () => {
  test('takes the same lines, whatever blank lines stand around them', () => {
    expect(differenceOf(['a', '', 'b'], '\na  \n\nb\n\n')).toBeUndefined();
  });

  test.each([
    [['a', 'b'], 'a\nc\n', 'promised: b\nprinted:  c'],
    [['a', 'b'], 'a\n', 'promised: b\nprinted:  (nothing more)'],
    [['a'], 'a\nb\n', 'promised: (nothing more)\nprinted:  b'],
    [['a'], '', 'promised: a\nprinted:  (nothing more)'],
    [['a', '...', 'd'], 'a\nb\nc\n', 'promised: d\nprinted:  (nothing more)'],
  ])('%j is not what printed %j', (promised, output, difference) => {
    expect(differenceOf(promised, output)).toBe(difference);
  });

  test.each([
    [['a', '...', 'd'], 'a\nb\nc\nd'],
    [['a', '...', 'b'], 'a\nb'],
    [['...', 'b'], 'a\nb\na\nb'],
    [['a', '...'], 'a\nb\nc'],
    [['...'], ''],
  ])('%j holds for %j', (promised, output) => {
    expect(differenceOf(promised, output)).toBeUndefined();
  });
});
