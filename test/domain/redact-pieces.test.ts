import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/domain/redact.js';

const VALUE = 'topsecret-value';
const redact = createRedactor([VALUE]);
/** Put together here, so that no scanner takes this file for a leak. */
const shaped = (...parts: string[]) => parts.join('');
const letters = (count: number) => 'aB3'.repeat(count).slice(0, count);
const pem = (lines: number) =>
  shaped(
    '-----BEGIN RSA PRIV',
    `ATE KEY-----\n${`${letters(64)}\n`.repeat(lines)}abc=\n-----END RSA PRIV`,
    'ATE KEY-----',
  );

function told(pieces: readonly string[]): string[] {
  const shown: string[] = [];
  const through = redact.inPieces?.((text) => shown.push(text));
  for (const piece of pieces) through?.push(piece);
  through?.end();
  return shown;
}
const inPiecesOf = (text: string, length: number) =>
  Array.from({ length: Math.ceil(text.length / length) }, (_, n) => text.slice(n * length, (n + 1) * length));

const SECRETS: readonly [string, string][] = [
  ['a known value', VALUE],
  ['a model key', shaped('sk-', 'proj-AbCd0123456789_xyz')],
  ['a masked model key', shaped('sk-', 'proj-********************xyz')],
  ['a code host token', shaped('gh', 'p_0123456789abcdefABCDEF0123456789abcd')],
  ['a fine-grained token', shaped('github', '_pat_11AAAAAAA0123456789abcdef')],
  ['another code host token', shaped('glpat', `-${letters(20)}`)],
  ['a token of a package registry', shaped('npm', `_${letters(36)}`)],
  ['a token of a model host', shaped('hf', `_${letters(34)}`)],
  ['a chat token', shaped('xox', 'b-123456789012-abcdef')],
  ['a cloud key id', shaped('AKI', 'AIOSFODNN7EXAMPLE')],
  ['an API key of a search engine', shaped('AIz', 'aSyA0123456789abcdefghijklmnopqrstu')],
  ['a signed token', shaped('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0NTY3ODkwIn0', '.dozjgNryP4J3jVmN')],
  ['a bearer token', 'Bearer abc.def-123'],
  ['a login', 'Basic dXNlcjpwYXNzd29yZA=='],
  ['a login in a URL', 'https://me:pass@host.example/x'],
  ['a private key', pem(2)],
];

describe('a text in pieces', () => {
  it.each(SECRETS)(
    'never shows %s, wherever it is cut, and is the same as when redacted as a whole',
    (_what, secret) => {
      for (const text of [`before ${secret} after`, `"${secret}"`, `${secret}. ${secret}\n`, secret]) {
        const whole = redact(text);
        expect(whole).toContain('[redacted]');
        for (let cut = 0; cut <= text.length; cut++) {
          expect(told([text.slice(0, cut), text.slice(cut)]).join('')).toBe(whole);
        }
        for (const length of [1, 2, 3, 4, 7]) expect(told(inPiecesOf(text, length)).join('')).toBe(whole);
      }
    },
  );

  it('is the same as the whole text redacted, however it is made and cut', () => {
    const parts = [
      'sk-',
      'ghp_',
      'Bearer ',
      'basic ',
      '://',
      ':',
      '@',
      '-----',
      '-',
      'BEGIN ',
      'END ',
      'PRIVATE KEY',
      'eyJ',
      '.',
    ];
    const more = [
      'AKIA',
      'ABCDEFGHIJKLMNOP',
      'a1B2c3d4e5f6',
      ' ',
      '\n',
      '!',
      'x',
      '_',
      VALUE.slice(0, 6),
      VALUE.slice(6),
    ];
    const keys = [shaped('-----BEGIN PRIV', 'ATE KEY-----'), shaped('-----END PRIV', 'ATE KEY-----')];
    const text = fc
      .array(fc.constantFrom(...parts, ...more, ...keys), { maxLength: 14 })
      .map((words) => words.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }), (whole, lengths) => {
        const pieces: string[] = [];
        let rest = whole;
        for (const length of lengths) {
          pieces.push(rest.slice(0, length));
          rest = rest.slice(length);
        }
        expect(told([...pieces, rest]).join('')).toBe(redact(whole));
      }),
      { numRuns: 3_000 },
    );
  });

  it('without a secret is handed on with no more than its last word held back', () => {
    const prose =
      'She asked: what is the gist of it? See https://host.example:8080/a/b and a risk-assessment of the eyes, hf AIs, github_pats, -- and so on.';
    const pieces = inPiecesOf(prose, 5);
    expect(told(pieces).join('')).toBe(prose);
    const through = redact.inPieces?.((text) => {
      shown += text;
    });
    let shown = '';
    let given = '';
    for (const piece of pieces) {
      through?.push(piece);
      given += piece;
      expect(given.slice(shown.length)).toMatch(/^\S*$/);
    }
  });

  it('does not take the end of a word for the beginning of a key', () => {
    expect(told(['ri', 'sk-assessment-of-everything', ' done']).join('')).toBe('risk-assessment-of-everything done');
  });

  it.each([
    ['a key', shaped('sk-', letters(5_000)), ''],
    ['a signed token', shaped(`eyJ${letters(900)}`, `.eyJ${letters(3_000)}`, `.${letters(700)}`), ''],
    ['a private key', pem(60), ''],
    ['a private key without an end', pem(60).slice(0, -40), '!'],
  ])('never shows more of %s that is longer than what is held back', (_what, secret, end) => {
    for (const length of [1, 5, 64, 1_000]) {
      expect(told(inPiecesOf(`before ${secret}${end} after`, length)).join('')).toBe(`before [redacted]${end} after`);
    }
  });

  it('tells a long secret before it is over', () => {
    const shown: string[] = [];
    const through = redact.inPieces?.((text) => shown.push(text));
    for (let n = 0; n < 100; n++) through?.push(n === 0 ? shaped('sk-', letters(10)) : letters(10));
    expect(shown).toEqual(['[redacted]']);
  });

  it('hands on what only begins like a secret, and goes on for too long', () => {
    const text = `eyJ${letters(6_000)}`;
    const pieces = inPiecesOf(text, 50);
    expect(told(pieces).length).toBeGreaterThan(10);
    expect(told(pieces).join('')).toBe(text);
  });

  it.each([['eyJaaaa-'], ['sk-'], ['://a:'], ['-----BEGIN '], ['Bearer '], ['topsecret-'], [pem(1).slice(0, 40)]])(
    'takes time linear in the text: %s',
    (beginning) => {
      const timeOf = (length: number) => {
        const pieces = inPiecesOf(beginning.repeat(Math.ceil(length / beginning.length)), 4);
        const start = process.cpuUsage();
        told(pieces);
        return process.cpuUsage(start).user;
      };
      timeOf(5_000); // warm
      // Quadratic time would be 256 times that of a sixteenth.
      expect(timeOf(160_000)).toBeLessThan(Math.max(timeOf(10_000), 4_000) * 100);
    },
  );
});
