import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call, CallStatus, SubagentContext } from '../../machines/index.js';
import {
  askedCall,
  callsIn,
  plainCall,
  requestIdOf,
  startableCalls,
  withCall,
  withoutCall,
} from '../../machines/subagent-calls.js';
import { World } from './harness.js';

const STATUSES: readonly CallStatus[] = ['undecided', 'deciding', 'asking', 'ready', 'running'];

function contextOf(calls: readonly Call[], maxParallelTools = 8): SubagentContext {
  return { ...new World().snapshot.context, calls, maxParallelTools };
}

function callOf(callId: string, more: Partial<Call> = {}): Call {
  const plain = { name: 'read', args: {}, alone: false, status: 'ready', interrupted: false } as const;
  return { callId, ...plain, askedCount: 0, reason: null, ...more };
}

/** `r ready, w! running`: a call for each, `!` alone, `~` interrupted. */
function parse(text: string): Call[] {
  return text.split(', ').map((each) => {
    const [name = '', status] = each.split(' ');
    return callOf(name.replace(/[!~]/g, ''), {
      status: STATUSES.find((known) => known === status) ?? 'ready',
      alone: name.includes('!'),
      interrupted: name.includes('~'),
    });
  });
}

describe('which calls may start', () => {
  test.each([
    ['read-only ones side by side', 'a ready, b ready', 8, 'a b'],
    ['no more than the limit', 'a running, b ready, c ready', 2, 'b'],
    ['none at the limit', 'a running, b running, c ready', 2, ''],
    ['one with effects by itself', 'w! ready, r ready', 8, 'w'],
    ['none with effects beside another', 'r running, w! ready', 8, ''],
    ['none with effects behind one that may start', 'r ready, w! ready', 8, 'r'],
    ['none beside one with effects', 'w! running, r ready', 8, ''],
    ['read-only ones past one that waits for a person', 'w! asking, r ready', 8, 'r'],
    ['read-only ones past one that is being decided', 'w! deciding, r ready', 8, 'r'],
    ['none with effects past one that waits for a person', 'r asking, w! ready', 8, ''],
    ['none with effects past one that is being decided', 'r deciding, w! ready', 8, ''],
    ['read-only ones not past one with effects that may soon start', 'x asking, w! ready, r ready', 8, ''],
    ['none past one with effects that was cut off and is undecided', 'w!~ undecided, r ready', 8, ''],
    ['none past one with effects that was cut off and is being decided', 'w!~ deciding, r ready', 8, ''],
    ['a read-only one that was cut off takes up its place', 'a~ undecided, b ready, c ready', 2, 'b'],
    ['one that was cut off before the others', 'a ready, b~ ready', 1, 'b'],
    ['one that was cut off and is asked about holds back no read-only one', 'w!~ asking, r ready', 8, 'r'],
    ['none of those that are not decided', 'a undecided, b deciding, c asking', 8, ''],
  ])('%s', (_name, calls, limit, startable) => {
    const ids = startableCalls(contextOf(parse(calls), limit)).map(({ callId }) => callId);
    expect(ids.join(' ')).toBe(startable);
  });

  test('whatever the calls: only ready ones, within the limit, and one with effects always alone and the oldest', () => {
    const anyCalls = fc.array(
      fc.record({ alone: fc.boolean(), interrupted: fc.boolean(), status: fc.constantFrom(...STATUSES) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(anyCalls, fc.integer({ min: 1, max: 4 }), (some, limit) => {
        const context = contextOf(
          some.map((more, index) => callOf(`c${index}`, more)),
          limit,
        );
        const running = callsIn(context, 'running');
        const starting = startableCalls(context);
        expect(starting.every(({ status }) => status === 'ready')).toBe(true);
        if (starting.length > 0) expect(running.length + starting.length).toBeLessThanOrEqual(limit);
        if (starting.some(({ alone }) => alone)) expect([...running, ...starting]).toEqual([context.calls[0]]);
        if (running.some(({ alone }) => alone)) expect(starting).toEqual([]);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('with nothing in flight and nobody asked, something may start: no turn gets stuck', () => {
    const readyCalls = fc.array(fc.record({ alone: fc.boolean(), interrupted: fc.boolean() }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(readyCalls, (some) => {
        // Only the oldest call with effects can have been cut off: no other had begun.
        const calls = some.map((more, index) =>
          callOf(`c${index}`, { ...more, interrupted: more.interrupted && (!more.alone || index === 0) }),
        );
        expect(startableCalls(contextOf(calls))).not.toEqual([]);
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});

describe('the list of calls', () => {
  const calls = parse('a asking, b ready, c asking, d running');

  test('is read by status, in its order', () => {
    expect(callsIn(contextOf(calls), 'running', 'asking').map(({ callId }) => callId)).toEqual(['a', 'c', 'd']);
    expect(callsIn(contextOf(calls), 'undecided')).toEqual([]);
  });

  test('is changed by copies: one call changed, or one taken out', () => {
    const before = structuredClone(calls);
    expect(withCall(calls, 'b', { status: 'running' }).map(({ status }) => status)).toEqual([
      'asking',
      'running',
      'asking',
      'running',
    ]);
    expect(withoutCall(calls, 'b').map(({ callId }) => callId)).toEqual(['a', 'c', 'd']);
    expect(withoutCall(calls, 'nobody')).toEqual(calls);
    expect(calls).toEqual(before);
  });

  test('a call goes out as it was planned, without what the chart keeps of it', () => {
    const args = { path: 'x' };
    expect(plainCall(callOf('a', { args, askedCount: 2, reason: 'sure?' }))).toEqual({
      callId: 'a',
      name: 'read',
      args,
      alone: false,
    });
  });
});

describe('the id of a question', () => {
  test('has the call and which asking it is, and finds its call only while that is open', () => {
    const asked = callOf('a', { status: 'asking', askedCount: 2 });
    expect(requestIdOf(asked)).toBe('a#2');
    expect(askedCall(contextOf([asked]), 'a#2')).toBe(asked);
    expect(askedCall(contextOf([asked]), 'a#1')).toBeUndefined();
    expect(askedCall(contextOf([{ ...asked, status: 'ready' }]), 'a#2')).toBeUndefined();
  });
});
