import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAcl } from '../../src/config/acl.js';
import { locate, plainValue } from '../../src/config/config-node.js';
import { TroupeError } from '../../src/domain/errors.js';
import { refusalOf } from './temp-folder.js';

const env = { KEY: 'secret-value', EMPTY: '', HOST: 'example.test' };
const DOLLAR = '\x24{';

function read(text: string): unknown {
  return JSON.parse(JSON.stringify(plainValue(readAcl(text, 'agent.acl', env))));
}
const refused = (text: string) => refusalOf(() => readAcl(text, 'agent.acl', env));

describe('what is read', () => {
  it.each<[string, string, unknown]>([
    ['nothing', '', {}],
    ['blanks and comments only', ' \n# one\n// two\n/* three\n four */\n', {}],
    [
      'texts, numbers, booleans and null',
      'a = "x"\nb = -1.5e3\nc = true\nd = false\ne = null',
      { a: 'x', b: -1500, c: true, d: false, e: null },
    ],
    ['escapes', String.raw`a = "\n\t\r\"\\\u00e9"`, { a: '\n\t\r"\\é' }],
    ['a dollar that opens nothing', 'a = "5$ $$ $"', { a: '5$ $$ $' }],
    ['the two characters of an interpolation, escaped', `a = "$${DOLLAR}x}"`, { a: `${DOLLAR}x}` }],
    ['a list over several lines with a last comma and comments', 'a = [\n 1, # one\n 2,\n]\n', { a: [1, 2] }],
    ['an empty list and an empty object', 'a = []\nb = {}', { a: [], b: {} }],
    [
      'objects with either sign, and lines or commas between',
      'a = { b = 1, c: 2 }\nd = {\n e = 1\n "f g": 2,\n}',
      { a: { b: 1, c: 2 }, d: { e: 1, 'f g': 2 } },
    ],
    ['nested values', 'a = [[1], { b = [{}] }]', { a: [[1], { b: [{}] }] }],
    ['a block without labels', 'p {\n a = 1\n}', { p: { a: 1 } }],
    ['a block on one line', 'p { a = 1, b = 2 }', { p: { a: 1, b: 2 } }],
    [
      'labelled blocks in each other',
      'p "x" {\n m "y" { c = 1 }\n m "z" {}\n}\np "w" {}',
      { p: { x: { m: { y: { c: 1 }, z: {} } }, w: {} } },
    ],
    ['several labels, also bare ones', 'p "x" y {\n a = 1\n}', { p: { x: { y: { a: 1 } } } }],
    ['names with dashes and digits', 'a-b_9 = 1', { 'a-b_9': 1 }],
    ['a heredoc', 'a = <<EOF\none\n  two\\n\nEOF\nb = 1', { a: 'one\n  two\\n\n', b: 1 }],
    ['a heredoc without its indentation', 'a = <<-EOF\n    one\n\n      two\n    EOF\n', { a: 'one\n\n  two\n' }],
    ['an empty heredoc', 'a = <<EOF\nEOF', { a: '' }],
    ['heredocs in a list', 'a = [\n<<A\n1\nA\n,\n<<B\n2\nB\n]', { a: ['1\n', '2\n'] }],
    ['a variable', 'a = env("KEY")', { a: 'secret-value' }],
    ['an empty variable', 'a = env("EMPTY")', { a: '' }],
    ['joined texts', 'a = concat("https://", env("HOST"), "/v1")', { a: 'https://example.test/v1' }],
    ['joined lists', 'a = concat([1], [], [2, 3],)', { a: [1, 2, 3] }],
    [
      'lines that end in CR LF or CR',
      'a = 1\r\nb = [\r\n2\r\n]\rc = <<EOF\r\nx\r\nEOF\r\n',
      { a: 1, b: [2], c: 'x\n' },
    ],
    ['keys that other programs trip over', 'constructor = 1\ntoString "x" {}', { constructor: 1, toString: { x: {} } }],
  ])('%s', (_, text, value) => {
    expect(read(text)).toEqual(value);
  });

  it('a key called __proto__ is a key like any other', () => {
    const value = plainValue(readAcl('__proto__ = 1\n__proto2__ "__proto__" { polluted = true }', 'a.acl', env));
    expect(Object.keys(Object(value))).toEqual(['__proto__', '__proto2__']);
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect('polluted' in {}).toBe(false);
  });

  it('knows the place of each key, also of those of labels, and how it is spelt', () => {
    const root = readAcl('a = 1\n\nproviders "x" {\n  api_key = "k"\n  list = [\n    1,\n    2]\n}', 'a.acl', env);
    expect(locate(root, ['providers', 'x', 'apiKey'])).toEqual({
      position: { line: 4, column: 3 },
      spelled: ['providers', 'x', 'api_key'],
    });
    expect(locate(root, ['providers', 'x', 'list', 1]).position).toEqual({ line: 7, column: 5 });
    expect(locate(root, ['providers', 'x', 'missing']).position).toEqual({ line: 3, column: 1 });
  });
});

