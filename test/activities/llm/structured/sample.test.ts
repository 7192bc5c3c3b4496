import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { prepareOutputSchema } from '../../../../src/activities/llm/index.js';
import { sampleOf } from '../../../../src/activities/llm/structured/sample.js';

const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});
const Linked = z.object({
  get next() {
    return z.union([Linked, z.null()]);
  },
});

describe('the smallest value of a schema', () => {
  it.each<[string, z.ZodType]>([
    ['texts', z.object({ a: z.string(), b: z.string().max(3), c: z.string().min(40), d: z.string().optional() })],
    ['formats', z.object({ a: z.email(), b: z.iso.date(), c: z.uuid(), d: z.iso.datetime(), e: z.url(), f: z.ipv4() })],
    ['common patterns', z.object({ a: z.string().regex(/^[A-Z]+-\d+$/), b: z.string().regex(/^\d{4}-\d\d-\d\d$/) })],
    [
      'numbers',
      z.object({
        a: z.int().min(3),
        b: z.number().gt(0),
        c: z.number().lt(-1),
        d: z.int().gt(0).max(1),
        e: z.int().lt(0),
      }),
    ],
    ['steps', z.object({ a: z.number().multipleOf(5).min(7), b: z.number().multipleOf(3).max(-1) })],
    ['choices', z.object({ a: z.enum(['x', 'y']), b: z.literal(7), c: z.nullable(z.string()), d: z.boolean() })],
    ['lists', z.object({ a: z.array(z.int()).min(2), b: z.tuple([z.string(), z.int()]), c: z.array(z.string()) })],
    ['records', z.object({ a: z.record(z.string(), z.int()), b: z.record(z.enum(['x', 'y']), z.int()) })],
    [
      'alternatives',
      z.discriminatedUnion('k', [z.object({ k: z.literal('a'), x: z.int() }), z.object({ k: z.literal('b') })]),
    ],
    ['a tree', Tree],
    ['a chain', Linked],
    ['any JSON', z.json()],
  ])('passes its own check: %s', async (_, schema) => {
    const form = prepareOutputSchema(schema);
    const sample = sampleOf(form.jsonSchema, '(none)');
    expect(sample).toBeDefined();
    expect(await form.validate(sample?.value)).toMatchObject({ ok: true });
  });

  it('has the filler in free texts, and only there', () => {
    const { jsonSchema } = prepareOutputSchema(z.object({ a: z.string(), b: z.enum(['x']), c: z.iso.date() }));
    expect(sampleOf(jsonSchema, '(none)')).toEqual({ value: { a: '(none)', b: 'x', c: '2000-01-01' } });
  });

  it('merges what holds together', () => {
    const schema = {
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'string' } },
      allOf: [{ required: ['b'], properties: { b: { type: 'integer', minimum: 4 } } }],
    };
    expect(sampleOf(schema, '(none)')).toEqual({ value: { a: '(none)', b: 4 } });
  });

  it('is not given where simple rules find none', () => {
    expect(
      sampleOf({ type: 'object', properties: { a: { pattern: '^[q]{17}$' } }, required: ['a'] }, ''),
    ).toBeUndefined();
    expect(sampleOf({ type: 'array', items: { type: 'null' }, minItems: 2, uniqueItems: true }, '')).toBeUndefined();
    expect(sampleOf({ type: 'string', pattern: '\\-' }, '')).toBeUndefined();
  });
});
