import { describe, expect, it } from 'vitest';
import { parseFileFilter, parseFileGlob } from '../../../src/activities/tools/file-glob.js';

describe('a glob for files', () => {
  it.each([
    ['./src/*', 'src/x', true],
    ['src//*', 'src/x', true],
    ['src/./*', 'src/x', true],
    ['src/**/', 'src/x/y', true],
    ['{a,b}/*.ts', 'b/x.ts', true],
    ['app/[ij]/*', 'app/i/x', true],
    ['app/[ij]/*', 'app/[ij]/x', false],
    ['*/**', 'a.ts', false],
  ])('%s against %s: %s', (pattern, path, matches) => {
    expect(parseFileGlob(pattern).matches(path)).toBe(matches);
  });

  it('knows the folder that all matches lie in', () => {
    expect(parseFileGlob('src/lib/**/*.ts').base).toBe('src/lib');
    expect(parseFileGlob('./src//lib/*.ts').base).toBe('src/lib');
    expect(parseFileGlob('src/a.ts').base).toBe('src');
    expect(parseFileGlob('*.ts').base).toBe('.');
    expect(parseFileGlob('{a,b}/c').base).toBe('.');
  });

  it.each(['', 'x'.repeat(1_001), '{a,b}'.repeat(9)])(
    'that is empty, too long or too many is refused, in words for the model: %#',
    (pattern) => {
      expect(() => parseFileGlob(pattern)).toThrow(/^The glob pattern .*\.$/);
    },
  );
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
