import { describe, expect, it } from 'vitest';
import { Backlog } from '../../src/inspect/backlog.js';
import type { WireMessage } from '../../src/inspect/wire-message.js';

const actor = (sessionId: string, value = 'red'): WireMessage => {
  return {
    type: '@xstate.actor',
    sessionId,
    _version: '0.7.2',
    name: sessionId,
    snapshot: { status: 'active', value },
  };
};
const snapshot = (sessionId: string, value: string, status = 'active'): WireMessage => {
  return { type: '@xstate.snapshot', sessionId, _version: '0.7.2', snapshot: { status, value } };
};

const sizeOf = (message: WireMessage) => JSON.stringify(message).length;

function backlogOf(messages: readonly WireMessage[]): Backlog<WireMessage> {
  const backlog = new Backlog<WireMessage>({ maxCount: 3, maxSize: 10_000, sizeOf });
  for (const message of messages) backlog.add(message);
  return backlog;
}

describe('a backlog', () => {
  it('gives what it is told, in order, and then nothing', () => {
    const messages = [actor('a'), snapshot('a', 'red')];
    const backlog = backlogOf(messages);
    expect(backlog.isEmpty).toBe(false);
    expect([backlog.take(), backlog.take()]).toEqual(messages);
    expect([backlog.take(), backlog.isEmpty, backlog.kept()]).toEqual([undefined, true, []]);
  });

  it('keeps the newest, and of what it drops whom it told of, as they were last', () => {
    const backlog = backlogOf([
      actor('a'),
      snapshot('a', 'green'),
      actor('b'),
      snapshot('a', 'amber'),
      snapshot('a', 'red'),
    ]);
    expect(backlog.known()).toEqual([actor('a', 'green')]);
    expect(backlog.kept()).toEqual([actor('b'), snapshot('a', 'amber'), snapshot('a', 'red')]);
    expect(backlog.knownOf('a')).toEqual(actor('a', 'green'));
    expect(backlog.knownOf('b')).toBeUndefined();
  });

  it.each(['done', 'error', 'stopped'])('knows nothing more of an actor that is %s', (status) => {
    const backlog = backlogOf([actor('a'), snapshot('a', 'red', status)]);
    backlog.take();
    expect(backlog.known()).toHaveLength(1);
    backlog.take();
    expect(backlog.known()).toEqual([]);
  });

  it('is bounded by its size too, and by nothing else: ten thousand actors that end leave nothing', () => {
    const size = sizeOf(actor('a'));
    const backlog = new Backlog<WireMessage>({ maxCount: 1_000_000, maxSize: size * 3, sizeOf });
    for (let index = 0; index < 10_000; index++) {
      const id = 'abc'[index % 3] ?? '';
      for (const message of [actor(id), snapshot(id, 'red', 'done')]) backlog.add(message);
    }
    expect(JSON.stringify(backlog.kept()).length).toBeLessThanOrEqual(size * 3 + 10);
    expect(backlog.kept().length).toBeGreaterThan(2);
    while (backlog.take() !== undefined);
    expect(backlog.known()).toEqual([]);
  });

  it('holds nothing of actors that were stopped, though their snapshots do not say so', () => {
    const stopped: WireMessage = { ...snapshot('a', 'red'), event: { type: 'xstate.stop' } };
    const backlog = backlogOf([actor('a'), stopped, snapshot('b', '1'), snapshot('b', '2'), snapshot('b', '3')]);
    expect(backlog.known()).toEqual([]);
  });

  it('passes on a message that is larger than all it may keep', () => {
    const backlog = backlogOf([actor('a'), snapshot('a', 'x'.repeat(20_000))]);
    expect(backlog.isEmpty).toBe(true);
    expect(backlog.known()).toEqual([actor('a', 'x'.repeat(20_000))]);
  });

  it('forgets those whose teller has gone, kept and known', () => {
    const backlog = backlogOf([actor('a'), actor('b'), snapshot('a', 'green'), snapshot('b', 'green')]);
    backlog.forget((id) => id === 'a');
    expect(backlog.known()).toEqual([]);
    expect(backlog.kept()).toEqual([actor('b'), snapshot('b', 'green')]);
    backlog.add(actor('c'));
    expect(backlog.take()).toEqual(actor('b'));
  });
});
