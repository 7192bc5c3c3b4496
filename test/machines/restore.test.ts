import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/domain/permission.js';
import { type Policy, World, type WorldOptions } from './harness.js';
import { answer, call, retryLater, wants } from './script.js';

const asks: Policy = () => ({ kind: 'ask', reason: 'sure?' });
const ifInterrupted =
  (decision: Decision): Policy =>
  (_call, interrupted) =>
    interrupted ? decision : { kind: 'allow' };

async function inCalls(options: WorldOptions = {}): Promise<World> {
  const world = await World.running(options);
  await world.reply(wants('so far', call('a'), call('b')));
  return world;
}

async function paused(world: World): Promise<World> {
  await world.send({ type: 'PAUSE' });
  return world;
}

async function queued(): Promise<World> {
  const world = new World();
  await world.send({ type: 'QUEUE' });
  return world;
}

async function backingOff(): Promise<World> {
  const world = await World.running({ input: { timeoutMs: 10_000 } });
  await world.reply(retryLater(500));
  return world;
}

async function answerHeld(): Promise<World> {
  const world = await paused(await World.running());
  await world.reply(answer('done'));
  return world;
}

const AT_REST: readonly (readonly [name: string, make: () => Promise<World>])[] = [
  ['ready', async () => new World()],
  ['queued', () => queued()],
  ['held', () => paused(new World())],
  ['backing off', () => backingOff()],
  ['paused while backing off', async () => paused(await backingOff())],
  ['waiting for approvals', () => inCalls({ policy: asks, input: { approvalMs: 1000, timeoutMs: 5000 } })],
  ['paused while waiting for approvals', async () => paused(await inCalls({ policy: asks }))],
  ['paused with its answer held', () => answerHeld()],
];

describe('a snapshot, as JSON, restored by another process', () => {
  test.each(AT_REST)('%s: is where it was, and nothing acts by itself', async (_name, make) => {
    const world = await make();
    const restored = await world.restored();
    expect(restored.snapshot.value).toEqual(world.snapshot.value);
    expect(restored.snapshot.context).toEqual(world.snapshot.context);
    expect([restored.children, restored.clock.pending]).toEqual([world.children, world.clock.pending]);
    expect([restored.log, restored.emitted, restored.completions]).toEqual([[], [], 0]);
    expect(restored.save()).toEqual(world.save());
  });

  test('ended: it has its outcome, and does not run', async () => {
    const world = await World.running();
    await world.reply(answer('done'));
    const restored = await world.restored();
    expect([restored.state, restored.output]).toEqual(['completed', world.output]);
    expect([restored.log, restored.clock.pending]).toEqual([[], 0]);
  });

  test('is small: no more than two thousand bytes with two calls in flight', async () => {
    const world = await inCalls({ input: { timeoutMs: 5000 } });
    expect(JSON.stringify(world.save()).length).toBeLessThan(2000);
  });
});

describe('a request that was in flight', () => {
  test('is made again, as the next attempt, after each crash', async () => {
    const first = await World.running();
    const second = await first.restored();
    expect(second.starts).toEqual(['request 1/2']);
    const third = await second.restored();
    expect(third.starts).toEqual(['request 1/3']);
    await third.reply(wants('', call('a')));
    await third.settle('a');
    expect(third.starts).toEqual(['request 1/3', 'call a', 'request 2/1']);
  });

  test('is not made again while paused', async () => {
    const world = await paused(await World.running());
    const restored = await world.restored();
    expect([restored.at, restored.isAtRest, restored.starts]).toEqual(['paused waiting_for_control', true, []]);
    await restored.send({ type: 'RESUME' });
    expect(restored.starts).toEqual(['request 1/2']);
  });

  test('takes no message along that was steered in since it was made', async () => {
    const world = await World.running();
    await world.send({ type: 'STEER', message: 'hey' });
    const restored = await world.restored();
    await restored.reply(answer('not yet'));
    expect(restored.starts).toEqual(['request 1/2', 'request 2/1']);
    expect(restored.told('steering_taken').map(({ messages }) => messages)).toEqual([['hey']]);
  });

  test('is marked as restored before it could be saved again', async () => {
    const world = await World.running();
    const twice = new World({ snapshot: new World({ snapshot: world.save() }).save() }); // no time between the two
    await twice.advance(0);
    expect(twice.starts).toEqual(['request 1/2']);
  });
});

