import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SubagentMachineEvent } from '../../machines/index.js';
import { settled, World } from './harness.js';
import { answer, call, retryLater, wants } from './script.js';

const asks = { policy: () => ({ kind: 'ask', reason: 'sure?' }) as const };
const timed = { input: { timeoutMs: 1000, approvalMs: 1000 } };

/** One world for each state that can be cancelled, named by its state value. */
const PLACES: readonly (readonly [name: string, at: string, make: () => Promise<World>])[] = [
  ['ready', 'pending idle', async () => new World(timed)],
  ['queued', 'pending waiting_for_control', () => sent(new World(timed), { type: 'QUEUE' })],
  ['held', 'paused waiting_for_control', () => sent(new World(timed), { type: 'PAUSE' })],
  [
    'held at its start',
    'paused waiting_for_control',
    () => sent(new World(timed), { type: 'PAUSE' }, { type: 'START' }),
  ],
  ['in a silent request', 'running requesting_llm', () => World.running(timed)],
  ['paused in a request', 'paused requesting_llm', async () => sent(await World.running(timed), { type: 'PAUSE' })],
  ['backing off', 'running requesting_llm', () => backingOff()],
  ['paused while backing off', 'paused waiting_for_control', async () => sent(await backingOff(), { type: 'PAUSE' })],
  ['deciding', 'running idle', () => inCalls({ ...timed, policy: () => 'later' })],
  ['in calls', 'running calling_tool', () => inCalls(timed)],
  ['paused in calls', 'paused calling_tool', async () => sent(await inCalls(timed), { type: 'PAUSE' })],
  ['waiting for an approval', 'running waiting_for_control', () => inCalls({ ...timed, ...asks })],
  [
    'paused and waiting for an approval',
    'paused waiting_for_control',
    async () => sent(await inCalls({ ...timed, ...asks }), { type: 'PAUSE' }),
  ],
  ['paused with its answer held', 'paused waiting_for_control', () => held()],
];

async function sent(world: World, ...events: readonly SubagentMachineEvent[]): Promise<World> {
  await world.send(...events);
  return world;
}

async function inCalls(options: ConstructorParameters<typeof World>[0]): Promise<World> {
  const world = await World.running(options);
  await world.reply(wants('', call('a'), call('b')));
  return world;
}

async function backingOff(): Promise<World> {
  const world = await World.running(timed);
  await world.reply(retryLater(500));
  return world;
}

async function held(): Promise<World> {
  const world = await sent(await World.running(timed), { type: 'PAUSE' });
  await world.reply(answer('done'));
  return world;
}

describe('cancel', () => {
  test.each(PLACES)('%s: ends everything inside send, for good', async (_name, at, make) => {
    const world = await make();
    expect(world.at).toBe(at);
    const open = [...world.requests, ...world.calls, ...world.decisions];
    const works = [...world.requests, ...world.calls].length;

    world.actor.send({ type: 'CANCEL', reason: 'no longer needed' }); // nothing is awaited from here on
    expect(world.state).toBe('cancelled');
    expect(world.aborts).toHaveLength(works);
    expect([world.requests, world.calls, world.decisions, world.clock.pending]).toEqual([[], [], [], 0]);
    expect(world.completions).toBe(1);
    expect(world.output).toMatchObject({
      state: 'cancelled',
      by: 'user',
      error: { code: 'cancelled', message: 'no longer needed' },
      sparesChildren: false,
    });

    const log = [...world.log];
    const { emitted, output } = { emitted: [...world.emitted], output: world.output };
    for (const { reject } of open) reject(new Error('late'));
    await world.advance(10_000);
    expect([world.log, world.emitted, world.output, world.completions]).toEqual([log, emitted, output, 1]);
  });

  test('drops late results of a request and of calls that take no notice of their signal', async () => {
    const inRequest = await World.running();
    const request = inRequest.requests[0];
    const calling = await inCalls({});
    const tool = calling.calls[0];
    await inRequest.send({ type: 'CANCEL' });
    await calling.send({ type: 'CANCEL' });
    request?.resolve(answer('late'));
    tool?.resolve({ kind: 'settled' });
    await settled();
    expect([request, tool]).not.toContain(undefined);
    expect(inRequest.output).toMatchObject({ state: 'cancelled', text: '', turns: 0 });
    expect([calling.state, calling.told('turn_ended')]).toEqual(['cancelled', []]);
  });

  test('keeps the last text, says who did it, and whether the children are spared', async () => {
    const world = await World.running();
    await world.reply(wants('so far', call('a')));
    await world.send({ type: 'CANCEL', by: 'parent', sparesChildren: true });
    expect(world.output).toEqual({
      id: 's1',
      state: 'cancelled',
      by: 'parent',
      text: 'so far',
      truncated: false,
      error: { code: 'cancelled', message: 'cancelled by parent' },
      turns: 1,
      sparesChildren: true,
    });
  });

  test('that crosses an answer on its way ends once: what came first counts', async () => {
    const first = await World.running();
    first.requests[0]?.resolve(answer('done'));
    first.actor.send({ type: 'CANCEL' });
    await settled();
    expect([first.state, first.completions]).toEqual(['cancelled', 1]);
    const second = await World.running();
    await second.reply(answer('done'));
    vi.spyOn(console, 'warn').mockReturnValueOnce(); // xstate warns of an event to an actor that has stopped
    await second.send({ type: 'CANCEL' });
    expect([second.state, second.completions, second.signals]).toEqual(['completed', 1, []]);
  });
});

