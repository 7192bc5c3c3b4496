import { describe, expect, test } from 'vitest';
import { isAtRest } from '../../machines/index.js';
import { World } from './harness.js';
import { answer, call, wants } from './script.js';

const three = wants('', call('a'), call('b'), call('c'));

describe('pause', () => {
  test('in a request: the answer is kept, its calls start on resume, each once, and it is not asked again', async () => {
    const world = await World.running();
    await world.send({ type: 'PAUSE' });
    expect([world.at, world.isAtRest]).toEqual(['paused requesting_llm', false]);
    await world.reply(three);
    expect([world.at, world.isAtRest]).toEqual(['paused waiting_for_control', true]);
    expect(world.log).toEqual(['request 1/1 start']); // not even decided
    await world.send({ type: 'RESUME' });
    expect(world.starts).toEqual(['request 1/1', 'call a', 'call b', 'call c']);
    expect(world.startsWhilePaused).toEqual([]);
  });

  test('in calls: those in flight finish and are kept, the next one starts on resume', async () => {
    const world = await World.running({ input: { maxParallelTools: 2 } });
    await world.reply(three);
    await world.send({ type: 'PAUSE' });
    expect([world.at, world.isAtRest]).toEqual(['paused calling_tool', false]);
    await world.settle('a');
    expect(world.at).toBe('paused calling_tool');
    await world.settle('b');
    expect([world.at, world.isAtRest]).toEqual(['paused waiting_for_control', true]);
    expect(world.starts).toEqual(['request 1/1', 'call a', 'call b']);
    await world.send({ type: 'RESUME' });
    expect(world.starts).toEqual(['request 1/1', 'call a', 'call b', 'call c']);
  });

  test('in the last call of a turn: the turn ends, the next request waits for resume', async () => {
    const world = await World.running();
    await world.reply(wants('', call('a')));
    await world.send({ type: 'PAUSE' });
    await world.settle('a');
    expect(world.told('turn_ended')).toEqual([{ type: 'turn_ended', turn: 1 }]);
    expect(world.starts).toEqual(['request 1/1', 'call a']);
    await world.send({ type: 'RESUME' });
    expect(world.starts).toEqual(['request 1/1', 'call a', 'request 2/1']);
  });

  test('holds a final answer until resume', async () => {
    const world = await World.running();
    await world.send({ type: 'PAUSE' });
    await world.reply(answer('done'));
    expect([world.at, world.completions]).toEqual(['paused waiting_for_control', 0]);
    await world.send({ type: 'RESUME' });
    expect(world.output).toMatchObject({ state: 'completed', text: 'done' });
    expect(world.starts).toEqual(['request 1/1']);
  });

  test('holds the end that too many turns make', async () => {
    const world = await World.running({ input: { maxSteps: 1 } });
    await world.reply(wants('', call('a')));
    await world.send({ type: 'PAUSE' });
    await world.settle('a');
    expect(world.at).toBe('paused waiting_for_control');
    await world.send({ type: 'RESUME' });
    expect(world.output).toMatchObject({ state: 'failed', error: { code: 'max_steps' } });
  });

  test('and resume in the middle of a request or of calls start nothing twice', async () => {
    const world = await World.running({ input: { maxParallelTools: 1 } });
    await world.send({ type: 'PAUSE' }, { type: 'RESUME' });
    await world.reply(three);
    await world.send({ type: 'PAUSE' }, { type: 'RESUME' }, { type: 'PAUSE' });
    await world.settle('a');
    expect(world.starts).toEqual(['request 1/1', 'call a']);
    await world.send({ type: 'RESUME' }, { type: 'PAUSE' }, { type: 'RESUME' });
    expect(world.starts).toEqual(['request 1/1', 'call a', 'call b']);
    expect([world.aborts, world.startsWhilePaused]).toEqual([[], []]);
  });

  test('while permission is decided: what is decided starts on resume', async () => {
    const world = await World.running({ policy: () => 'later' });
    await world.reply(wants('', call('a')));
    expect(world.at).toBe('running idle'); // between two activities
    await world.send({ type: 'PAUSE' });
    expect(world.isAtRest).toBe(true);
    await world.decide('a', { kind: 'allow' });
    expect([world.at, world.callsInFlight]).toEqual(['paused waiting_for_control', []]);
    await world.send({ type: 'RESUME' });
    expect(world.callsInFlight).toEqual(['a']);
  });

  test('a call that is exempt, as it only waits for others, does not keep it from rest', async () => {
    const world = await World.running();
    await world.reply(wants('', call('a'), call('b')));
    await world.send({ type: 'PAUSE' });
    expect(isAtRest(world.snapshot, new Set(['a']))).toBe(false);
    await world.settle('b');
    expect([isAtRest(world.snapshot, new Set(['a'])), world.isAtRest]).toEqual([true, false]);
  });
});

