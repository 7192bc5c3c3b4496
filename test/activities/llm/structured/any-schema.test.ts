import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { prepareOutputSchema, readStructured } from '../../../../src/activities/llm/index.js';

/** A schema with values that pass, and values with the path at which they must be refused. */
interface Sort {
  readonly schema: z.ZodType;
  readonly isOfObject: boolean;
  readonly right: fc.Arbitrary<unknown>;
  readonly wrong: fc.Arbitrary<{ readonly value: unknown; readonly path: readonly string[] }>;
}

const here = (value: unknown) => fc.constant({ value, path: [] });
const leaf = (schema: z.ZodType, right: fc.Arbitrary<unknown>, wrong: unknown): Sort => ({
  schema,
  isOfObject: false,
  right,
  wrong: here(wrong),
});

const leaves = fc.constantFrom(
  leaf(z.string(), fc.string(), 1),
  leaf(z.string().min(2).max(4), fc.string({ minLength: 2, maxLength: 4 }), 'a'),
  leaf(z.int().min(0), fc.nat(), -1),
  leaf(z.number(), fc.double({ noNaN: true, noDefaultInfinity: true }), 'x'),
  leaf(z.boolean(), fc.boolean(), null),
  leaf(z.enum(['a', 'b']), fc.constantFrom('a', 'b'), 'c'),
  leaf(z.iso.date(), fc.constantFrom('2020-02-29', '1999-12-31'), '2021-02-29'),
);

function listOf(item: Sort): Sort {
  return {
    schema: z.array(item.schema).max(5),
    isOfObject: false,
    right: fc.array(item.right, { maxLength: 5 }),
    wrong: fc
      .record({ before: fc.array(item.right, { maxLength: 4 }), bad: item.wrong })
      .map(({ before, bad }) => ({ value: [...before, bad.value], path: [String(before.length), ...bad.path] })),
  };
}

function objectOf(members: Readonly<Record<string, Sort>>): Sort {
  const names = Object.keys(members);
  const right = fc.record(mapped(members, ({ right }) => right));
  const wrong = fc.constantFrom(...names).chain((name) =>
    fc.record({ rest: right, bad: members[name]?.wrong ?? here(undefined) }).map(({ rest, bad }) => ({
      value: { ...rest, [name]: bad.value },
      path: [name, ...bad.path],
    })),
  );
  return { schema: z.strictObject(mapped(members, ({ schema }) => schema)), isOfObject: true, right, wrong };
}

function mapped<To>(members: Readonly<Record<string, Sort>>, change: (sort: Sort) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(members).map(([name, sort]) => [name, change(sort)]));
}

const name = fc.constantFrom('a', 'b', 'constructor', 'two words', 'ä/~', 'value', '$ref', 'type');
const { sort } = fc.letrec<{ sort: Sort }>((tie) => ({
  sort: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'sort' },
    leaves,
    tie('sort').map(listOf),
    fc.dictionary(name, tie('sort'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }).map(objectOf),
    tie('sort').map((inner) => ({ ...inner, schema: z.lazy(() => inner.schema) })),
  ),
}));

/** As models send it. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('whatever the schema', () => {
  const cases = sort.chain((found) => fc.record({ found: fc.constant(found), right: found.right, wrong: found.wrong }));

  it('a right answer passes by zod and by the JSON Schema alike, and a wrong one is told with its path', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ found, right, wrong }) => {
        const form = prepareOutputSchema(found.schema);
        const asJsonSchema = prepareOutputSchema(form.jsonSchema);
        const isWrapped = !found.isOfObject;
        const wire = (value: unknown) => (isWrapped ? { value } : value);
        expect(await form.validate(sent(wire(right)))).toEqual({ ok: true, value: sent(right) });
        expect(await asJsonSchema.validate(sent(wire(right)))).toEqual({ ok: true, value: sent(wire(right)) });
        expect(await readStructured(form, { arguments: JSON.stringify(wire(right)) })).toMatchObject({ ok: true });
        const place = [...(isWrapped ? ['value'] : []), ...wrong.path].join('.') || '(root)';
        for (const each of [form, asJsonSchema]) {
          const result = await each.validate(sent(wire(wrong.value)));
          expect(result.ok ? 'passed' : result.problems).toContain(`${place}: `);
        }
      }),
      { numRuns: 200 },
    );
  });
});
