import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locate, plainValue } from '../../src/config/config-node.js';
import { readJson } from '../../src/config/read-json.js';
import { TroupeError } from '../../src/domain/errors.js';
import { refusalOf } from './temp-folder.js';

const read = (text: string): unknown => JSON.parse(JSON.stringify(plainValue(readJson(text, 'f.json'))));

describe('a JSON file', () => {
  it('gives what JSON.parse gives, for any value', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 6 }).filter((text) => !text.includes('__proto__')),
        fc.boolean(),
        (text, indented) => {
          const expected: unknown = JSON.parse(text);
          expect(read(indented ? JSON.stringify(expected, null, '\t') : text)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is refused where JSON.parse refuses, and only there, save for duplicate keys', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '\\n',
      '\\u00e9',
      '1',
      '-',
      '0',
      '1.5e3',
      'true',
      'null',
      ' ',
      '\n',
      '\t',
      '\u0001',
      '//',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const ours = refusedWith(() => readJson(text, 'f.json'));
        if (ours?.includes('duplicate key')) return;
        expect(ours !== undefined).toBe(refusedWith(() => JSON.parse(text)) !== undefined);
      }),
      { numRuns: 5000 },
    );
  });

  it('knows the line and column of each key', () => {
    const root = readJson('{\n  "a": {\r\n\t"b_c": [1,\n 2]}}', 'f.json');
    expect(locate(root, ['a', 'bC'])).toEqual({ position: { line: 3, column: 2 }, spelled: ['a', 'b_c'] });
    expect(locate(root, ['a', 'b_c', 1]).position).toEqual({ line: 4, column: 2 });
  });

  it.each<[string, string, string]>([
    ['an empty file', '', 'f.json:1:1: no valid JSON: expected a value, found the end of the file'],
    ['a comment', '{\n // x\n}', 'f.json:2:2: no valid JSON: expected a key in double quotes'],
    ['a last comma', '[1,]', 'f.json:1:4: no valid JSON: expected a value'],
    ['a missing comma', '{"a": 1\n "b": 2}', 'f.json:2:2: no valid JSON: expected "," or "}" in an object'],
    ['a missing colon', '{"a" 1}', 'f.json:1:6: no valid JSON: expected ":" after a key'],
    ['an open array', '[1', 'f.json:1:3: no valid JSON: expected "," or "]" in an array, found the end of the file'],
    ['an open string', '"abc', 'no valid JSON: this string is not closed on its line, or holds an unknown escape'],
    ['something after the value', '{} {}', 'f.json:1:4: no valid JSON: expected the end of the file'],
    ['a key twice', '{"a": 1,\n"a": 2}', 'f.json:2:1: duplicate key "a", first given on line 1; keep one'],
    ['arrays without end', '['.repeat(100_000), 'nested deeper than 100 levels'],
  ])('%s is refused with its place', (_, text, message) => {
    expect(refusalOf(() => readJson(text, 'f.json'))).toContain(message);
  });

  it('that is broken beside a secret does not repeat the secret', () => {
    for (const text of ['{"k": sk-secret}', '{"k": "sk-secret', '{"k": "sk-secret" x}', '{"k": "sk-secret\\q"}']) {
      expect(refusalOf(() => readJson(text, 'f.json'))).not.toContain('secret');
    }
  });

  it.each<[string, string]>([
    ['strings', `"${'a'.repeat(1_000_000)}`],
    ['escapes', `"${'\\n'.repeat(500_000)}"`],
    ['items', `[${'1,'.repeat(500_000)}1]`],
    ['blanks', ' '.repeat(1_000_000)],
  ])('a megabyte of %s takes bounded time', (_, text) => {
    const start = performance.now();
    refusedWith(() => readJson(text, 'f.json'));
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

function refusedWith(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    expect(error instanceof TroupeError || error instanceof SyntaxError).toBe(true);
    return String(error);
  }
}
