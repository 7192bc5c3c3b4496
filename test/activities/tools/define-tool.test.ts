import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../../src/activities/tools/index.js';
import { TroupeError } from '../../../src/domain/errors.js';
import type { StandardSchema } from '../../../src/domain/schema.js';
import { isTool, type ToolContext, ToolReply } from '../../../src/domain/tool.js';

const valid = {
  name: 'weather',
  description: 'Tells the weather.',
  input: z.object({ city: z.string().describe('Where.'), days: z.number().default(1) }),
  run: () => 'sunny',
};

function refusal(definition: unknown): TroupeError {
  try {
    defineTool(definition as typeof valid); // what a program without types might pass
  } catch (cause) {
    if (cause instanceof TroupeError) return cause;
    throw cause;
  }
  throw new Error('it was accepted');
}

/** A schema as another library would make it. */
function foreign(jsonSchema?: Record<string, unknown>): StandardSchema<{ city: string }> {
  return {
    '~standard': {
      version: 1,
      vendor: 'other',
      validate: (value) => ({ value: value as { city: string } }), // the test passes nothing else
      ...(jsonSchema ? { jsonSchema: { input: () => jsonSchema, output: () => jsonSchema } } : {}),
    },
  };
}

describe('defineTool', () => {
  it('gives a tool that shows the model what goes in', () => {
    const tool = defineTool(valid);
    expect(isTool(tool)).toBe(true);
    expect(tool.parameters).toEqual({
      type: 'object',
      properties: { city: { type: 'string', description: 'Where.' }, days: { type: 'number', default: 1 } },
      required: ['city'],
    });
  });

  it('infers what run and subject are given', () => {
    defineTool({
      ...valid,
      subject: (input) => {
        expectTypeOf(input).toEqualTypeOf<{ city: string; days: number }>();
        return { kind: 'host', host: input.city };
      },
      run: (input, context) => {
        expectTypeOf(input).toEqualTypeOf<{ city: string; days: number }>();
        expectTypeOf(context).toEqualTypeOf<ToolContext>();
        return { temperature: 20 };
      },
    });
    defineTool({ ...valid, run: async () => {} });
    defineTool({ ...valid, run: async () => new ToolReply('', { isError: true }) });
    // @ts-expect-error a number is no answer
    defineTool({ ...valid, run: () => 5 });
  });

  it('takes a tool to change something unless told otherwise, and a read-only one to be repeatable', () => {
    expect(defineTool(valid)).toMatchObject({ readOnly: false, idempotent: false });
    expect(defineTool({ ...valid, readOnly: true })).toMatchObject({ readOnly: true, idempotent: true });
    expect(defineTool({ ...valid, idempotent: true })).toMatchObject({ readOnly: false, idempotent: true });
  });

  it('has a subject only where one was given', () => {
    expect(defineTool(valid).subject).toBeUndefined();
    const tool = defineTool({ ...valid, subject: ({ city }) => ({ kind: 'host', host: city }) });
    expect(tool.subject?.({ city: 'x', days: 1 })).toEqual({ kind: 'host', host: 'x' });
  });

  it.each(['', 'two words', 'x'.repeat(65), 'né', 'a.b'])('refuses the name %j', (name) => {
    expect(refusal({ ...valid, name })).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('name: '),
    });
  });

  it('takes names of 64 letters, digits, _ and -', () => {
    expect(defineTool({ ...valid, name: 'aZ_-9'.padEnd(64, 'x') }).name).toHaveLength(64);
  });

  it('tells everything that is wrong at once', () => {
    const { code, message } = refusal({ name: 'a b', description: ' ', input: z.string(), run: 1, readonly: true });
    expect(code).toBe('config_invalid');
    for (const key of ['name: ', 'description: ', 'input: ', 'run: ', 'readonly']) expect(message).toContain(key);
  });

  it.each([undefined, null, 5, {}])('refuses %j as a definition', (definition) => {
    expect(refusal(definition).code).toBe('config_invalid');
  });

  it.each<[string, () => unknown]>([
    [
      'a getter that throws',
      () => ({
        ...valid,
        get run() {
          throw new Error('not to be read');
        },
      }),
    ],
    [
      'a getter for a name that is wrong, and throws at the second look',
      () => {
        let looks = 0;
        return {
          ...valid,
          get name() {
            if (looks++ > 0) throw new Error('not to be read');
            return 'a b';
          },
        };
      },
    ],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable(valid, {});
        revoke();
        return proxy;
      },
    ],
    [
      'a proxy that tells no keys',
      () =>
        new Proxy(valid, {
          ownKeys: () => {
            throw new Error('not to be read');
          },
        }),
    ],
    [
      'a schema that throws when it is looked at',
      () => ({
        ...valid,
        input: {
          get '~standard'() {
            throw new Error('not to be read');
          },
        },
      }),
    ],
  ])('refuses %s', (_, make) => {
    expect(refusal(make())).toMatchObject({ code: 'config_invalid', message: expect.stringMatching(/^tool.*: /) });
  });

  it('reads each part of a definition once', () => {
    let looks = 0;
    const tool = defineTool({
      ...valid,
      get name() {
        looks += 1;
        return looks === 1 ? 'first' : 'second';
      },
    });
    expect(tool.name).toBe('first');
  });

  it('refuses a schema that is not of an object', () => {
    expect(refusal({ ...valid, input: z.array(z.string()) }).message).toContain('type "object"');
  });

  it('refuses a schema that cannot be written as JSON Schema', () => {
    expect(refusal({ ...valid, input: z.object({ when: z.date() }) }).message).toContain(
      'cannot be written as JSON Schema',
    );
  });

  it('takes a schema of another library that offers JSON Schema', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } } };
    const tool = defineTool({
      ...valid,
      input: foreign({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...parameters }),
      run: (input) => {
        expectTypeOf(input).toEqualTypeOf<{ city: string }>();
        return input.city;
      },
    });
    expect(tool.parameters).toEqual(parameters);
  });

  it('says what is missing of one that does not', () => {
    const { code, message } = refusal({ ...valid, input: foreign() });
    expect(code).toBe('config_invalid');
    expect(message).toContain('~standard.jsonSchema');
  });
});
