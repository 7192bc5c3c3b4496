import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createActor } from 'xstate';
import { orchestratorMachine, subagentMachine } from '../../machines/index.js';
import { LIFECYCLE_STATES } from '../../src/domain/lifecycle.js';
import { INPUT, settled, World } from './harness.js';
import { call, wants } from './script.js';

// Seen as any machine, as both are read the same way.
const CHARTS: readonly (readonly [name: string, machine: AnyStateMachine])[] = [
  ['subagent', subagentMachine as unknown as AnyStateMachine],
  ['orchestrator', orchestratorMachine as unknown as AnyStateMachine],
];
const KINDS = ['actions', 'guards', 'actors'] as const;
type Kind = (typeof KINDS)[number];

/** Keys of a chart whose texts are names of implementations. */
const KIND_OF_KEY: Readonly<Record<string, Kind>> = {
  actions: 'actions',
  entry: 'actions',
  exit: 'actions',
  guard: 'guards',
  src: 'actors',
};

/** Everything in a definition, with the key it stands under; items of a list stand under the list's key. */
function* entriesOf(value: unknown, key = ''): Generator<{ key: string; value: unknown }> {
  yield { key, value };
  if (Array.isArray(value)) for (const item of value) yield* entriesOf(item, key);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) yield* entriesOf(item, name);
  }
}

function namesIn(machine: AnyStateMachine, kind: Kind): string[] {
  const named = [...entriesOf(machine.config)].filter(
    ({ key, value }) => KIND_OF_KEY[key] === kind && typeof value === 'string',
  );
  return [...new Set(named.map(({ value }) => String(value)))].sort();
}

function functionsIn(machine: AnyStateMachine): string[] {
  return [...entriesOf(machine.config)]
    .flatMap(({ key, value }) => (typeof value === 'function' ? [`${key}: ${value.name}`] : []))
    .sort();
}

interface Leaf {
  readonly path: string;
  readonly tags: readonly string[];
  readonly isFinal: boolean;
}

/** States without states of their own, with the tags that stand on the way to them. */
function leavesOf(node: AnyStateMachine['root'], tagsAbove: readonly string[] = []): Leaf[] {
  const tags = [...tagsAbove, ...node.tags];
  const children = Object.values(node.states);
  if (children.length > 0) return children.flatMap((child) => leavesOf(child, tags));
  return [{ path: node.path.join('.'), tags, isFinal: node.type === 'final' }];
}

describe('the charts are data', () => {
  test('the only functions in them are the mappers of context, input and output, each with a name', () => {
    expect(CHARTS.map(([name, machine]) => [name, functionsIn(machine)])).toEqual([
      [
        'subagent',
        [
          'context: initialContext',
          'input: deadlineInput',
          'input: requestInput',
          'input: retryInput',
          'output: toOutput',
        ],
      ],
      ['orchestrator', ['context: initialContext']],
    ]);
  });

  test.each(CHARTS)('%s: all else is plain data: no instance, symbol or delay', (_name, { config }) => {
    for (const { key, value } of entriesOf(config)) {
      expect(['string', 'boolean', 'object', 'function', 'undefined']).toContain(typeof value);
      if (typeof value === 'object')
        expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(value));
      expect(['after', 'delay', 'delays']).not.toContain(key);
    }
  });

  test.each(CHARTS)('%s: every name in it is implemented', (_name, machine) => {
    for (const kind of KINDS) {
      const implemented = Object.keys(machine.implementations[kind]);
      expect(namesIn(machine, kind).filter((name) => !implemented.includes(name))).toEqual([]);
    }
    expect(namesIn(machine, 'actions').length).toBeGreaterThan(8); // the reading itself works
    expect(namesIn(machine, 'guards').length).toBeGreaterThan(4);
  });

  test.each(CHARTS)('%s: every action is used, and every actor that its actions do not spawn', (name, machine) => {
    const spawned = name === 'subagent' ? ['callTool', 'decide', 'approvalTimer'] : [];
    for (const kind of ['actions', 'actors'] as const) {
      const named = [...namesIn(machine, kind), ...(kind === 'actors' ? spawned : [])].sort();
      expect(named).toEqual(Object.keys(machine.implementations[kind]).sort());
    }
  });
});

describe('the states of a subagent', () => {
  const leaves = leavesOf(subagentMachine.root as unknown as AnyStateMachine['root']);
  const [telling, silent] = [
    leaves.filter(({ path }) => !path.startsWith('active.activity')),
    leaves.filter(({ path }) => path.startsWith('active.activity')),
  ];

  test('have exactly one word of the life cycle each; the activity beside them has none', () => {
    expect(Object.fromEntries(telling.map(({ path, tags }) => [path, tags]))).toEqual({
      'pending.ready': ['pending'],
      'pending.queued': ['pending'],
      'pending.held': ['paused'],
      'active.control.running': ['running'],
      'active.control.queued': ['running'],
      'active.control.paused': ['paused'],
      completed: ['completed'],
      failed: ['failed'],
      cancelled: ['cancelled'],
    });
    expect(silent.flatMap(({ tags }) => tags)).toEqual([]);
    expect(new Set(telling.flatMap(({ tags }) => tags))).toEqual(new Set(LIFECYCLE_STATES));
  });

  test('are final for the three ends and no others', () => {
    expect(leaves.filter(({ isFinal }) => isFinal).map(({ path }) => path)).toEqual([
      'completed',
      'failed',
      'cancelled',
    ]);
  });

  test('of activity are idle, requesting, backing off, calling and waiting', () => {
    expect(silent.map(({ path }) => path.slice('active.activity.'.length))).toEqual([
      'idle',
      'requesting_llm',
      'backing_off',
      'calling_tool',
      'waiting_for_control',
    ]);
  });
});

describe('context', () => {
  test('of a subagent at work is plain JSON', async () => {
    const world = await World.running({ input: { timeoutMs: 1000 }, policy: () => ({ kind: 'ask', reason: 'sure?' }) });
    await world.send({ type: 'STEER', message: 'hey' });
    await world.reply(wants('', call('a')));
    await world.send({ type: 'PAUSE' });
    const { context } = world.snapshot;
    expect(JSON.parse(JSON.stringify(context))).toEqual(context);
  });
});

describe('what is not provided', () => {
  test('is told by name: a subagent fails as a defect', async () => {
    const actor = createActor(subagentMachine, { input: INPUT }).start();
    actor.send({ type: 'START' });
    await settled();
    expect(actor.getSnapshot().output).toMatchObject({
      state: 'failed',
      error: { code: 'bug', message: 'requestLlm is a placeholder: provide it' },
    });
  });

  test('breaks the orchestrator at its first spawn', () => {
    const actor = createActor(orchestratorMachine, { input: { limit: 1, queues: false } });
    const errors: unknown[] = [];
    actor.subscribe({ error: (cause) => errors.push(cause) });
    actor.start().send({ type: 'SPAWN', id: 'a' });
    expect(errors).toEqual([new Error('a placeholder of the orchestrator chart: provide it')]);
  });
});
