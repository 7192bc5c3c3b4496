import { describe, expect, it } from 'vitest';
import { prepareOutputSchema } from '../../../../src/activities/llm/index.js';
import type { JsonSchema } from '../../../../src/domain/schema.js';
import { problems, refusal } from './schema-checks.js';

/** The schema as that of a member, so that problems have a place. */
const inside = (schema: unknown, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties: { it: schema },
  required: ['it'],
  ...more,
});

describe('a JSON Schema', () => {
  it.each<[string, unknown, unknown, unknown]>([
    ['type', { type: ['string', 'null'] }, null, 1],
    ['enum', { enum: ['a', 1, { b: 2 }] }, { b: 2 }, { b: 3 }],
    ['const', { const: [1, { a: null }] }, [1, { a: null }], [1]],
    ['properties', { properties: { a: { type: 'string' } } }, { a: 'x', b: 1 }, { a: 1 }],
    ['required', { type: 'object', required: ['constructor'] }, { constructor: 1 }, {}],
    ['additionalProperties', { properties: { a: {} }, additionalProperties: false }, { a: 1 }, { a: 1, b: 2 }],
    ['patternProperties', { patternProperties: { '^n_': { type: 'number' } } }, { n_a: 1, b: 'x' }, { n_a: 'x' }],
    ['propertyNames', { propertyNames: { pattern: '^[a-z]+$' } }, { ab: 1 }, { A: 1 }],
    ['minProperties', { minProperties: 1 }, { a: 1 }, {}],
    ['maxProperties', { maxProperties: 1 }, { a: 1 }, { a: 1, b: 2 }],
    ['dependentRequired', { dependentRequired: { a: ['b'] } }, { a: 1, b: 2 }, { a: 1 }],
    ['dependentSchemas', { dependentSchemas: { a: { required: ['b'] } } }, { b: 1 }, { a: 1 }],
    ['unevaluatedProperties', { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false }, { a: 1 }, { b: 1 }],
    ['items', { type: 'array', items: { type: 'integer' } }, [1, 2], [1, 'x']],
    ['prefixItems', { prefixItems: [{ type: 'string' }], items: false }, ['a'], ['a', 1]],
    ['contains', { contains: { const: 1 }, minContains: 2 }, [1, 0, 1], [1, 0]],
    ['uniqueItems', { uniqueItems: true }, [1, { a: 1 }], [{ a: 1 }, { a: 1 }]],
    ['minItems', { minItems: 1 }, [0], []],
    ['maxItems', { maxItems: 1 }, [0], [0, 1]],
    ['minLength', { minLength: 2 }, '🙂🙂', '🙂'],
    ['maxLength', { maxLength: 1 }, '🙂', 'ab'],
    ['pattern', { pattern: '^\\p{Lu}' }, 'Ähm', 'ähm'],
    ['format', { format: 'email' }, 'a@example.com', 'a'],
    ['bounds', { minimum: 1, exclusiveMaximum: 2 }, 1.9, 2],
    ['multipleOf', { multipleOf: 0.01 }, 0.07, 0.075],
    ['anyOf', { anyOf: [{ type: 'string' }, { type: 'number' }] }, 1, true],
    ['oneOf', { oneOf: [{ minimum: 0 }, { maximum: 10 }] }, 20, 5],
    ['allOf', { allOf: [{ minimum: 0 }, { maximum: 10 }] }, 5, 20],
    ['not', { not: { type: 'string' } }, 1, 'a'],
    ['if', JSON.parse('{"if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2}}'), 2, 'a'],
    ['a keyword without a type', { minLength: 2 }, 7, 'a'],
    ['a keyword beside a $ref', { $ref: '#/$defs/text', minLength: 2 }, 'ab', 'a'],
    ['an anchor', { $ref: '#word' }, 'ab', 1],
    ['an unknown keyword', { type: 'string', widget: 'textarea', 'x-order': 1 }, 'a', 1],
  ])('is held to by its own rules: %s', async (_, schema, right, wrong) => {
    const whole = inside(schema, { $defs: { text: { type: 'string', $anchor: 'word' } } });
    expect(await problems(whole, { it: right })).toBe('');
    expect(await problems(whole, { it: wrong })).toMatch(/^it(\.|:)/);
  });

  it('puts in no defaults and drops nothing: what comes is the answer', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string', default: 'x' } } };
    const value = JSON.parse('{"b":1,"__proto__":{"c":2}}');
    expect(await prepareOutputSchema(schema).validate(value)).toEqual({ ok: true, value });
  });

  it('may be recursive', async () => {
    const tree = { type: 'object', properties: { kids: { type: 'array', items: { $ref: '#' } } }, required: ['kids'] };
    expect(await problems(tree, { kids: [{ kids: [] }] })).toBe('');
    expect(await problems(tree, { kids: [{ kids: [{}] }] })).toMatch(/^kids\.0\.kids\.0: /);
  });

  it('is read as the draft that it names', async () => {
    const tuple = inside(
      { items: [{ type: 'string' }], additionalItems: false },
      { $schema: 'http://json-schema.org/draft-07/schema#' },
    );
    expect(await problems(tuple, { it: ['a'] })).toBe('');
    expect(await problems(tuple, { it: [1] })).toMatch(/^it\.0: /);
  });

  it('tells names with every character as they are', async () => {
    expect(
      await problems(inside({ properties: { 'a/b~c d%ä': { type: 'string' } } }), { it: { 'a/b~c d%ä': 1 } }),
    ).toMatch(/^it\.a\/b~c d%ä: /);
  });

  it('gives up on a pattern that backtracks for ever, and takes others afterwards', async () => {
    const schema = inside({ type: 'string', pattern: '^(a+)+$' });
    expect(await problems(schema, { it: `${'a'.repeat(60)}!` })).toMatch(/the check took longer than 1000 ms/);
    expect(await problems(schema, { it: 'aaa' })).toBe('');
  });
});

