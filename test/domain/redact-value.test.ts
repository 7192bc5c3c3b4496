import { describe, expect, it } from 'vitest';
import { redactValue } from '../../src/domain/redact-value.js';

const redact = (text: string) => text.replaceAll('secret', '***');

describe('a value', () => {
  it('is itself when nothing in it has to go', () => {
    const shared = { b: [1, 'x', null, undefined] };
    const value = { a: shared, again: shared, list: [shared] };
    expect(redactValue(value, redact)).toBe(value);
    expect(redactValue('plain', redact)).toBe('plain');
    expect(redactValue(undefined, redact)).toBeUndefined();
  });

  it('loses what has to go in every text and key, and stays as it was given', () => {
    const value = { a: ['my secret', 5], secret: { b: 'secret' }, kept: { c: 'x' } };
    const redacted = redactValue(value, redact);
    expect(redacted).toEqual({ a: ['my ***', 5], '***': { b: '***' }, kept: { c: 'x' } });
    expect(redacted.kept).toBe(value.kept);
    expect(value.secret.b).toBe('secret');
  });

  it('keeps a key that is named like the prototype', () => {
    const redacted = redactValue(JSON.parse('{"__proto__":{"a":"secret"}}'), redact);
    expect(Object.entries(redacted)).toEqual([['__proto__', { a: '***' }]]);
  });

  it('has a note in place of a reference to what it stands in', () => {
    const circle: Record<string, unknown> = { text: 'secret' };
    circle.self = circle;
    circle.inner = { list: [circle] };
    expect(redactValue(circle, redact)).toEqual({
      text: '***',
      self: '(refers to itself)',
      inner: { list: ['(refers to itself)'] },
    });
  });

  it('has a note in place of what throws when it is read', () => {
    const thrower = () => {
      throw new Error('not for you');
    };
    const value = {
      text: 'secret',
      get lazy(): string {
        return thrower();
      },
      proxy: new Proxy({}, { ownKeys: thrower }),
      list: new Proxy([], { get: thrower }),
    };
    expect(redactValue(value, redact)).toEqual({
      text: '***',
      lazy: '(cannot be read)',
      proxy: '(cannot be read)',
      list: '(cannot be read)',
    });
  });

  it('is gone through once for each object, however often they refer to one another', () => {
    let calls = 0;
    let value: object = { text: 'secret' };
    for (let level = 0; level < 60; level++) value = { left: value, right: value };
    const redacted: unknown = redactValue(value, (text) => {
      calls++;
      return redact(text);
    });
    expect(calls).toBeLessThan(200);
    const web: Record<string, unknown> = {};
    for (const key of ['a', 'b', 'c']) web[key] = web;
    expect(redactValue(web, redact)).toEqual({
      a: '(refers to itself)',
      b: '(refers to itself)',
      c: '(refers to itself)',
    });
    expect(redacted).not.toBe(value);
  });

  it('is never deeper than 100 levels, also where a second reference stands deeper than the first', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    let deep: object = {};
    for (let level = 0; level < 1_000; level++) deep = { deep };
    expect(depthOf(redactValue(deep, redact))).toBe(100);

    const chain: object[] = [{ text: 'secret' }];
    for (let n = 1; n < 1_000; n++) chain.push({ former: chain[n - 1] });
    expect(depthOf(redactValue(chain, redact))).toBe(100);
  });
});
