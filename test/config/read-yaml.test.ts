import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locate, plainValue } from '../../src/config/config-node.js';
import { readYaml } from '../../src/config/read-yaml.js';
import { TroupeError } from '../../src/domain/errors.js';
import { refusalOf } from './temp-folder.js';

const read = (text: string): unknown => JSON.parse(JSON.stringify(plainValue(readYaml(text, 'f.yaml'))));
const refused = (text: string) => refusalOf(() => readYaml(text, 'f.yaml'));

describe('a YAML file', () => {
  it('gives texts, numbers, booleans, null, lists and mappings', () => {
    const text = 'a: x\nb: [1, 2.5, true, null]\nc:\n  - d: |\n      one\n      two\n  - "q"\ne: {f: 1}\n1: n\n';
    expect(read(text)).toEqual({ a: 'x', b: [1, 2.5, true, null], c: [{ d: 'one\ntwo\n' }, 'q'], e: { f: 1 }, 1: 'n' });
  });

  it('may end its lines with CR LF', () => {
    expect(read('a: 1\r\nb:\r\n  - 2\r\n')).toEqual({ a: 1, b: [2] });
  });

  it('may use anchors and aliases', () => {
    expect(read('a: &x [1]\nb: *x\n')).toEqual({ a: [1], b: [1] });
  });

  it('takes env("X") for the text it is', () => {
    expect(read('a: env("X")\nb: env(X)')).toEqual({ a: 'env("X")', b: 'env(X)' });
  });

  it('takes dates, yes and << for plain texts', () => {
    expect(read('a: 2020-01-01\nb: yes\n"<<": 1')).toEqual({ a: '2020-01-01', b: 'yes', '<<': 1 });
  });

  it('keeps __proto__ and constructor as keys like any other', () => {
    const value = plainValue(readYaml('__proto__: {polluted: true}\nconstructor: 1', 'f.yaml'));
    expect(Object.keys(Object(value))).toEqual(['__proto__', 'constructor']);
    expect('polluted' in {}).toBe(false);
  });

  it('knows the line and column of each key', () => {
    const root = readYaml('a: 1\nproviders:\n  x:\n    api_key: k\n    list: [1,\n      2]\n', 'f.yaml');
    expect(locate(root, ['providers', 'x', 'apiKey']).position).toEqual({ line: 4, column: 5 });
    expect(locate(root, ['providers', 'x', 'list', 1]).position).toEqual({ line: 6, column: 7 });
  });

  it.each<[string, string, string]>([
    ['a key twice', 'a: 1\nb: 2\na: 3', 'f.yaml:3:1: duplicate key "a", first given on line 1; keep one'],
    [
      'a text with a colon',
      'a: b: c',
      'f.yaml:1:4: no valid YAML: a mapping within a mapping must start on a new line',
    ],
    ['a tab for indentation', 'a:\n\tb: 1', 'f.yaml:2:'],
    ['an open bracket', 'a: [1', 'no valid YAML: bad indentation, or a bracket that is not closed'],
    ['an unknown tag', 'a: !secret x', 'f.yaml:1:4: no valid YAML: unknown tag; only plain values are read'],
    ['an unknown escape', 'a: "\\q"', 'no valid YAML: unknown escape'],
    ['an alias of nothing', 'a: *x', 'f.yaml:1:4: no valid YAML: this alias has no name, or no anchor before it'],
    ['two documents', 'a: 1\n---\nb: 2', 'no valid YAML: expected one document only'],
    ['a mapping for a key', '? {a: 1}\n: 2', 'f.yaml:1:3: expected a plain key'],
    ['a list that holds itself', 'a: &a [*a]', 'nested deeper than 100 levels'],
    ['brackets without end', '['.repeat(1_000_000), 'nested deeper than 100 levels'],
    ['braces without end', '{a: '.repeat(250_000), 'nested deeper than 100 levels'],
    ['dashes without end', '- '.repeat(500_000), 'nested deeper than 100 levels'],
    [
      'indentation without end',
      Array.from({ length: 1_400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'indented by more than 200 blanks',
    ],
    [
      'deep mappings',
      Array.from({ length: 150 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'nested deeper than 100 levels',
    ],
    ['a bomb of aliases', bomb(), 'more than 100 aliases'],
    [
      'a large value by many aliases',
      `a: &a [${'1,'.repeat(10_000)}]\nb: [${'*a ,'.repeat(50)}]`,
      'more than 50000 values',
    ],
    ['too many words', 'a: 1\n'.repeat(200_000), 'more than 50000 YAML tokens'],
  ])('%s is refused with its place', (_, text, message) => {
    expect(refused(text)).toContain(message);
    expect(refused(text)).toMatch(/^f\.yaml:\d+:\d+: /);
  });

  it('that is broken beside a secret does not repeat the secret', () => {
    for (const text of [
      'k: "a" sk-secret',
      'k: "sk-secret',
      'k: sk-secret: x',
      'k: !sk-secret x',
      '%sk-secret\n---\nk: 1',
      'k: @sk-secret',
      'k: *sk-secret',
    ]) {
      expect(refused(text)).not.toContain('secret');
    }
  });

  it('is read, or refused with a TroupeError, whatever comes in', () => {
    const pieces = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '? ',
      '\n',
      '  ',
      '\n  ',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a ',
      '*a',
      '!',
      '!!str ',
      '|\n',
      '>-\n',
      '%',
      '---\n',
      '...',
      '#',
      '\t',
      '\r\n',
      '\0',
      '1',
      '~',
      '<<: ',
      '@',
      '\u{feff}',
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 2 })), { maxLength: 40 }),
        (parts) => {
          try {
            plainValue(readYaml(parts.join(''), 'f.yaml'));
          } catch (error) {
            expect(error).toBeInstanceOf(TroupeError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each<[string, string]>([
    ['double quotes', '"'.repeat(1_000_000)],
    ['commas', `[${','.repeat(1_000_000)}`],
    ['tags', '!a '.repeat(330_000)],
    ['directives', '%a\n'.repeat(330_000)],
    ['comments', '#\n'.repeat(500_000)],
    ['block text', `a: |\n${' x\n'.repeat(330_000)}`],
    ['folded quotes', `a: "${'x\n '.repeat(330_000)}"`],
    ['blanks', ' '.repeat(1_000_000)],
    ['colons', ':'.repeat(1_000_000)],
    ['plain words', 'a '.repeat(500_000)],
    ['anchors', '- &a x\n'.repeat(140_000)],
  ])('a megabyte of %s takes bounded time', (_, text) => {
    const start = performance.now();
    try {
      plainValue(readYaml(text, 'f.yaml'));
    } catch (error) {
      expect(error).toBeInstanceOf(TroupeError);
    }
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

/** Nine lists of nine aliases each: 9^8 values when written out. */
function bomb(): string {
  const levels = Array.from({ length: 8 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`);
  return ['l0: &l0 [x]', ...levels].join('\n');
}
