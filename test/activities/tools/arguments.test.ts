import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool, parseArguments, validateInput } from '../../../src/activities/tools/index.js';
import { realClock } from '../../../src/domain/clock.js';

describe('the JSON text of a call', () => {
  it('is read as one object', () => {
    expect(parseArguments('{"path":"a","n":1}')).toEqual({ ok: true, args: { path: 'a', n: 1 } });
  });

  it.each(['', '  \n'])('is an empty object when nothing was written (%j)', (text) => {
    expect(parseArguments(text)).toEqual({ ok: true, args: {} });
  });

  it.each(['{"a":1', '{"a":1}{"b":2}', "{'a':1}", 'null', '[1]', '"{}"', '7', '"{\\"a\\":1}"'])(
    'is refused when it is no object: %s',
    (text) => {
      expect(parseArguments(text)).toEqual({ ok: false, problem: expect.stringContaining(text) });
    },
  );

  it('is echoed only in part when it is long', () => {
    const parsed = parseArguments(`{"a":"${'x'.repeat(5_000)}`);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.problem.length).toBeLessThan(320);
  });

  it('keeps __proto__ as a key like any other', () => {
    const parsed = parseArguments('{"__proto__":{"polluted":true}}');
    expect(parsed.ok).toBe(true);
    if (!parsed.ok) return;
    expect(Object.keys(parsed.args)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(parsed.args)).toBe(Object.prototype);
  });

  it('may be nested 100 deep, not deeper, and never overflows the stack', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(parseArguments(nested(100)).ok).toBe(true);
    expect(parseArguments(nested(101))).toEqual({ ok: false, problem: expect.stringContaining('nested') });
    expect(parseArguments(nested(100_000)).ok).toBe(false);
  });
});

describe('the arguments of a call', () => {
  const tool = defineTool({
    name: 'add',
    description: 'Adds.',
    input: z.strictObject({ a: z.number(), b: z.number().default(1) }),
    run: ({ a, b }) => String(a + b),
  });

  it('become the input of the tool, with defaults', async () => {
    expect(await validateInput(tool, { a: 2 }, { clock: realClock })).toEqual({ ok: true, input: { a: 2, b: 1 } });
  });

  it('are a problem that names the tool and each key', async () => {
    const validated = await validateInput(tool, { b: 'x', c: 1 }, { clock: realClock });
    expect(validated.ok).toBe(false);
    if (validated.ok) return;
    expect(validated.problem).toMatch(/^Invalid arguments for add: /);
    expect(validated.problem).toContain('a: ');
    expect(validated.problem).toContain('b: ');
    expect(validated.problem).toContain('"c"');
  });

  it('are a problem when __proto__ is among them', async () => {
    const parsed = parseArguments('{"a":1,"__proto__":{"b":5}}');
    expect(parsed.ok && (await validateInput(tool, parsed.args, { clock: realClock })).ok).toBe(false);
  });

  it('are a problem, not a crash, when the validator throws', async () => {
    const throwing = {
      ...tool,
      input: {
        '~standard': {
          version: 1 as const,
          vendor: 'test',
          validate: () => {
            throw new Error('broken validator');
          },
        },
      },
    };
    expect(await validateInput(throwing, {}, { clock: realClock })).toEqual({
      ok: false,
      problem: expect.stringContaining('broken validator'),
    });
  });

  it('name nested keys by their path, whatever form the validator gives it', async () => {
    const other = {
      ...tool,
      input: {
        '~standard': {
          version: 1 as const,
          vendor: 'test',
          validate: async () => ({ issues: [{ message: 'bad', path: ['list', { key: 0 }, { key: 'name' }] }] }),
        },
      },
    };
    expect(await validateInput(other, {}, { clock: realClock })).toEqual({
      ok: false,
      problem: 'Invalid arguments for add: list.0.name: bad',
    });
  });
});
