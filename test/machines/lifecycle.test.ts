import { describe, expect, test } from 'vitest';
import { isQueued } from '../../machines/index.js';
import { World } from './harness.js';
import { answer, call, failure, malformed, wants } from './script.js';

describe('a straight run', () => {
  test('goes from pending through request, calls and request to completed, and tells each turn', async () => {
    const world = new World();
    expect(world.at).toBe('pending idle');
    await world.send({ type: 'START' });
    expect(world.at).toBe('running requesting_llm');
    await world.reply(wants('let me look', call('a'), call('b'), call('c')));
    expect(world.at).toBe('running calling_tool');
    await world.settle('b');
    await world.settle('a');
    expect(world.told('turn_ended')).toEqual([]);
    await world.settle('c');
    expect(world.at).toBe('running requesting_llm');
    await world.reply(answer('done'));
    expect(world.state).toBe('completed');
    expect(world.log).toEqual([
      'request 1/1 start',
      ...['decide a', 'decide b', 'decide c'],
      ...['call a start', 'call b start', 'call c start'],
      'request 2/1 start',
    ]);
    expect(world.emitted).toEqual([
      { type: 'turn_ended', turn: 1 },
      { type: 'turn_ended', turn: 2 },
    ]);
    expect(world.output).toEqual({
      id: 's1',
      state: 'completed',
      by: null,
      text: 'done',
      truncated: false,
      error: null,
      turns: 2,
      sparesChildren: false,
    });
    expect([world.completions, world.children]).toEqual([1, []]);
  });

  test('the activity names all calls in flight, and first of all the oldest', async () => {
    const world = await World.running();
    await world.reply(wants('', call('a', { args: { path: 'x' } }), call('b', { name: 'grep' })));
    const a = { toolId: 'a', toolName: 'read', args: { path: 'x' } };
    const b = { toolId: 'b', toolName: 'grep', args: {} };
    expect(world.activity).toEqual({
      activityType: 'calling_tool',
      toolName: 'read',
      args: { path: 'x' },
      calls: [a, b],
    });
    await world.settle('a');
    expect(world.activity).toEqual({ activityType: 'calling_tool', toolName: 'grep', args: {}, calls: [b] });
  });

  test('a queued one says what it waits for, and starts from the queue', async () => {
    const world = new World();
    expect(isQueued(world.snapshot)).toBe(false);
    await world.send({ type: 'QUEUE' });
    expect(isQueued(world.snapshot)).toBe(true);
    expect([world.state, world.activity]).toEqual([
      'pending',
      { activityType: 'waiting_for_control', reason: 'queued for a slot' },
    ]);
    await world.send({ type: 'START' });
    expect(world.at).toBe('running requesting_llm');
  });

  test('a call whose actor fails is told to the model and does not end the run', async () => {
    const world = await World.running();
    await world.reply(wants('', call('a')));
    await world.settle('a', new Error('boom'));
    expect(world.told('call_refused')).toEqual([{ type: 'call_refused', call: call('a'), text: 'failed: boom' }]);
    expect(world.at).toBe('running requesting_llm');
  });

  test('an answer that was cut at the length limit says so', async () => {
    const world = await World.running();
    await world.reply(answer('half of', true));
    expect(world.output).toMatchObject({ state: 'completed', text: 'half of', truncated: true });
  });

  test('an empty final answer is the answer, whatever was said before', async () => {
    const world = await World.running();
    await world.reply(wants('let me look', call('a')));
    await world.settle('a');
    await world.reply(answer(''));
    expect(world.output).toMatchObject({ state: 'completed', text: '' });
  });
});

describe('maxSteps', () => {
  test('reached with tools still wanted fails the run and keeps the last text, also of an earlier turn', async () => {
    const world = await World.running({ input: { maxSteps: 2 } });
    await world.reply(wants('one', call('a')));
    await world.settle('a');
    await world.reply(wants('', call('b')));
    expect(world.at).toBe('running calling_tool'); // the calls of the last turn still run
    await world.settle('b');
    expect(world.output).toMatchObject({
      state: 'failed',
      by: null,
      text: 'one',
      turns: 2,
      error: { code: 'max_steps', message: expect.stringContaining('maxSteps 2') },
    });
    expect(world.starts).toEqual(['request 1/1', 'call a', 'request 2/1', 'call b']);
  });

  test('does not touch an answer in the last turn', async () => {
    const world = await World.running({ input: { maxSteps: 1 } });
    await world.reply(answer('done'));
    expect(world.output).toMatchObject({ state: 'completed', text: 'done', turns: 1 });
  });
});

