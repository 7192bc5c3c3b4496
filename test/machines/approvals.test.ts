import { describe, expect, test } from 'vitest';
import { type Policy, World, type WorldOptions } from './harness.js';
import { call, wants } from './script.js';

const bash = (callId: string) => call(callId, { name: 'bash', alone: true });
const askBash: Policy = ({ name, callId }) =>
  name === 'bash' ? { kind: 'ask', reason: `no rule for ${callId}` } : { kind: 'allow' };
const later: Policy = ({ name }) => (name === 'bash' ? 'later' : { kind: 'allow' });

/** Two calls that change something are asked about; the read-only one between them may run. */
async function asking(options: WorldOptions = {}): Promise<World> {
  const world = await World.running({ policy: askBash, ...options });
  await world.reply(wants('', bash('x'), call('r'), bash('y')));
  return world;
}

describe('asking a person', () => {
  test('allowed calls run meanwhile; then it waits, with the reason and the ids of all that is open', async () => {
    const world = await asking();
    expect([world.at, world.callsInFlight]).toEqual(['running calling_tool', ['r']]);
    await world.settle('r');
    expect(world.activity).toEqual({
      activityType: 'waiting_for_control',
      reason: 'approval of bash (x#1): no rule for x; approval of bash (y#1): no rule for y',
      requests: ['x#1', 'y#1'],
    });
  });

  test('tells each request with its call and reason, and the rule if one asks', async () => {
    const decision = { kind: 'ask', reason: 'sure?', rule: 'bash(rm:*)' } as const;
    const world = await World.running({ policy: () => decision });
    await world.reply(wants('', call('a', { args: { command: 'rm x' } })));
    expect(world.emitted).toEqual([
      {
        type: 'permission_request',
        requestId: 'a#1',
        call: call('a', { args: { command: 'rm x' } }),
        reason: 'sure?',
        rule: 'bash(rm:*)',
      },
    ]);
    const plain = await asking();
    expect(plain.told('permission_request')[0]).toEqual({
      type: 'permission_request',
      requestId: 'x#1',
      call: bash('x'),
      reason: 'no rule for x',
    });
  });

  test('of several open at once each is answered by its own id, in any order; a no is told to the model', async () => {
    const world = await asking();
    await world.send({ type: 'DENY', requestId: 'y#1', reason: 'not on my machine', by: 'confirm' });
    await world.settle('r');
    await world.send({ type: 'APPROVE', requestId: 'x#1' });
    await world.settle('x');
    expect(world.starts).toEqual(['request 1/1', 'call r', 'call x', 'request 2/1']);
    expect(world.told('permission_resolved')).toEqual([
      { type: 'permission_resolved', requestId: 'y#1', decision: 'deny', by: 'confirm' },
      { type: 'permission_resolved', requestId: 'x#1', decision: 'allow', by: 'user' },
    ]);
    expect(world.told('call_refused')).toEqual([
      { type: 'call_refused', call: bash('y'), text: 'not run: not on my machine' },
    ]);
  });

  test('an answer that comes late, twice or for nobody is refused and changes nothing', async () => {
    const world = await asking();
    await world.send({ type: 'DENY', requestId: 'x#1' });
    const { context } = world.snapshot;
    await world.send(
      { type: 'APPROVE', requestId: 'x#1' },
      { type: 'APPROVE', requestId: 'y#2' },
      { type: 'DENY', requestId: 'r#0' },
      { type: 'APPROVAL_EXPIRED', requestId: 'x#1' },
    );
    expect(world.snapshot.context).toEqual(context);
    const refused = ['APPROVE: unknown_request', 'APPROVE: unknown_request', 'DENY: unknown_request'];
    expect(world.signals).toEqual(['DENY', ...refused]);
    expect(world.told('permission_resolved')).toHaveLength(1);
  });

  test('with all calls refused the turn is over and the model is asked again', async () => {
    const world = await asking();
    await world.settle('r');
    await world.send({ type: 'DENY', requestId: 'x#1' }, { type: 'DENY', requestId: 'y#1' });
    expect(world.told('call_refused').map(({ text }) => text)).toEqual(
      Array(2).fill('not run: the request was denied'),
    );
    expect(world.starts).toEqual(['request 1/1', 'call r', 'request 2/1']);
  });
});

describe('the time to answer', () => {
  test('over, it is a no, by the clock of that request alone', async () => {
    const world = await asking({ input: { approvalMs: 1000 } });
    await world.settle('r');
    await world.advance(999);
    expect(world.told('permission_resolved')).toEqual([]);
    await world.send({ type: 'APPROVE', requestId: 'x#1' });
    await world.advance(1);
    expect(world.told('permission_resolved')).toEqual([
      { type: 'permission_resolved', requestId: 'x#1', decision: 'allow', by: 'user' },
      { type: 'permission_resolved', requestId: 'y#1', decision: 'deny', by: 'timeout' },
    ]);
    expect(world.told('call_refused').map(({ text }) => text)).toEqual([
      'not run: nobody answered the request in time',
    ]);
    expect(world.callsInFlight).toEqual(['x']);
  });

  test('goes on while paused, and leaves no timer behind', async () => {
    const world = await asking({ input: { approvalMs: 1000, timeoutMs: 5000 } });
    await world.settle('r');
    await world.send({ type: 'PAUSE' });
    await world.advance(1000);
    expect([world.at, world.children, world.clock.pending]).toEqual(['paused waiting_for_control', [], 0]);
    expect(world.activity).not.toHaveProperty('requests');
    expect(world.starts).toEqual(['request 1/1', 'call r']);
    await world.send({ type: 'RESUME' });
    expect([world.at, world.children]).toEqual(['running requesting_llm', ['deadline', 'llm']]);
    expect(world.signals).toEqual(['PAUSE', 'RESUME']); // running out is no signal of anybody
  });
});