describe('calls that were in flight', () => {
  test('are decided anew as interrupted; allowed, they run again, and those that were settled do not', async () => {
    const world = await inCalls();
    await world.settle('b');
    const restored = await world.restored();
    expect(restored.log).toEqual(['decide a interrupted', 'call a interrupted start']);
    await restored.settle('a');
    expect(restored.starts).toEqual(['call a interrupted', 'request 2/1']);
  });

  test('denied, the model is told, and nothing runs again', async () => {
    const world = await inCalls();
    const restored = await world.restored(ifInterrupted({ kind: 'deny', reason: 'its outcome is unknown' }));
    expect(restored.told('call_refused').map(({ call: { callId }, text }) => [callId, text])).toEqual([
      ['a', 'its outcome is unknown'],
      ['b', 'its outcome is unknown'],
    ]);
    expect(restored.starts).toEqual(['request 2/1']);
  });

  test('asked about, they wait for their answer', async () => {
    const world = await inCalls();
    const restored = await world.restored(ifInterrupted({ kind: 'ask', reason: 'run it again?' }));
    expect([restored.at, restored.starts]).toEqual(['running waiting_for_control', []]);
    await restored.send({ type: 'APPROVE', requestId: 'a#1' });
    expect(restored.starts).toEqual(['call a interrupted']);
  });

  test('may end the run', async () => {
    const world = await inCalls();
    const restored = await world.restored(ifInterrupted({ kind: 'fail', reason: 'interrupted' }));
    expect(restored.output).toMatchObject({ state: 'failed', text: 'so far', error: { code: 'tool_failed' } });
  });

  test('are not even decided while paused', async () => {
    const world = await paused(await inCalls());
    const restored = await world.restored();
    expect([restored.at, restored.isAtRest, restored.log]).toEqual(['paused waiting_for_control', true, []]);
    await restored.send({ type: 'RESUME' });
    expect(restored.starts).toEqual(['call a interrupted', 'call b interrupted']);
  });

  test('keep their place: no later call with effects overtakes one that was interrupted', async () => {
    const world = await World.running();
    await world.reply(wants('', call('w1', { alone: true }), call('w2', { alone: true }), call('r')));
    const restored = await world.restored((_call, interrupted) => (interrupted ? 'later' : { kind: 'allow' }));
    expect(restored.callsInFlight).toEqual([]);
    await restored.decide('w1', { kind: 'allow' });
    expect(restored.callsInFlight).toEqual(['w1']);
    await restored.settle('w1');
    expect(restored.callsInFlight).toEqual(['w2']);
  });
});

describe('permission', () => {
  test('that was asked for is still asked for, under the same ids and with what was left of the time', async () => {
    const world = await inCalls({ policy: asks, input: { approvalMs: 1000 } });
    await world.advance(700);
    const restored = await world.restored();
    expect(restored.activity).toMatchObject({ requests: ['a#1', 'b#1'] });
    await restored.send({ type: 'APPROVE', requestId: 'a#1' });
    expect(restored.starts).toEqual(['call a']);
    await restored.advance(299);
    expect(restored.told('permission_resolved').map(({ by }) => by)).toEqual(['user']);
    await restored.advance(1);
    expect(restored.told('permission_resolved').map(({ by }) => by)).toEqual(['user', 'timeout']);
  });

  test('asked for again has another id, so that a late answer to the first does not count', async () => {
    const world = await inCalls({ policy: asks });
    await world.send({ type: 'APPROVE', requestId: 'a#1' });
    const restored = await world.restored();
    expect(restored.told('permission_request').map(({ requestId }) => requestId)).toEqual(['a#2']);
    await restored.send({ type: 'APPROVE', requestId: 'a#1' });
    expect([restored.signals, restored.callsInFlight]).toEqual([['APPROVE: unknown_request'], []]);
  });

  test.each([['running'], ['paused']])('that was being decided for a %s one is decided again', async (state) => {
    const world = await inCalls({ policy: () => 'later' });
    if (state === 'paused') await world.send({ type: 'PAUSE' });
    const restored = await world.restored(() => ({ kind: 'allow' }));
    expect(restored.starts).toEqual(state === 'paused' ? [] : ['call a', 'call b']);
    if (state === 'paused') await restored.send({ type: 'RESUME' });
    expect(restored.starts).toEqual(['call a', 'call b']);
  });
});

