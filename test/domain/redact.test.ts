import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/domain/redact.js';

const redact = createRedactor([]);
/** Put together here, so that no scanner takes this file for a leak. */
const shaped = (...parts: string[]) => parts.join('');

describe('redaction', () => {
  it('takes out registered values wherever they stand, the longer one first', () => {
    const own = createRedactor(['hunter22', 'hunter22-and-more']);
    expect(own('a hunter22-and-more b hunter22 c')).toBe('a [redacted] b [redacted] c');
  });

  it('finds a value in its URL and its JSON spelling', () => {
    const own = createRedactor(['p"ss/wörd']);
    expect(own(`?key=${encodeURIComponent('p"ss/wörd')} ${JSON.stringify({ key: 'p"ss/wörd' })}`)).toBe(
      '?key=[redacted] {"key":"[redacted]"}',
    );
  });

  it('finds a value in JSON that stands in a text of JSON', () => {
    const secret = 'two\nlines and a "quote"';
    const inner = JSON.stringify({ key: secret });
    const own = createRedactor([secret]);
    expect(own(JSON.stringify({ inner }))).toBe(JSON.stringify({ inner: '{"key":"[redacted]"}' }));
    expect(own(JSON.stringify([JSON.stringify({ inner })]))).not.toContain('quote');
  });

  it('takes characters of a value literally', () => {
    expect(createRedactor(['a.c*(x)$'])('abccx a.c*(x)$')).toBe('abccx [redacted]');
  });

  it('passes over values under 6 characters', () => {
    expect(createRedactor(['none', ''])('none of it')).toBe('none of it');
  });

  it.each([
    ['a model key', shaped('sk-', 'proj-AbCd0123456789_xyz')],
    ['a masked model key', shaped('sk-', 'proj-********************xyz')],
    ['a code host token', shaped('gh', 'p_0123456789abcdefABCDEF0123456789abcd')],
    ['a fine-grained token', shaped('github', '_pat_11AAAAAAA0123456789abcdef')],
    ['a cloud key id', shaped('AKI', 'AIOSFODNN7EXAMPLE')],
    ['a chat token', shaped('xox', 'b-123456789012-abcdef')],
    ['an API key of a search engine', shaped('AIz', 'aSyA0123456789abcdefghijklmnopqrstu')],
    ['a signed token', shaped('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0NTY3ODkwIn0', '.dozjgNryP4J3jVmN')],
  ])('takes out what looks like %s', (_kind, secret) => {
    expect(redact(`before ${secret} after`)).toBe('before [redacted] after');
  });

  it('takes out bearer tokens, logins in URLs and private keys, and leaves what is around', () => {
    expect(redact('Authorization: Bearer abc.def-123')).toBe('Authorization: Bearer [redacted]');
    expect(redact('at https://me:pass@host.example/x')).toBe('at https://[redacted]@host.example/x');
    const pem = shaped('-----BEGIN RSA PRIV', 'ATE KEY-----\nMIIE\nabc=\n-----END RSA PRIV', 'ATE KEY-----');
    expect(redact(`x ${pem} y`)).toBe('x [redacted] y');
  });

  it.each([
    'a task-based-approach-to-things',
    'risk-assessment-of-everything',
    'see https://host.example:8080/a@b',
    'the bearer of news',
  ])('leaves ordinary text alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it.each(['sk-', 'eyJ', 'eyJaaaaaaaa.', '-----BEGIN PRIVATE KEY-----', '://a:', 'Bearer ', 'ghp_', 'AKIA'])(
    'takes time linear in the text, also for many beginnings of a secret: %s',
    (beginning) => {
      const timeOf = (length: number) => {
        const text = beginning.repeat(Math.ceil(length / beginning.length));
        const start = process.cpuUsage();
        redact(text);
        return process.cpuUsage(start).user;
      };
      timeOf(20_000); // warm
      // Quadratic time would be 256 times that of a sixteenth, some minutes for the worst shapes.
      expect(timeOf(1_600_000)).toBeLessThan(Math.max(timeOf(100_000), 4_000) * 100);
    },
  );
});
