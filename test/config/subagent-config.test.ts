import { describe, expect, it } from 'vitest';
import { parseOrchestratorConfig, parseSubAgentConfig } from '../../src/config/index.js';
import { TroupeError } from '../../src/domain/errors.js';
import { MAX_METADATA_CHARACTERS } from '../../src/domain/limits.js';

const GOOD = { agentType: 'general', prompt: 'go' };
const thrower = () => {
  throw new Error('mine');
};

function refusalOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(TroupeError);
    expect(error).toMatchObject({ code: 'config_invalid' });
    return (error as TroupeError).message; // checked above
  }
  throw new Error('it was taken');
}
const refusalOfMetadata = (metadata: unknown) => refusalOf(() => parseSubAgentConfig({ ...GOOD, metadata }));

describe('metadata of a subagent', () => {
  it('is a copy: what the caller changes later changes nothing', () => {
    const shared = { n: 1 };
    const metadata = { a: shared, b: [shared, null, true, 'x'], gone: undefined };
    const parsed = parseSubAgentConfig({ ...GOOD, metadata }).metadata;
    shared.n = 2;
    expect(parsed).toStrictEqual({ a: { n: 1 }, b: [{ n: 1 }, null, true, 'x'] });
    expect(Object.isFrozen(metadata)).toBe(false);
  });

  it('may have no prototype, getters, and any key', () => {
    const metadata = Object.assign(Object.create(null), JSON.parse('{"__proto__":1}'), {
      get lazy() {
        return 'read once';
      },
    });
    const parsed = parseSubAgentConfig({ ...GOOD, metadata }).metadata ?? {};
    expect(parsed.lazy).toBe('read once');
    expect(
      Object.keys(parseSubAgentConfig({ ...GOOD, metadata: JSON.parse('{"__proto__":1}') }).metadata ?? {}),
    ).toEqual(['__proto__']);
  });

  const circle: Record<string, unknown> = {};
  circle.list = [circle];
  const chain = (levels: number): object => (levels === 0 ? {} : { deep: chain(levels - 1) });
  let doubled: object = {};
  for (let level = 0; level < 40; level++) doubled = { left: doubled, right: doubled };

  it.each<[string, unknown, string]>([
    ['no object', 'text', 'metadata: expected an object of plain JSON'],
    ['a list', [1], 'metadata: expected an object of plain JSON'],
    [
      'a getter that throws',
      {
        row: {
          get lazy() {
            return thrower();
          },
        },
      },
      'metadata.row.lazy: cannot be read: mine',
    ],
    ['a proxy', new Proxy({}, { ownKeys: thrower }), 'metadata: expected plain JSON, got a proxy'],
    ['a proxy within', { at: [new Proxy({}, {})] }, 'metadata.at.0: expected plain JSON, got a proxy'],
    ['a circle', circle, 'metadata.list.0: refers to an object that it is within'],
    ['a bigint', { n: 1n }, 'metadata.n: expected plain JSON, got a bigint'],
    ['a function', { f: thrower }, 'metadata.f: expected plain JSON, got a function'],
    ['a symbol', { s: Symbol('s') }, 'metadata.s: expected plain JSON, got a symbol'],
    ['a number that JSON has not', { n: [Number.NaN] }, 'metadata.n.0: expected plain JSON, got NaN'],
    ['a hole in a list', { n: [undefined] }, 'metadata.n.0: expected plain JSON, got undefined'],
    ['a date', { at: new Date(0) }, 'metadata.at: expected plain JSON, got an object made by a class'],
    ['what is nested too deep', chain(70), 'is nested deeper than 64 levels'],
    ['a text that is too long', { t: 'x'.repeat(MAX_METADATA_CHARACTERS) }, 'metadata.t: is too much'],
    ['many small values', { t: Array.from({ length: 40_000 }, () => 1) }, 'metadata.t: is too much'],
    ['few objects that stand for many', doubled, 'is too much: all of it may have 65536 characters as JSON'],
  ])('cannot be %s', (_what, metadata, message) => {
    expect(refusalOfMetadata(metadata)).toContain(message);
  });
});

describe('a config that cannot be read', () => {
  it('is refused, with the key', () => {
    const config = {
      ...GOOD,
      get workspace() {
        return thrower();
      },
    };
    expect(refusalOf(() => parseSubAgentConfig(config))).toBe('SubAgentConfig: workspace: cannot be read: mine');
    const nested = {
      budget: {
        get maxTokens() {
          return thrower();
        },
      },
    };
    expect(refusalOf(() => parseSubAgentConfig({ ...GOOD, ...nested }))).toBe(
      'SubAgentConfig: budget.maxTokens: cannot be read: mine',
    );
  });

  it.each<[string, object]>([
    ['get', { get: thrower }],
    ['ownKeys', { ownKeys: thrower }],
    ['getPrototypeOf', { getPrototypeOf: thrower }],
  ])('is refused also where it is a proxy whose %s throws', (_trap, traps) => {
    expect(refusalOf(() => parseOrchestratorConfig(new Proxy({ keepEnded: 1 }, traps)))).toContain(
      'OrchestratorConfig: ',
    );
  });
});