describe('time', () => {
  test('of running goes on with what was left: the time between the processes does not count', async () => {
    const world = await World.running({ input: { timeoutMs: 1000 } });
    await world.advance(600);
    const once = await world.restored();
    await once.advance(100);
    const twice = await paused(await once.restored());
    expect(twice.snapshot.context.remainingMs).toBe(300);
    const held = await twice.restored();
    await held.advance(9_999);
    expect(held.state).toBe('paused');
    await held.send({ type: 'RESUME' });
    await held.advance(299);
    expect(held.state).toBe('running');
    await held.advance(1);
    expect(held.output).toMatchObject({ state: 'failed', by: 'timeout' });
  });

  test('of backing off goes on with what was left, then the request goes out', async () => {
    const world = await backingOff();
    await world.advance(200);
    const restored = await world.restored();
    await restored.advance(299);
    expect(restored.starts).toEqual([]);
    await restored.advance(1);
    expect(restored.starts).toEqual(['request 1/2']);
  });

  test('of backing off that is over while paused sends nothing before resume', async () => {
    const world = await paused(await backingOff());
    const restored = await world.restored();
    await restored.advance(500);
    expect([restored.at, restored.starts]).toEqual(['paused waiting_for_control', []]);
    await restored.send({ type: 'RESUME' });
    expect(restored.starts).toEqual(['request 1/2']);
  });
});

describe('one that was active in a former life', () => {
  const withoutSlot = async (world: World) => {
    await world.send({ type: 'RESTORED' });
    return world.restored();
  };

  test('waits for a slot before it goes on, and none of its time passes', async () => {
    const world = await withoutSlot(await World.running({ input: { timeoutMs: 1_000 } }));
    await world.advance(5_000);
    expect([world.state, world.activity]).toEqual([
      'running',
      { activityType: 'waiting_for_control', reason: 'queued for a slot' },
    ]);
    expect(world.requests).toEqual([]);
    await world.send({ type: 'START' });
    expect(world.requests).toHaveLength(1);
    await world.advance(1_000);
    expect(world.output).toMatchObject({ state: 'failed', by: 'timeout' });
  });

  test('is paused and resumed at once, and still waits', async () => {
    const world = await withoutSlot(await World.running());
    await world.send({ type: 'PAUSE' });
    expect(world.state).toBe('paused');
    await world.send({ type: 'RESUME' });
    expect(world.state).toBe('running');
    expect(world.requests).toEqual([]);
    await world.send({ type: 'START' });
    expect(world.requests).toHaveLength(1);
  });

  test('may get its slot while it is paused', async () => {
    const world = await withoutSlot(await paused(await World.running()));
    await world.send({ type: 'START' });
    expect([world.state, world.requests]).toEqual(['paused', []]);
    await world.send({ type: 'RESUME' });
    expect(world.requests).toHaveLength(1);
  });

  test('ends at once when it is cancelled', async () => {
    const world = await withoutSlot(await inCalls());
    await world.send({ type: 'CANCEL' });
    expect(world.output).toMatchObject({ state: 'cancelled', by: 'user' });
  });
});
