import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/domain/redact.js';
import { redactPieces } from '../../src/subagent/redact-pieces.js';

function passed(secrets: readonly string[], pieces: readonly string[]): string[] {
  const told: string[] = [];
  const through = redactPieces(createRedactor(secrets), (text) => told.push(text));
  for (const piece of pieces) through.push(piece);
  through.end();
  return told;
}

describe('a text that comes in pieces', () => {
  it('loses a secret that is cut into pieces', () => {
    expect(passed(['topsecret'], ['my top', 'sec', 'ret.'])).toEqual(['my ', '[redacted].']);
  });

  it('passes piece by piece where nothing of a secret is in sight', () => {
    expect(passed(['topsecret'], ['Hello', ' wor', 'ld'])).toEqual(['Hello', ' wor', 'ld']);
  });

  it('loses a secret that ends with the beginning of another', () => {
    expect(passed(['keykey-a', 'abcdef'], ['keykey-a', 'x']).join('')).toBe('[redacted]x');
  });

  it('is the same as the whole text redacted, however it is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 40 });
    const secret = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 6, maxLength: 8 });
    fc.assert(
      fc.property(secret, fc.array(letters, { maxLength: 8 }), fc.nat(8), fc.nat(7), (hidden, texts, at, cut) => {
        const pieces = [...texts];
        pieces.splice(at, 0, hidden.slice(0, cut), hidden.slice(cut));
        const told = passed([hidden], pieces).join('');
        expect(told.includes(hidden)).toBe(false);
        expect(told).toBe(createRedactor([hidden])(pieces.join('')));
      }),
      { numRuns: 500 },
    );
  });

  it('passes as it is where the redactor knows nothing of beginnings', () => {
    const told: string[] = [];
    const through = redactPieces(
      (text) => text.replaceAll('x', '-'),
      (text) => told.push(text),
    );
    through.push('axb');
    through.push('');
    through.end();
    expect(told).toEqual(['a-b']);
  });
});