describe('what is refused', () => {
  it.each<[string, string, string]>([
    [
      'a bare word for a value',
      'a = hello',
      'agent.acl:1:5: expected a value, found a bare word (texts stand in double quotes)',
    ],
    [
      'no value',
      'a =\nb = 1',
      'agent.acl:1:4: expected a value: a text in quotes, a number, true, false, null, a list or an object, found the end of the line',
    ],
    ['no value at the end', 'a =', 'found the end of the file'],
    ['a key alone', 'a\n', 'agent.acl:1:2: expected "=", a label or "{" after a key, found the end of the line'],
    [
      'a label without a block',
      'p "x"\n',
      'agent.acl:1:6: expected "{" after the labels of a block, found the end of the line',
    ],
    ['no key', '= 1', 'agent.acl:1:1: expected a key or a block, found "="'],
    ['a key in quotes', '"a" = 1', 'agent.acl:1:1: expected a key or a block, found a string'],
    ['two attributes on one line', 'a = 1 b = 2', 'agent.acl:1:7: expected a new line, found a bare word'],
    ['an open block', 'p {\n a = 1\n', 'agent.acl:3:1: expected a key, a block or "}", found the end of the file'],
    ['a brace too many', 'a = 1\n}', 'agent.acl:2:1: expected a key or a block, found "}"'],
    ['an open string', 'a = "x\nb = 1', 'agent.acl:1:5: this string is not closed on its line; expected "'],
    ['an unknown escape', 'a = "\\q"', 'agent.acl:1:6: unknown escape'],
    ['half an escape', 'a = "\\u12"', 'agent.acl:1:6: unknown escape'],
    ['an open comment', 'a = 1\n/* x', 'agent.acl:2:1: this comment is not closed; expected */'],
    [
      'an open heredoc',
      'a = <<EOF\nx\n',
      'agent.acl:1:5: this heredoc is not closed; expected EOF on a line of its own',
    ],
    ['a heredoc without a name', 'a = <<\nx\n', 'agent.acl:1:5: expected a heredoc'],
    ['an interpolation', `a = "x${DOLLAR}y}"`, `agent.acl:1:7: ${DOLLAR} is not supported; join texts with concat`],
    ['an interpolation in a heredoc', `a = <<E\nb\n c${DOLLAR}y}\nE`, `agent.acl:3:3: ${DOLLAR} is not supported`],
    ['an open list', 'a = [1, 2', 'agent.acl:1:10: expected "," or "]" in a list, found the end of the file'],
    ['a list without commas', 'a = [1 2]', 'agent.acl:1:8: expected "," or "]" in a list, found a number'],
    ['two commas', 'a = [1,,2]', 'agent.acl:1:8: expected a value'],
    ['an object without a sign', 'a = { b 1 }', 'agent.acl:1:9: expected "=" or ":" after a key, found a number'],
    [
      'an object without a separator',
      'a = { b = 1 c = 2 }',
      'agent.acl:1:13: expected ",", a new line or "}" in an object',
    ],
    ['an open object', 'a = { b = 1', 'found the end of the file'],
    ['a number with letters', 'a = 12abc', 'agent.acl:1:5: this is no number; put texts in quotes'],
    ['a number with a leading zero', 'a = 007', 'agent.acl:1:5: this is no number'],
    ['a lonely minus', 'a = -', 'agent.acl:1:5: this is no number'],
    ['an endless number', 'a = 1e999', 'agent.acl:1:5: this number is too large'],
    ['a key twice', 'a = 1\nb = 2\na = 3', 'agent.acl:3:1: duplicate key "a", first given on line 1; keep one'],
    ['a key twice in an object', 'a = { b = 1, b = 2 }', 'agent.acl:1:14: duplicate key "b"'],
    ['a block twice', 'p {}\np {}', 'agent.acl:2:1: duplicate key "p"'],
    ['a labelled block twice', 'p "x" {}\np "x" {}', 'agent.acl:2:1: duplicate key "x"'],
    ['an attribute and a block of one name', 'p = 1\np "x" {}', 'agent.acl:2:1: duplicate key "p"'],
    ['a block that adds to a finished one', 'p "x" {}\np "x" "y" {}', 'agent.acl:2:1: duplicate key "x"'],
    [
      'a variable that is not set',
      'a = 1\nb = {\n  c = env("NOT_SET")\n}',
      'agent.acl:3:7: the environment variable NOT_SET is not set; set it',
    ],
    ['a variable of the prototype', 'a = env("toString")', 'the environment variable toString is not set'],
    ['env without a name', 'a = env()', 'agent.acl:1:5: env takes the name of one variable, as in env("NAME")'],
    ['env with two names', 'a = env("A", "B")', 'env takes the name of one variable'],
    ['env with a number', 'a = env(1)', 'env takes the name of one variable'],
    ['concat of nothing', 'a = concat()', 'agent.acl:1:5: concat takes texts only, or lists only, and at least one'],
    ['concat of a text and a list', 'a = concat("a", [])', 'concat takes texts only'],
    ['concat of a number', 'a = concat("a", 1)', 'concat takes texts only'],
    ['an unknown function', 'a = file("x")', 'agent.acl:1:5: unknown function file; known are env and concat'],
    ['a byte that means nothing', 'a = @', 'agent.acl:1:5: expected a value'],
    ['a zero byte', '\0', 'agent.acl:1:1: expected a key or a block, found "\\u0000"'],
    ['lists in lists without end', `a = ${'['.repeat(200)}`, 'nested deeper than 100 levels'],
    ['objects in objects without end', `a = ${'{a='.repeat(200)}`, 'nested deeper than 100 levels'],
    ['blocks in blocks without end', 'a {'.repeat(200), 'nested deeper than 100 levels'],
    ['calls in calls without end', `a = ${'concat('.repeat(200)}`, 'nested deeper than 100 levels'],
    ['labels without end', `a ${'"x"'.repeat(200)} {}`, 'nested deeper than 100 levels'],
    ['a text that is too large', `a = "${'x'.repeat(1024 * 1024)}"`, 'agent.acl:1:1: larger than 1048576 bytes'],
  ])('%s', (_, text, message) => {
    expect(refused(text)).toContain(message);
  });

  it('a fault beside a secret does not repeat the secret', () => {
    for (const text of [
      'key = sk-secret-1',
      'key = "sk-secret-1',
      'key = ["sk-secret-1" "x"]',
      'key = 1sk-secret-1',
      'key "sk-secret-1"',
    ]) {
      expect(refused(text)).not.toContain('secret');
    }
  });
});