describe('pause before the start', () => {
  test('is paused at once, and a start holds it before its first request', async () => {
    const world = new World({ input: { timeoutMs: 1000 } });
    await world.send({ type: 'PAUSE' });
    expect([world.snapshot.value, world.state, world.isAtRest]).toEqual([{ pending: 'held' }, 'paused', true]);
    expect(world.activity).toEqual({ activityType: 'waiting_for_control', reason: 'paused by the user' });
    await world.send({ type: 'START' });
    expect(world.snapshot.value).toEqual({ active: { control: 'paused', activity: 'waiting_for_control' } });
    expect([world.log, world.children]).toEqual([[], []]);
    await world.send({ type: 'RESUME' });
    expect(world.at).toBe('running requesting_llm');
  });

  test('and resume before the start leads back to ready', async () => {
    const world = new World();
    await world.send({ type: 'PAUSE' }, { type: 'RESUME' });
    expect(world.snapshot.value).toEqual({ pending: 'ready' });
    expect(world.snapshot.context.pausedBy).toBeNull();
    await world.send({ type: 'START' });
    expect(world.at).toBe('running requesting_llm');
  });

  test('while queued keeps its place in held: it can start from there, and on resume can be queued again', async () => {
    const world = new World();
    await world.send({ type: 'QUEUE' }, { type: 'PAUSE' });
    expect(world.snapshot.value).toEqual({ pending: 'held' });
    await world.send({ type: 'QUEUE' }); // no slot is asked for while held
    expect(world.snapshot.value).toEqual({ pending: 'held' });
    await world.send({ type: 'RESUME' }, { type: 'QUEUE' });
    expect(world.snapshot.value).toEqual({ pending: 'queued' });
    await world.send({ type: 'PAUSE' }, { type: 'START' });
    expect([world.state, world.starts]).toEqual(['paused', []]);
  });
});

describe('who paused', () => {
  const byParent = { type: 'PAUSE', by: 'parent' } as const;
  const parentResumes = { type: 'RESUME', by: 'parent' } as const;

  test.each([['pending'], ['running']])(
    'a parent lifts its own pause of a %s one, not that of the user',
    async (from) => {
      const world = from === 'running' ? await World.running() : new World();
      await world.send(byParent);
      expect(world.activity).toMatchObject(from === 'pending' ? { reason: 'paused by its parent' } : {});
      await world.send(parentResumes);
      expect(world.state).toBe(from);
      await world.send({ type: 'PAUSE' }, parentResumes);
      expect(world.state).toBe('paused');
      expect(world.signals).toEqual(['PAUSE', 'RESUME', 'PAUSE', 'RESUME: paused_by_user']);
    },
  );

  test.each([['pending'], ['running']])(
    'the user may take over the pause of a %s one from its parent',
    async (from) => {
      const world = from === 'running' ? await World.running() : new World();
      await world.send(byParent, { type: 'PAUSE' }, { type: 'PAUSE' }, parentResumes);
      expect(world.state).toBe('paused');
      expect(world.signals).toEqual(['PAUSE', 'PAUSE', 'PAUSE: already_paused', 'RESUME: paused_by_user']);
      await world.send({ type: 'RESUME' });
      expect(world.state).toBe(from);
    },
  );

  test('the user lifts the pause of a parent, and a parent cannot take over that of the user', async () => {
    const world = await World.running();
    await world.send(byParent, { type: 'RESUME' });
    expect(world.state).toBe('running');
    await world.send({ type: 'PAUSE' }, byParent, parentResumes);
    expect(world.state).toBe('paused');
    expect(world.signals.slice(2)).toEqual(['PAUSE', 'PAUSE: already_paused', 'RESUME: paused_by_user']);
  });
});
