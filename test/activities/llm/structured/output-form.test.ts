import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { prepareOutputSchema } from '../../../../src/activities/llm/index.js';
import type { JsonSchema, OutputSchema, StructuredOf } from '../../../../src/domain/schema.js';
import { problems, refusal } from './schema-checks.js';

const check = (schema: OutputSchema, value: unknown) => prepareOutputSchema(schema).validate(value);
const accepted = async (schema: OutputSchema, value: unknown) => (await check(schema, value)).ok;

const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});

function nested(levels: number): z.ZodType {
  return levels === 0 ? z.string() : z.object({ a: nested(levels - 1) });
}

describe('a zod schema', () => {
  it('checks the answer itself, so that transforms, defaults and refinements apply', async () => {
    const schema = z.object({
      when: z.iso.date().transform((text) => Number(text.slice(0, 4))),
      tags: z.array(z.string()).default(['none']),
      size: z.number().refine((size) => size % 2 === 0, 'expected an even number'),
    });
    expect(await check(schema, { when: '2020-02-03', size: 2, other: true })).toEqual({
      ok: true,
      value: { when: 2020, tags: ['none'], size: 2 },
    });
    expect(await problems(schema, { when: '2020-02-03', size: 3 })).toBe('size: expected an even number');
  });

  it('may have refinements that take their time, and one that throws is a problem like any other', async () => {
    const slow = z.object({ a: z.string().refine(async (text) => text === 'yes', 'expected yes') });
    expect(await accepted(slow, { a: 'yes' })).toBe(true);
    expect(await problems(slow, { a: 'no' })).toBe('a: expected yes');
    const broken = z.object({
      a: z.string().refine(() => {
        throw new Error('lost the list');
      }),
    });
    expect(await problems(broken, { a: 'x' })).toBe('(root): could not be checked: lost the list');
  });

  it.each<[string, z.ZodType, unknown, unknown]>([
    ['string', z.string(), 'a', 1],
    ['number', z.number(), 1.5, '1.5'],
    ['int', z.int().min(2), 2, 1],
    ['boolean', z.boolean(), true, 'true'],
    ['null', z.null(), null, 0],
    ['enum', z.enum(['a', 'b']), 'a', 'c'],
    ['literal', z.literal([1, 'x']), 'x', 2],
    ['array', z.array(z.int()), [1], ['1']],
    ['tuple', z.tuple([z.string(), z.number()]), ['a', 1], ['a']],
    ['record', z.record(z.string(), z.number()), { a: 1 }, { a: 'x' }],
    ['union', z.union([z.string(), z.number()]), 1, true],
    ['nullable', z.nullable(z.string()), null, 1],
    ['intersection', z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() })), { a: 1, b: 2 }, { a: 1 }],
    ['strict object', z.strictObject({ a: z.int() }), { a: 1 }, { a: 1, b: 2 }],
    ['format', z.email(), 'a@example.com', 'a'],
    ['template', z.templateLiteral(['v', z.int()]), 'v1', 'w1'],
    ['codec', z.stringbool(), 'yes', 'perhaps'],
    ['coercion', z.coerce.number(), '12', 'x'],
    ['preprocessing', z.preprocess((value) => (value === 'one' ? 1 : value), z.int()), 'one', 'two'],
    ['lazy', z.lazy(() => z.string()), 'a', 1],
    ['any JSON', z.json(), { a: [1, null] }, undefined],
  ])('of kind %s is told to the model and holds', async (_, schema, right, wrong) => {
    const { jsonSchema } = prepareOutputSchema(z.object({ it: schema }));
    expect(jsonSchema).toMatchObject({ type: 'object', properties: { it: expect.anything() }, required: ['it'] });
    expect(await accepted(z.object({ it: schema }), { it: right })).toBe(true);
    expect(await problems(z.object({ it: schema }), { it: wrong })).toMatch(/^it(\.|:)/);
  });

  it('may be recursive, by a getter or lazily', async () => {
    const good = { name: 'a', children: [{ name: 'b', children: [] }] };
    expect(await check(Tree, good)).toEqual({ ok: true, value: good });
    expect(await problems(Tree, { name: 'a', children: [{ name: 1, children: [] }] })).toMatch(/^children\.0\.name: /);
    type Nested = string | Nested[];
    const Nested: z.ZodType<Nested> = z.lazy(() => z.union([z.string(), z.array(Nested)]));
    const form = prepareOutputSchema(Nested);
    expect(form.jsonSchema).toEqual({
      type: 'object',
      properties: { value: { $ref: '#/$defs/answer' } },
      required: ['value'],
      additionalProperties: false,
      $defs: { answer: { anyOf: [{ type: 'string' }, { type: 'array', items: { $ref: '#/$defs/answer' } }] } },
    });
    expect(await form.validate({ value: ['a', ['b']] })).toEqual({ ok: true, value: ['a', ['b']] });
  });

  it('is refused where JSON has no such value, by every place', () => {
    const schema = z.object({ a: z.object({ when: z.date(), ids: z.array(z.bigint()) }), tags: z.set(z.string()) });
    expect(refusal(schema)).toContain("properties.a.properties.when: zod's date has no JSON form");
    expect(refusal(schema)).toContain("properties.a.properties.ids.items: zod's bigint");
    expect(refusal(schema)).toContain("properties.tags: zod's set");
  });

  it.each<[string, z.ZodType]>([
    ['map', z.map(z.string(), z.string())],
    ['custom', z.custom<string>()],
    ['custom', z.instanceof(Date)],
    ['function', z.function() as unknown as z.ZodType], // a factory by its type, a schema at run time
    ['transform', z.transform((value) => value)],
    ['undefined', z.undefined()],
    ['void', z.void()],
    ['nan', z.nan()],
    ['symbol', z.symbol()],
    ['file', z.file()],
    ['promise', z.promise(z.string())],
    ['literal', z.literal(undefined)],
  ])('of kind %s is refused, as JSON has none of it', (kind, schema) => {
    expect(refusal(schema)).toMatch(new RegExp(`^outputSchema: \\(root\\): zod's ${kind} has no JSON form`));
  });

  it('is refused where nothing can satisfy it', () => {
    expect(refusal(z.never())).toBe('outputSchema: no finite value can satisfy it');
    expect(refusal(z.object({ a: z.never() }))).toBe('outputSchema: no finite value can satisfy it');
    const Endless = z.object({
      get next() {
        return Endless;
      },
    });
    expect(refusal(Endless)).toBe('outputSchema: no finite value can satisfy it');
  });

  it('is refused where it is nested deeper than a model can follow', () => {
    expect(refusal(nested(50))).toMatch(/nested deeper than 64 levels/);
    let deep = nested(0);
    for (let level = 0; level < 5_000; level++) deep = z.object({ a: deep });
    expect(refusal(deep)).toMatch(/nested too deep/);
  });

  it('tells of a union what its nearest alternative lacks', async () => {
    const schema = z.union([z.object({ name: z.string() }), z.object({ size: z.object({ width: z.number() }) })]);
    expect(await problems(schema, { value: { size: { width: 'wide' } } })).toBe(
      [
        'value: Invalid input: none of the alternatives fits; the nearest says:',
        'value.size.width: Invalid input: expected number, received string',
      ].join('\n'),
    );
  });
});