describe('whatever comes in', () => {
  const pieces = fc.constantFrom(
    'a',
    'env',
    'concat',
    'true',
    'null',
    '"',
    '"x"',
    '\\',
    '\\u00',
    '=',
    ':',
    ',',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '<<E',
    '<<-E',
    'E',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '#',
    '//',
    '/*',
    '*/',
    '1',
    '-',
    '.5',
    'e9',
    '$',
    DOLLAR,
    '\0',
    '\u2028',
    'é',
    '__proto__',
  );
  const soup = fc.array(fc.oneof({ weight: 5, arbitrary: pieces }, fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 60,
  });

  it('it is read, or refused with a TroupeError that names file and line', () => {
    fc.assert(
      fc.property(soup, (parts) => {
        try {
          plainValue(readAcl(parts.join(''), 'f.acl', env));
        } catch (error) {
          expect(error).toBeInstanceOf(TroupeError);
          expect(String(error)).toMatch(/f\.acl:\d+:\d+: ./);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('what is written is what is read', () => {
    const key = fc.stringMatching(/^[A-Za-z_][\w-]{0,8}$/).filter((name) => name !== '__proto__');
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => !text.includes(DOLLAR)),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 4 }), (object) => {
        const text = Object.entries(object)
          .map(([name, entry]) => `${name} = ${written(entry)}\n`)
          .join('');
        expect(read(text)).toEqual(JSON.parse(JSON.stringify(object)));
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, string]>([
    ['brackets', `a = ${'['.repeat(1_000_000)}`],
    ['quotes', '"'.repeat(1_000_000)],
    ['backslashes', `a = "${'\\\\'.repeat(500_000)}`],
    ['comments', '/**/'.repeat(250_000)],
    ['open comments', '/*'.repeat(500_000)],
    ['keys', Array.from({ length: 90_000 }, (_, index) => `k${index} = 1`).join('\n')],
    ['one key again and again', 'a = 1\n'.repeat(170_000)],
    ['list items', `a = [${'1,'.repeat(500_000)}]`],
    ['heredocs', 'a = <<E\n'.repeat(120_000)],
    ['blanks around a marker', `a = <<E\nE${' '.repeat(1_000_000)}x`],
    ['indented lines', `a = <<-E\n${' x\n'.repeat(300_000)}E`],
    ['dollars', `a = "${'$'.repeat(1_000_000)}"`],
    ['blocks', Array.from({ length: 60_000 }, (_, index) => `p "${index}" {}`).join('\n')],
    ['digits', `a = ${'1'.repeat(1_000_000)}`],
    ['line ends', '\n'.repeat(1_000_000)],
  ])('a megabyte of %s takes bounded time', (_, text) => {
    const start = performance.now();
    try {
      plainValue(readAcl(text, 'f.acl', env));
    } catch (error) {
      expect(error).toBeInstanceOf(TroupeError);
    }
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

/** A value in the block language. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, entry]) => `${key}: ${written(entry)}`)
      .join(', ')} }`;
  }
  if (typeof value !== 'string') return JSON.stringify(value);
  const escaped = Array.from(
    { length: value.length },
    (_, index) => `\\u${value.charCodeAt(index).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped.join('')}"`;
}
