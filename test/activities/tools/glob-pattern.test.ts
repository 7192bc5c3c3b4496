import fc from 'fast-check';
import picomatch from 'picomatch';
import { describe, expect, it } from 'vitest';
import { parseFileFilter, parseGlob } from '../../../src/activities/tools/glob-pattern.js';

describe('a glob pattern', () => {
  it.each([
    ['*.ts', 'a.ts', true],
    ['*.ts', 'dir/a.ts', false],
    ['*.ts', '.ts', true],
    ['**/*.ts', 'a.ts', true],
    ['**/*.ts', 'x/y/a.ts', true],
    ['src/**/a/*.ts', 'src/a/b.ts', true],
    ['src/**/a/*.ts', 'src/x/y/a/b.ts', true],
    ['src/**/a/*.ts', 'src/x/y/b.ts', false],
    ['src/**', 'src/x/y', true],
    ['src/**', 'source/x', false],
    ['src/**', 'src', false],
    ['**', 'src', true],
    ['./src/*', 'src/x', true],
    ['a?c', 'abc', true],
    ['a?c', 'a😀c', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[^a-c]x', 'dx', true],
    ['[]x]', ']', true],
    ['[ab', '[ab', true],
    ['{a,b}.ts', 'b.ts', true],
    ['{a,{b,c}}.{ts,js}', 'c.js', true],
    ['{a}.ts', '{a}.ts', true],
    ['{a,b.ts', '{a,b.ts', true],
    ['{src/,}*.ts', 'a.ts', true],
    ['{src/,}*.ts', 'src/a.ts', true],
    ['\\*.ts', '*.ts', true],
    ['\\*.ts', 'a.ts', false],
    ['\\{a,b\\}', '{a,b}', true],
    ['a.c', 'abc', false],
    ['(a|b)+$', '(a|b)+$', true],
  ])('%s against %s: %s', (pattern, path, matches) => {
    expect(parseGlob(pattern).matches(path)).toBe(matches);
  });

  it('matches what a well-known library says it does', () => {
    const part = fc.array(fc.constantFrom('a', 'b', '*', '?', '.x', '[ab]', '{a,b*}'), { minLength: 1, maxLength: 4 });
    const pattern = fc.array(
      fc.oneof(
        part.map((bits) => bits.join('')),
        fc.constant('**'),
      ),
      { minLength: 1, maxLength: 4 },
    );
    const path = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '.', 'x'), minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(pattern, path, (patternParts, pathParts) => {
        // `**` beside other characters or at the end, and names of dots alone, are read differently everywhere.
        const text = patternParts.join('/');
        fc.pre(patternParts.at(-1) !== '**');
        fc.pre(
          !/\*{2,}[^/]|[^/]\*{2,}/.test(text.replaceAll(/(^|\/)\*\*(?=\/|$)/g, '$1')) &&
            !pathParts.some((name) => /^\.+$/.test(name)),
        );
        expect(parseGlob(text).matches(pathParts.join('/'))).toBe(picomatch(text, { dot: true })(pathParts.join('/')));
      }),
      { numRuns: 2_000 },
    );
  });

  it('knows the folder that all matches lie in', () => {
    expect(parseGlob('src/lib/**/*.ts').base).toBe('src/lib');
    expect(parseGlob('src/a.ts').base).toBe('src');
    expect(parseGlob('*.ts').base).toBe('.');
    expect(parseGlob('{a,b}/c').base).toBe('.');
  });

  it.each(['', 'x'.repeat(1_001), '{a,b}'.repeat(9)])(
    'that is empty, too long or too many is refused: %#',
    (pattern) => {
      expect(() => parseGlob(pattern)).toThrow(/glob pattern/);
    },
  );

  it.each([
    ['*a'.repeat(200), 'a'.repeat(4_000)],
    [`${'*a'.repeat(100)}*b`, `${'a'.repeat(250)}c`],
    [`${'**/a/'.repeat(100)}b`, `${'a/'.repeat(1_000)}c`],
    [`${'**/*a*/'.repeat(50)}b`, `${'aaaa/'.repeat(500)}c`],
  ])('never takes long, however it is made: %#', (pattern, path) => {
    const before = process.cpuUsage();
    parseGlob(pattern).matches(path);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(1_000); // ms; a backtracking matcher would need years
  });
});

describe('a filter for files', () => {
  it.each([
    ['*.ts', 'src/deep/a.ts', true],
    ['*.ts', 'src/a.js', false],
    ['a.ts', 'src/a.ts', true],
    ['src/*.ts', 'src/a.ts', true],
    ['src/*.ts', 'lib/src/a.ts', false],
    ['**/src/*.ts', 'lib/src/a.ts', true],
    ['/a.ts', 'a.ts', true],
    ['/a.ts', 'src/a.ts', false],
    ['./src/**', 'src/x/y', true],
    ['!*.ts', 'src/a.ts', false],
    ['!*.ts', 'src/a.js', true],
  ])('%s takes %s: %s', (pattern, path, taken) => {
    expect(parseFileFilter(pattern)(path)).toBe(taken);
  });
});