describe('timeoutMs', () => {
  test('counts running time only: not pending, not paused', async () => {
    const world = new World({ input: { timeoutMs: 1000 } });
    await world.advance(5_000);
    await world.send({ type: 'START' });
    await world.advance(600);
    await world.send({ type: 'PAUSE' });
    expect([world.snapshot.context.remainingMs, world.clock.pending]).toEqual([400, 0]);
    await world.advance(1_000_000);
    expect(world.state).toBe('paused');
    await world.send({ type: 'RESUME' });
    await world.advance(150);
    await world.send({ type: 'PAUSE' }, { type: 'RESUME' });
    await world.advance(249);
    expect(world.state).toBe('running');
    await world.advance(1);
    expect(world.output).toMatchObject({ state: 'failed', by: 'timeout', error: { code: 'timeout' } });
    expect([world.aborts, world.completions]).toEqual([['request 1/1'], 1]);
  });

  test('is not started by the start of a held one', async () => {
    const world = new World({ input: { timeoutMs: 1000 } });
    await world.send({ type: 'PAUSE' }, { type: 'START' });
    await world.advance(5_000);
    await world.send({ type: 'RESUME' });
    await world.advance(999);
    expect(world.state).toBe('running');
    await world.advance(1);
    expect(world.state).toBe('failed');
  });

  test.each(PLACES.filter(([, at]) => at.startsWith('running')))('%s: aborts all of it', async (_name, _at, make) => {
    const world = await make();
    const works = [...world.requests, ...world.calls].length;
    await world.send({ type: 'DEADLINE' });
    expect(world.output).toMatchObject({ state: 'failed', by: 'timeout' });
    expect(world.aborts).toHaveLength(works);
    expect([world.clock.pending, world.completions]).toEqual([0, 1]);
  });

  test('absent, it never ends a run', async () => {
    const world = await World.running();
    expect(world.clock.pending).toBe(0);
    await world.send({ type: 'PAUSE' }, { type: 'RESUME' });
    await world.advance(1e12);
    expect(world.at).toBe('running requesting_llm');
  });
});

describe('signals', () => {
  const everySignal: readonly SubagentMachineEvent[] = [
    { type: 'PAUSE' },
    { type: 'RESUME' },
    { type: 'STEER', message: 'hey' },
    { type: 'APPROVE', requestId: 'a#1' },
    { type: 'DENY', requestId: 'a#1' },
    { type: 'CANCEL' },
  ];

  beforeEach(() => {
    vi.spyOn(console, 'warn').mockReturnValue(); // xstate warns of events to an actor that has stopped
  });
  afterEach(() => vi.restoreAllMocks());

  test.each(PLACES)('%s: each is reported once, accepted or refused with a reason', async (name, at, make) => {
    const world = await make();
    const before = world.signals.length;
    const paused = at.startsWith('paused');
    const asked = name.includes('approval');
    await world.send({ type: 'PAUSE' }, { type: 'RESUME' });
    await world.send({ type: 'APPROVE', requestId: 'b#1' }, { type: 'DENY', requestId: 'b#1' });
    await world.send({ type: 'STEER', message: 'hey' }, { type: 'CANCEL' });
    expect(world.signals.slice(before)).toEqual([
      paused ? 'PAUSE: already_paused' : 'PAUSE',
      'RESUME',
      ...(name === 'paused with its answer held'
        ? [] // that ended it
        : [asked ? 'APPROVE' : 'APPROVE: unknown_request', 'DENY: unknown_request', 'STEER', 'CANCEL']),
    ]);
  });

  test.each([['pending'], ['running']])('a %s one that is not paused refuses to resume', async (state) => {
    const world = state === 'running' ? await World.running() : new World();
    await world.send({ type: 'RESUME' }, { type: 'RESUME', by: 'parent' });
    expect(world.signals).toEqual(['RESUME: not_paused', 'RESUME: not_paused']);
    await world.send({ type: 'PAUSE' }, { type: 'RESUME' }, { type: 'RESUME' });
    expect(world.signals.slice(2)).toEqual(['PAUSE', 'RESUME', 'RESUME: not_paused']);
    expect(world.state).toBe(state);
  });

  test('carry what was sent, so that an answer finds its question', async () => {
    const world = await World.running();
    const pause = { type: 'PAUSE', by: 'parent' } as const;
    await world.send(pause);
    expect(world.told('signal')[0]?.signal).toBe(pause);
  });

  test('after the end change nothing and tell nothing', async () => {
    const world = await World.running();
    await world.reply(answer('done'));
    const { snapshot } = world;
    await world.send(...everySignal);
    expect(world.snapshot).toBe(snapshot);
    expect([world.signals, world.completions]).toEqual([[], 1]);
  });

  test('unknown events and answers of nobody change nothing', async () => {
    const world = await inCalls({});
    const { value, context } = world.snapshot;
    // Not in the machine's union: what a careless sender may still send.
    await world.send({ type: 'NO_SUCH_THING' } as never);
    await world.send({ type: 'RETRY_DUE' }, { type: 'START' }, { type: 'QUEUE' });
    await world.send({ type: 'APPROVAL_EXPIRED', requestId: 'a#1' });
    for (const kind of ['tool', 'decide'] as const) {
      const actorId = `${kind}.nobody`;
      await world.send({ type: `xstate.done.actor.${kind}.nobody`, actorId, output: { kind: 'settled' } as never });
    }
    expect([world.snapshot.value, world.snapshot.context, world.emitted]).toEqual([value, context, []]);
  });
});
