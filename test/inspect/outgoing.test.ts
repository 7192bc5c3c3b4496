import { describe, expect, it } from 'vitest';
import type { Observed } from '../../src/inspect/observed.js';
import { Outgoing } from '../../src/inspect/outgoing.js';

const actor = (sessionId: string, parentId?: string): Observed => {
  return {
    type: '@xstate.actor',
    rootId: 'root',
    sessionId,
    actor: { id: sessionId, parentId },
    snapshot: { status: 'active', value: 'new' },
  };
};
const snapshot = (sessionId: string, value: string, status = 'active'): Observed => {
  return { type: '@xstate.snapshot', rootId: 'root', sessionId, snapshot: { status, value } };
};

function heard(maxWaiting: number): Outgoing {
  const outgoing = new Outgoing({ maxWaiting });
  outgoing.begin();
  return outgoing;
}

function add(outgoing: Outgoing, ...all: readonly Observed[]): void {
  for (const observed of all) outgoing.add(observed);
}

function told(outgoing: Outgoing): string[] {
  const lines: string[] = [];
  for (let next = outgoing.next(); next; next = outgoing.next()) {
    lines.push(`${next.type === '@xstate.actor' ? 'actor ' : ''}${next.sessionId} ${next.snapshot?.value}`);
  }
  expect(outgoing.isEmpty).toBe(true);
  return lines;
}

describe('when more happens than may wait for somebody who listens', () => {
  it('an actor is told of as it was before the oldest that is kept of it', () => {
    const outgoing = heard(2);
    add(outgoing, actor('a'), snapshot('a', '1'), snapshot('a', '2'), snapshot('a', '3'));
    expect(told(outgoing)).toEqual(['actor a 1', 'a 2', 'a 3']);
    add(outgoing, snapshot('a', '4'));
    expect(told(outgoing)).toEqual(['a 4']);
  });

  it('one of which nothing is kept is told of too, however much happens to others', () => {
    const outgoing = heard(3);
    add(outgoing, actor('a'), actor('b'), snapshot('a', '1'), ...['1', '2', '3'].map((value) => snapshot('b', value)));
    const first = [outgoing.next(), outgoing.next(), outgoing.next()].map((one) => one?.sessionId);
    expect(first).toEqual(expect.arrayContaining(['a', 'b']));
    expect(told(outgoing).at(-1)).toBe('b 3');
  });

  it('parents come before their children', () => {
    const outgoing = heard(1);
    add(outgoing, actor('a'), actor('b', 'a'), actor('c', 'b'), snapshot('c', '1'));
    expect(told(outgoing)).toEqual(['actor a new', 'actor b new', 'actor c new', 'c 1']);
  });

  it('an end is told when the actor was told of before, and nothing of an actor that came and went', () => {
    const outgoing = heard(2);
    add(outgoing, actor('a'));
    expect(told(outgoing)).toEqual(['actor a new']);
    add(outgoing, actor('b'), snapshot('a', '1'), snapshot('a', 'over', 'done'), snapshot('b', 'over', 'done'));
    add(outgoing, actor('c'), snapshot('c', '1'));
    expect(told(outgoing)).toEqual(['a over', 'actor c new', 'c 1']);
  });

  it('whoever comes next hears what he would have heard anyway', () => {
    const outgoing = heard(1);
    add(outgoing, actor('a'), snapshot('a', '1'), snapshot('a', '2'));
    outgoing.end();
    add(outgoing, snapshot('a', '3'));
    outgoing.begin();
    expect(told(outgoing)).toEqual(['actor a 2', 'a 3']);
  });
});