describe('malformed calls', () => {
  test('three in a row end the run, counted over turns', async () => {
    const world = await World.running();
    await world.reply(malformed(1));
    await world.reply(malformed(1));
    expect(world.at).toBe('running requesting_llm');
    await world.reply(malformed(1));
    expect(world.output).toMatchObject({ state: 'failed', turns: 3, error: { code: 'bad_response' } });
    expect(world.told('turn_ended').map(({ turn }) => turn)).toEqual([1, 2, 3]);
  });

  test('three in one turn end it, and none of the good calls before them runs', async () => {
    const world = await World.running();
    await world.reply(malformed(3, call('a')));
    expect(world.output).toMatchObject({ state: 'failed', error: { code: 'bad_response' } });
    expect(world.starts).toEqual(['request 1/1']);
  });

  test('a good call among them starts the count anew', async () => {
    const world = await World.running();
    await world.reply(malformed(2));
    await world.reply(malformed(2, call('a')));
    await world.settle('a');
    expect(world.at).toBe('running requesting_llm');
    await world.reply(malformed(1));
    expect(world.output).toMatchObject({ state: 'failed', error: { code: 'bad_response' } });
  });
});

describe('steering', () => {
  test('is taken at the next turn boundary, all of it in order, and not before', async () => {
    const world = new World();
    await world.send({ type: 'STEER', message: 'zero' }, { type: 'START' });
    expect(world.told('steering_taken').map(({ messages }) => messages)).toEqual([['zero']]);
    await world.send({ type: 'STEER', message: 'one' }, { type: 'STEER', message: 'two' });
    await world.reply(wants('', call('a')));
    expect(world.told('steering_taken')).toHaveLength(1);
    await world.settle('a');
    expect(world.told('steering_taken').map(({ messages }) => messages)).toEqual([['zero'], ['one', 'two']]);
    expect(world.signals).toEqual(['STEER', 'STEER', 'STEER']);
  });

  test('makes one more turn instead of an end', async () => {
    const world = await World.running();
    await world.send({ type: 'STEER', message: 'wait' });
    await world.reply(answer('early'));
    expect(world.at).toBe('running requesting_llm');
    expect(world.told('steering_taken')).toHaveLength(1);
    await world.reply(answer('late'));
    expect(world.output).toMatchObject({ state: 'completed', text: 'late', turns: 2 });
  });

  test('is refused when no turn is left to take it, and taken while one is', async () => {
    const world = await World.running({ input: { maxSteps: 2 } });
    await world.send({ type: 'STEER', message: 'first' });
    await world.reply(wants('', call('a')));
    await world.send({ type: 'STEER', message: 'second' });
    await world.settle('a');
    expect(world.told('steering_taken').map(({ messages }) => messages)).toEqual([['first', 'second']]);
    await world.send({ type: 'STEER', message: 'late' });
    await world.reply(wants('', call('b')));
    await world.send({ type: 'STEER', message: 'later' });
    expect(world.told('signal').map(({ accepted, reason }) => reason ?? accepted)).toEqual([
      true,
      true,
      'no_turn_left',
      'no_turn_left',
    ]);
    await world.settle('b');
    expect(world.output).toMatchObject({ state: 'failed', error: { code: 'max_steps' } });
  });

  test('that comes while a final answer is held makes one more turn after resume', async () => {
    const world = await World.running();
    await world.send({ type: 'PAUSE' });
    await world.reply(answer('early'));
    await world.send({ type: 'STEER', message: 'wait' });
    expect(world.starts).toEqual(['request 1/1']);
    await world.send({ type: 'RESUME' });
    expect(world.starts).toEqual(['request 1/1', 'request 2/1']);
  });
});

describe('a fault of the model', () => {
  test('fails the run with its code, and keeps the last text', async () => {
    const world = await World.running();
    await world.reply(wants('so far', call('a')));
    await world.settle('a');
    await world.failRequest(failure('model_auth', 'the key was refused'));
    expect(world.output).toMatchObject({
      state: 'failed',
      by: null,
      text: 'so far',
      turns: 1,
      error: { code: 'model_auth', message: 'the key was refused' },
    });
  });

  test('that said something before keeps what it said', async () => {
    const world = await World.running();
    await world.failRequest(Object.assign(failure('model_refused', 'filtered'), { text: 'I was about' }));
    expect(world.output).toMatchObject({ text: 'I was about', error: { code: 'model_refused' } });
  });

  test('by a spent budget names the budget as cause, anything unknown is a bug', async () => {
    const spent = await World.running();
    await spent.failRequest(failure('budget_exceeded', 'spent'));
    expect(spent.output).toMatchObject({ state: 'failed', by: 'budget', error: { code: 'budget_exceeded' } });
    const broken = await World.running();
    await broken.failRequest(new TypeError('undefined is no function'));
    expect(broken.output).toMatchObject({ by: null, error: { code: 'bug', message: 'undefined is no function' } });
  });

  test('fails a paused one at once', async () => {
    const world = await World.running();
    await world.send({ type: 'PAUSE' });
    await world.failRequest(failure('quota_exceeded', 'no credit'));
    expect(world.output).toMatchObject({ state: 'failed', error: { code: 'quota_exceeded' } });
  });
});