describe('an unusable JSON Schema is refused with the place and what was expected:', () => {
  const shared = { type: 'string' };
  const cyclic: { type: string; properties: Record<string, unknown> } = { type: 'object', properties: {} };
  cyclic.properties.self = cyclic;
  let deep: unknown = {};
  for (let level = 0; level < 40; level++) deep = inside(deep);

  it.each<[string, unknown, string | RegExp]>([
    ['no object', 'object', 'expected a zod schema or a JSON Schema object, not a string'],
    ['nothing', undefined, 'not a undefined'],
    ['null', null, 'not null'],
    ['a list', [], 'not a list'],
    ['true', true, 'not true, which asks for no form'],
    ['false', false, 'not false, which asks for nothing'],
    [
      'a schema of another library',
      { '~standard': { vendor: 'valibot', version: 1 } },
      'not one of valibot; give its JSON Schema',
    ],
    ['a schema of zod 3', { _def: {}, '~standard': { vendor: 'zod' } }, 'not one of zod 3'],
    ['an example in place of a schema', { name: 'string', age: 'number' }, 'none of its keys (name, age) is a keyword'],
    [
      'an unknown type',
      inside({ type: 'strnig' }),
      'properties.it.type: expected one of object, array, string, number, integer, boolean, null, not "strnig"',
    ],
    [
      'a negative length',
      inside({ minLength: -1 }),
      'properties.it.minLength: expected an integer of 0 or more, not -1',
    ],
    ['a length that is no integer', inside({ maxItems: 1.5 }), 'properties.it.maxItems: expected an integer'],
    ['a bound that is no number', inside({ minimum: '1' }), 'properties.it.minimum: expected a number, not "1"'],
    ['a step of 0', inside({ multipleOf: 0 }), 'properties.it.multipleOf: expected a number above 0'],
    [
      'a broken pattern',
      inside({ pattern: '(' }),
      /properties\.it\.pattern: no regular expression: .*Unterminated group/,
    ],
    [
      'a broken pattern of names',
      inside({ patternProperties: { '[': {} } }),
      /properties\.it\.patternProperties: no regular expression/,
    ],
    ['required as a flag', inside({ required: true }), 'properties.it.required: expected a list of names, not true'],
    ['properties as a list', { type: 'object', properties: [] }, 'properties: expected an object of schemas, not []'],
    [
      'a property that is no schema',
      inside('string'),
      'properties.it: expected a schema, an object or a boolean, not "string"',
    ],
    ['an empty enum', inside({ enum: [] }), 'properties.it.enum: expected a list of values that is not empty'],
    ['no alternatives', inside({ anyOf: [] }), 'properties.it.anyOf: expected a list of schemas that is not empty'],
    ['a tuple of older drafts', inside({ items: [{}] }), 'properties.it.items: a list of schemas is prefixItems'],
    [
      'a reference outside',
      inside({ $ref: 'https://example.com/a.json' }),
      'properties.it.$ref: "https://example.com/a.json" is outside this schema',
    ],
    ['a reference to nothing', inside({ $ref: '#/$defs/a' }), 'properties.it.$ref: "#/$defs/a" points at nothing'],
    ['a reference into data', inside({ $ref: '#/default' }, { default: {} }), 'points at nothing that is a schema'],
    ['an $id within', inside({ $id: 'https://example.com/a' }), 'properties.it.$id: an $id within a schema'],
    [
      'another draft',
      { $schema: 'http://json-schema.org/draft-04/schema#' },
      '$schema: "http://json-schema.org/draft-04/schema#" is not known',
    ],
    [
      'a dynamic reference',
      inside({ $dynamicRef: '#a' }),
      'properties.it.$dynamicRef: $dynamicRef is not supported; use $ref',
    ],
    [
      'nullable',
      inside({ type: 'string', nullable: true }),
      "properties.it.nullable: nullable is not JSON Schema; write type: ['string', 'null']",
    ],
    [
      'a misspelt keyword',
      inside({ type: 'string', minlength: 2 }),
      'properties.it.minlength: not a keyword of JSON Schema; did you mean minLength?',
    ],
    [
      'letters swapped',
      { type: 'object', requierd: ['a'] },
      'requierd: not a keyword of JSON Schema; did you mean required?',
    ],
    ['a function', inside({ default: () => 1 }), 'properties.it.default: a function has no place in JSON'],
    ['a date', inside({ default: new Date(0) }), 'properties.it.default: expected a plain object, found one of Date'],
    ['not a number', inside({ minimum: Number.NaN }), 'properties.it.minimum: NaN is not a number of JSON'],
    ['a cycle', cyclic, 'properties.self: contains itself; use $ref for recursion'],
    ['too deep', deep, 'nested deeper than 64 levels'],
    ['too large', inside({ description: 'x'.repeat(100_000) }), 'larger than 100000 characters'],
    ['nothing passes', inside(false), 'no finite value can satisfy it'],
    ['bounds crossed', inside({ type: 'string', minLength: 3, maxLength: 2 }), 'no finite value can satisfy it'],
    ['endless recursion', inside({ $ref: '#' }), 'no finite value can satisfy it'],
    [
      'a loop',
      inside({ anyOf: [{ type: 'null' }, { $ref: '#/properties/it' }] }),
      'a reference leads back to where it stands',
    ],
  ])('%s', (_, schema, message) => {
    expect(refusal(schema)).toMatch(/^outputSchema: /);
    if (typeof message === 'string') expect(refusal(schema)).toContain(message);
    else expect(refusal(schema)).toMatch(message);
  });

  it('tells all faults at once', () => {
    expect(refusal(inside({ type: 'text', minLength: -1 }))).toMatch(/it\.type: .*; properties\.it\.minLength: /);
  });

  it('but not one object in two places, nor members that are undefined, nor names that are words of the language', async () => {
    const schema = {
      type: 'object',
      properties: { constructor: shared, b: shared },
      required: ['constructor'],
      title: undefined,
    };
    expect(await problems(schema, { constructor: 'x', b: 'y' })).toBe('');
    expect(await problems(schema, {})).toMatch(/constructor/);
    expect(refusal(inside({ anyOf: [{ type: 'null' }, { $ref: '#' }] }))).toBe('');
  });
});