describe('a form', () => {
  it('asks for one object: anything else is wrapped, and taken out again', async () => {
    const form = prepareOutputSchema(z.array(z.string()));
    expect(form.jsonSchema).toEqual({
      type: 'object',
      properties: { value: { type: 'array', items: { type: 'string' } } },
      required: ['value'],
      additionalProperties: false,
    });
    expect(await form.validate({ value: ['a'] })).toEqual({ ok: true, value: ['a'] });
    expect(await form.validate(['a'])).toEqual({ ok: true, value: ['a'] });
    expect(await problems(z.array(z.string()), { value: ['a', 1] })).toMatch(/^value\.1: /);
  });

  it('wraps a union of objects, which services refuse at the top', async () => {
    const schema = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), x: z.number() }),
      z.object({ kind: z.literal('b') }),
    ]);
    const form = prepareOutputSchema(schema);
    expect(form.jsonSchema).toMatchObject({ type: 'object', properties: { value: { oneOf: [{}, {}] } } });
    expect(await form.validate({ value: { kind: 'b' } })).toEqual({ ok: true, value: { kind: 'b' } });
  });

  it('leads references to the same places when it wraps', async () => {
    const schema = {
      type: 'array',
      items: {
        anyOf: [{ $ref: '#' }, { $ref: '#/$defs/leaf' }, { type: 'array', items: { $ref: '#/items' }, maxItems: 1 }],
      },
      $defs: { leaf: { type: 'string' }, answer: { $ref: '#' } },
    };
    const { jsonSchema, validate } = prepareOutputSchema(schema);
    const moved = prepareOutputSchema(jsonSchema);
    expect(JSON.stringify(jsonSchema)).not.toContain('"#"');
    for (const [value, isRight] of [
      [['a', [['b']]], true],
      [['a', [[1]]], false],
    ] as const) {
      expect((await validate({ value })).ok).toBe(isRight);
      expect((await moved.validate({ value })).ok).toBe(isRight);
    }
  });

  it('puts a definition that is the whole schema at the top', () => {
    const form = prepareOutputSchema(Tree.meta({ id: 'Tree', title: 'A tree!' }));
    expect(form.name).toBe('A_tree_');
    expect(form.jsonSchema).toMatchObject({ type: 'object', required: ['name', 'children'] });
  });

  it('keeps what it was made from, whatever its owner does to that later', async () => {
    const schema: { type: string; required: string[] } = { type: 'object', required: ['a'] };
    const form = prepareOutputSchema(schema);
    schema.required.push('b');
    expect(await form.validate({ a: 1 })).toEqual({ ok: true, value: { a: 1 } });
  });

  it.each<[string, OutputSchema, boolean]>([
    ['all members are required', z.object({ a: z.string(), b: z.array(z.int()) }), true],
    ['a recursive one', Tree, true],
    [
      'alternatives told apart by a member',
      z.object({ a: z.discriminatedUnion('k', [z.object({ k: z.literal('x') }), z.object({ k: z.literal('y') })]) }),
      true,
    ],
    ['a wrapped list', z.array(z.string()), true],
    [
      'a closed JSON Schema',
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false },
      true,
    ],
    ['an open JSON Schema', { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, false],
    ['an optional member', z.object({ a: z.string().optional() }), false],
    ['a default', z.object({ a: z.string().default('x') }), false],
    ['a loose object', z.looseObject({ a: z.string() }), false],
    ['a record', z.object({ a: z.record(z.string(), z.string()) }), false],
    ['a keyword that the mode does not know', z.object({ a: z.string().min(2) }), false],
    ['anything', z.object({ a: z.any() }), false],
    ['ten levels', nested(10), true],
    ['eleven levels', nested(11), false],
    [
      'alternatives that may overlap',
      {
        type: 'object',
        properties: { a: { oneOf: [{ type: 'number' }, { type: 'integer' }] } },
        required: ['a'],
        additionalProperties: false,
      },
      false,
    ],
  ])('has a strict form where it says the same: %s', (_, schema, isStrict) => {
    const { strictSchema } = prepareOutputSchema(schema);
    expect(strictSchema !== undefined).toBe(isStrict);
    if (strictSchema) expect(JSON.stringify(strictSchema)).not.toContain('oneOf');
    if (strictSchema) expect(strictSchema).toMatchObject({ additionalProperties: false });
  });

  it('tells at most ten problems, and not more than 2,000 characters', async () => {
    const numbers = z.array(z.int());
    const lines = (await problems(numbers, { value: Array.from({ length: 30 }, () => 'x') })).split('\n');
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('and 20 more');
    const named = z.strictObject({ a: z.int() });
    expect((await problems(named, { a: 1, ['x'.repeat(9_000)]: 1 })).length).toBeLessThan(2_010);
  });

  it('tells more problems than can be counted as one', async () => {
    const value = Array.from({ length: 300_000 }, () => 1);
    for (const schema of [z.array(z.string()), { type: 'array', items: { type: 'string' } }]) {
      expect(await problems(schema, { value })).toMatch(
        /^value: (?:too much of it is wrong|the check took longer)|and 29999\d more$/, // the last on a busy machine
      );
    }
  });

  it('refuses a value that is nested too deep to be stored', async () => {
    const value = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    expect(await problems(z.json(), { value })).toBe('value: nested deeper than 100 levels');
  });
});

describe('the type of an answer', () => {
  it('is the output of a zod schema, else unknown', () => {
    const schema = z.object({ a: z.string().transform(Number), b: z.int().default(1) });
    expectTypeOf<StructuredOf<typeof schema>>().toEqualTypeOf<{ a: number; b: number }>();
    expectTypeOf<StructuredOf<z.ZodType<Date>>>().toEqualTypeOf<Date>();
    expectTypeOf<StructuredOf<{ readonly type: 'object' }>>().toEqualTypeOf<unknown>();
    expectTypeOf<StructuredOf<JsonSchema>>().toEqualTypeOf<unknown>();
    expectTypeOf(schema).toExtend<OutputSchema>();
    expectTypeOf<{ type: 'object'; properties: { a: { type: 'string' } } }>().toExtend<OutputSchema>();
    expectTypeOf<string>().not.toExtend<OutputSchema>();
  });
});
