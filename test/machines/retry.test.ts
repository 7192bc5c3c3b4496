import { describe, expect, test } from 'vitest';
import { World } from './harness.js';
import { answer, call, retryLater, wants } from './script.js';

async function backingOff(delayMs = 500, countsAsAttempt = true): Promise<World> {
  const world = await World.running({ input: { timeoutMs: 10_000 } });
  await world.reply(retryLater(delayMs, countsAsAttempt));
  return world;
}

describe('a request that is to be made again', () => {
  test('waits its time, then goes out as the next attempt of the same turn', async () => {
    const world = await backingOff(500);
    expect(world.snapshot.value).toEqual({
      active: { control: 'running', activity: 'backing_off' },
    });
    expect([world.at, world.children]).toEqual(['running requesting_llm', ['deadline', 'retry']]);
    await world.advance(499);
    expect(world.starts).toEqual(['request 1/1']);
    await world.advance(1);
    expect(world.starts).toEqual(['request 1/1', 'request 1/2']);
    await world.reply(retryLater(0));
    await world.advance(0);
    expect(world.starts).toEqual(['request 1/1', 'request 1/2', 'request 1/3']);
    expect(world.emitted).toEqual([]);
  });

  test('that the limiter holds back keeps its attempt, as nothing was sent', async () => {
    const world = await backingOff(500, false);
    await world.advance(500);
    await world.reply(retryLater(500, false));
    await world.advance(500);
    expect(world.starts).toEqual(['request 1/1', 'request 1/1', 'request 1/1']);
  });

  test('once answered, the next turn begins with the first attempt', async () => {
    const world = await backingOff();
    await world.advance(500);
    await world.reply(wants('', call('a')));
    await world.settle('a');
    expect(world.starts).toEqual(['request 1/1', 'request 1/2', 'call a', 'request 2/1']);
    await world.reply(answer('done'));
    expect(world.output).toMatchObject({ state: 'completed', turns: 2 });
  });

  test('takes no new message along: it is the same request; the next turn does', async () => {
    const world = await backingOff();
    await world.send({ type: 'STEER', message: 'hey' });
    await world.advance(500);
    expect(world.told('steering_taken')).toEqual([]);
    await world.reply(answer('not yet'));
    expect(world.told('steering_taken')).toEqual([{ type: 'steering_taken', messages: ['hey'] }]);
    expect(world.starts).toEqual(['request 1/1', 'request 1/2', 'request 2/1']);
  });

  test('and was never sent takes a new message along', async () => {
    const world = await backingOff(500, false);
    await world.send({ type: 'STEER', message: 'hey' });
    await world.advance(500);
    expect(world.told('steering_taken')).toEqual([{ type: 'steering_taken', messages: ['hey'] }]);
  });

  test('goes on with the message that made one more turn: the answer before it is no end any more', async () => {
    const world = await World.running();
    await world.send({ type: 'STEER', message: 'wait' });
    await world.reply(answer('early'));
    await world.reply(retryLater(500));
    await world.advance(500);
    expect(world.starts).toEqual(['request 1/1', 'request 2/1', 'request 2/2']);
    await world.reply(answer('late'));
    expect(world.output).toMatchObject({ state: 'completed', text: 'late', turns: 2 });
  });

  test('goes on taking running time while it waits', async () => {
    const world = await World.running({ input: { timeoutMs: 300 } });
    await world.reply(retryLater(500));
    await world.advance(300);
    expect(world.output).toMatchObject({ state: 'failed', by: 'timeout' });
    expect([world.starts, world.clock.pending]).toEqual([['request 1/1'], 0]);
  });
});

describe('paused while backing off', () => {
  test('it is at rest at once, and says why it waits', async () => {
    const world = await backingOff();
    world.actor.send({ type: 'PAUSE' });
    expect(world.isAtRest).toBe(true);
    expect(world.activity).toEqual({
      activityType: 'waiting_for_control',
      reason: 'paused by the user; a request waits to be tried again',
    });
  });

  test('a request that comes due waits for resume, then goes out at once', async () => {
    const world = await backingOff(500);
    await world.send({ type: 'PAUSE' });
    await world.advance(100_000);
    expect([world.at, world.starts, world.isAtRest]).toEqual(['paused waiting_for_control', ['request 1/1'], true]);
    expect(world.activity).toMatchObject({ reason: 'paused by the user' });
    await world.send({ type: 'RESUME' });
    expect(world.starts).toEqual(['request 1/1', 'request 1/2']);
    expect(world.startsWhilePaused).toEqual([]);
  });

  test('resumed before it is due, it waits only the rest', async () => {
    const world = await backingOff(500);
    await world.advance(100);
    await world.send({ type: 'PAUSE' });
    await world.advance(300);
    await world.send({ type: 'RESUME' });
    expect([world.at, world.starts]).toEqual(['running requesting_llm', ['request 1/1']]);
    await world.advance(99);
    expect(world.starts).toEqual(['request 1/1']);
    await world.advance(1);
    expect(world.starts).toEqual(['request 1/1', 'request 1/2']);
  });

  test('a request that is refused for now while paused backs off, too, and is not made again before resume', async () => {
    const world = await World.running();
    await world.send({ type: 'PAUSE' });
    await world.reply(retryLater(500));
    expect([world.at, world.isAtRest]).toEqual(['paused waiting_for_control', true]);
    await world.advance(500);
    expect(world.starts).toEqual(['request 1/1']);
    await world.send({ type: 'RESUME' });
    expect(world.starts).toEqual(['request 1/1', 'request 1/2']);
  });
});