describe('approved while paused', () => {
  test('it starts nothing until resume', async () => {
    const world = await asking();
    await world.settle('r');
    await world.send({ type: 'PAUSE' }, { type: 'APPROVE', requestId: 'x#1' });
    expect([world.at, world.callsInFlight]).toEqual(['paused waiting_for_control', []]);
    expect(world.activity).toMatchObject({
      reason: 'paused by the user; approval of bash (y#1): no rule for y',
      requests: ['y#1'],
    });
    await world.send({ type: 'RESUME' });
    expect(world.callsInFlight).toEqual(['x']);
    expect(world.startsWhilePaused).toEqual([]);
  });
});

describe('the order of effects', () => {
  test('one that is not read-only waits for every earlier call, also for one that waits for a person', async () => {
    const world = await asking();
    await world.settle('r');
    await world.send({ type: 'APPROVE', requestId: 'y#1' });
    expect(world.callsInFlight).toEqual([]); // x was asked for first
    await world.send({ type: 'APPROVE', requestId: 'x#1' });
    expect(world.callsInFlight).toEqual(['x']);
    await world.settle('x');
    expect(world.callsInFlight).toEqual(['y']);
  });

  test('read-only calls run side by side up to the limit, others one after another in their order', async () => {
    const world = await World.running({ input: { maxParallelTools: 2 } });
    const [w1, w2] = [call('w1', { alone: true }), call('w2', { alone: true })];
    await world.reply(wants('', call('r1'), call('r2'), call('r3'), w1, w2, call('r4')));
    expect(world.callsInFlight).toEqual(['r1', 'r2']);
    await world.settle('r1');
    expect(world.callsInFlight).toEqual(['r2', 'r3']);
    await world.settle('r2');
    expect(world.callsInFlight).toEqual(['r3']);
    for (const [done, next] of ['r3', 'w1', 'w2', 'r4'].map((id, index, all) => [id, all[index + 1]])) {
      await world.settle(done ?? '');
      expect(world.callsInFlight).toEqual(next ? [next] : []);
    }
    expect(world.at).toBe('running requesting_llm');
  });

  test('read-only calls overtake one that waits for a person, and it waits for them', async () => {
    const world = await World.running({ policy: askBash });
    await world.reply(wants('', bash('x'), call('r1'), call('r2')));
    expect(world.callsInFlight).toEqual(['r1', 'r2']);
    await world.settle('r1');
    await world.send({ type: 'APPROVE', requestId: 'x#1' });
    expect(world.callsInFlight).toEqual(['r2']);
    await world.settle('r2');
    expect(world.callsInFlight).toEqual(['x']);
  });

  test('one that is still being decided holds back those with effects behind it, not the read-only ones', async () => {
    const world = await World.running({ policy: later });
    await world.reply(wants('', bash('x'), call('r'), call('w', { alone: true })));
    expect(world.callsInFlight).toEqual(['r']);
    await world.settle('r');
    expect(world.at).toBe('running idle'); // between two activities
    await world.decide('x', { kind: 'deny', reason: 'never' });
    expect(world.callsInFlight).toEqual(['w']);
  });
});

describe('a decision', () => {
  test('that throws is a no, told to the model with the reason', async () => {
    const world = await World.running({ policy: later });
    await world.reply(wants('', bash('x')));
    await world.decide('x', new Error('policy server down'));
    expect(world.told('call_refused')).toEqual([
      {
        type: 'call_refused',
        call: bash('x'),
        text: 'not run: whether it may run could not be decided (policy server down)',
      },
    ]);
    expect(world.starts).toEqual(['request 1/1', 'request 2/1']);
  });

  test('to deny refuses that call with the text of the rule, and the others run', async () => {
    const denied: Policy = ({ callId }) => (callId === 'a' ? { kind: 'deny', reason: 'by rule' } : { kind: 'allow' });
    const world = await World.running({ policy: denied });
    await world.reply(wants('', call('a'), call('b')));
    expect(world.told('call_refused')).toEqual([{ type: 'call_refused', call: call('a'), text: 'by rule' }]);
    expect(world.callsInFlight).toEqual(['b']);
  });

  test.each([['running'], ['paused']])('to fail ends a %s run at once, and aborts what runs', async (state) => {
    const world = await World.running({ policy: later });
    await world.reply(wants('', call('r'), bash('x')));
    if (state === 'paused') await world.send({ type: 'PAUSE' });
    await world.decide('x', { kind: 'fail', reason: 'was interrupted' });
    expect(world.output).toMatchObject({
      state: 'failed',
      error: { code: 'tool_failed', message: 'was interrupted' },
    });
    expect([world.aborts, world.completions]).toEqual([['call r'], 1]);
  });

  test('to fail ends one that is paused and waits for nothing else', async () => {
    const world = await World.running({ policy: later });
    await world.reply(wants('', bash('x')));
    await world.send({ type: 'PAUSE' });
    await world.decide('x', { kind: 'fail', reason: 'was interrupted' });
    expect(world.output).toMatchObject({ state: 'failed', error: { code: 'tool_failed' } });
  });
});
