import { describe, expect, it } from 'vitest';
import type { Confirm, ConfirmAnswer, PermissionRequest } from '../../src/domain/permission.js';
import { lines } from '../support/lines.js';
import { calls, createWorld, eventsOf, lastMessage, typesOf } from '../support/world.js';

/** A confirm that answers when it is told to. */
function openConfirm() {
  const asked: PermissionRequest[] = [];
  const answers: ((answer: ConfirmAnswer) => void)[] = [];
  const confirm: Confirm = (request) => {
    asked.push(request);
    return new Promise((resolve) => answers.push(resolve));
  };
  return { asked, answers, confirm };
}

const noteTwice = [calls(['note', { label: 'a' }], ['note', { label: 'b' }]), { text: 'done' }];

describe('without anybody to ask', () => {
  it('what would be asked is denied at once, and the model is told what to do about it', async () => {
    const { settle, effects, model, spawn, events } = createWorld(noteTwice);
    const handle = spawn({ agentType: 'asker' });
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
    expect(effects).toEqual([]);
    expect(lastMessage(model.requests[1])).toContain('nobody is there to ask');
    expect(eventsOf(events, 'permission_request')).toEqual([]);
    expect(eventsOf(events, 'tool_end').every(({ isError }) => isError)).toBe(true);
    expect(eventsOf(events, 'tool_start')).toEqual([]);
  });

  it('permissive answers with yes', async () => {
    const { settle, effects, spawn } = createWorld(noteTwice);
    spawn({ agentType: 'asker', permissive: true });
    await settle();
    expect(effects).toEqual(['a', 'b']);
  });
});

describe('confirm', () => {
  it('is asked once for each call, with all that it needs to know', async () => {
    const { asked, answers, confirm } = openConfirm();
    const { clock, effects, spawn, events } = createWorld(noteTwice, { confirm });
    const handle = spawn({ agentType: 'asker' });
    await clock.advance(0);
    expect(asked).toEqual([
      {
        requestId: 'call1#1',
        subagentId: handle.id,
        agentType: 'asker',
        toolId: 'call1',
        toolName: 'note',
        args: { label: 'a' },
        reason: 'no rule allows this call of note',
        expiresAt: 60_000,
      },
      expect.objectContaining({ requestId: 'call2#1', args: { label: 'b' } }),
    ]);
    expect(handle.activity()).toMatchObject({
      activityType: 'waiting_for_control',
      requests: ['call1#1', 'call2#1'],
    });
    answers[1]?.('allow'); // the second waits for the first: effects keep their order
    await clock.advance(0);
    expect(effects).toEqual([]);
    answers[0]?.('deny');
    await clock.advance(0);
    expect(effects).toEqual(['b']);
    expect(lines(events).filter((line) => line.startsWith('permission'))).toEqual([
      'permission_request call1#1 note {"label":"a"}',
      'permission_request call2#1 note {"label":"b"}',
      'permission_resolved call2#1 allow by confirm',
      'permission_resolved call1#1 deny by confirm',
    ]);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('always allows the same call for the rest, also in other subagents', async () => {
    let asked = 0;
    const { settle, effects, spawn } = createWorld(
      [
        calls(['note', { label: 'a' }]),
        calls(['note', { label: 'a' }], ['note', { label: 'b' }]),
        { text: 'done' },
        calls(['note', { label: 'a' }]),
        { text: 'done' },
      ],
      {
        confirm: () => {
          asked += 1;
          return 'always';
        },
      },
    );
    spawn({ agentType: 'asker' });
    await settle();
    expect(asked).toBe(2); // a and b, each once
    spawn({ agentType: 'asker' });
    await settle();
    expect(asked).toBe(2);
    expect(effects).toEqual(['a', 'a', 'b', 'a']);
  });

  it.each<[string, Confirm]>([
    [
      'throws',
      () => {
        throw new Error('no screen');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no screen');
      },
    ],
    ['answers something else', () => 'yes' as ConfirmAnswer],
  ])('that %s counts as no, and is told to onError', async (_what, confirm) => {
    const errors: string[] = [];
    const { settle, effects, spawn } = createWorld(noteTwice, { confirm, onError: ({ code }) => errors.push(code) });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
    expect(effects).toEqual([]);
    expect(errors).toEqual(['permission_denied', 'permission_denied']);
  });

  it('with an onError that throws counts as no all the same', async () => {
    const { settle, spawn } = createWorld(noteTwice, {
      confirm: () => {
        throw new Error('no screen');
      },
      onError: () => {
        throw new Error('no log');
      },
    });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('that is too slow is a no after 60 s; its late answer changes nothing', async () => {
    const { answers, confirm } = openConfirm();
    const { clock, effects, model, spawn, events } = createWorld([calls(['note', {}]), { hang: true }], { confirm });
    spawn({ agentType: 'asker' });
    await clock.advance(59_999);
    expect(model.requests).toHaveLength(1);
    await clock.advance(1);
    expect(model.requests).toHaveLength(2);
    expect(lastMessage(model.requests[1])).toBe('not run: nobody answered the request in time');
    answers[0]?.('allow');
    await clock.advance(0);
    expect(effects).toEqual([]);
    expect(eventsOf(events, 'permission_resolved')).toMatchObject([{ decision: 'deny', by: 'timeout' }]);
  });

  it('may take as long as confirmTimeoutMs says', async () => {
    const { confirm } = openConfirm();
    const { clock, model, spawn } = createWorld([calls(['note', {}]), { text: 'done' }], {
      confirm,
      confirmTimeoutMs: 100,
    });
    spawn({ agentType: 'asker' });
    await clock.advance(100);
    expect(model.requests).toHaveLength(2);
  });

  it('sees no call that a rule denies, and none that a rule allows', async () => {
    const { asked, confirm } = openConfirm();
    const { settle, effects, spawn } = createWorld(noteTwice, {
      confirm,
      definitions: [
        { name: 'no', permissions: { allow: [], deny: ['note'], ask: [], default: 'ask' } },
        { name: 'yes', permissions: { allow: ['note'], deny: [], ask: [], default: 'ask' } },
      ],
    });
    spawn({ agentType: 'no' });
    await settle();
    expect(effects).toEqual([]);
    expect(asked).toEqual([]);
  });
});

describe("approvals: 'wait'", () => {
  it('waits without limit for approve and deny by id', async () => {
    const { clock, effects, model, spawn, events } = createWorld(noteTwice, { approvals: 'wait' });
    const handle = spawn({ agentType: 'asker' });
    await clock.advance(10_000_000);
    expect(eventsOf(events, 'permission_request').map(({ requestId, expiresAt }) => [requestId, expiresAt])).toEqual([
      ['call1#1', undefined],
      ['call2#1', undefined],
    ]);
    handle.deny('call2#1', 'not today');
    handle.approve('call1#1');
    await clock.advance(0);
    expect(effects).toEqual(['a']);
    expect(model.requests[1]?.messages.slice(-2).map(({ content }) => content)).toEqual([
      'noted a',
      'not run: not today',
    ]);
    expect(eventsOf(events, 'permission_resolved')).toMatchObject([
      { requestId: 'call2#1', decision: 'deny', by: 'user' },
      { requestId: 'call1#1', decision: 'allow', by: 'user' },
    ]);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('an unknown request, or one answered already, throws nothing and is told as refused', async () => {
    const { settle, effects, spawn, events } = createWorld(noteTwice, { approvals: 'wait' });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    events.length = 0;
    handle.approve('call9#1');
    handle.approve('call1#1');
    handle.deny('call1#1');
    handle.approve(undefined as unknown as string);
    await settle();
    expect(effects).toEqual(['a']);
    expect(
      eventsOf(events, 'control_signal_applied').map(({ signal, accepted, reason }) => [signal, accepted, reason]),
    ).toEqual([
      ['approve', false, 'unknown_request'],
      ['approve', true, undefined],
      ['deny', false, 'unknown_request'],
      ['approve', false, 'unknown_request'],
    ]);
  });

  it('an approval given while paused starts nothing until resume', async () => {
    const { settle, clock, effects, spawn } = createWorld([calls(['note', { label: 'a' }]), { text: 'done' }], {
      approvals: 'wait',
    });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    await expect(handle.pause()).resolves.toEqual({ accepted: true, state: 'paused' });
    expect(handle.activity()).toMatchObject({ requests: ['call1#1'] });
    handle.approve('call1#1');
    await clock.advance(1_000);
    expect(effects).toEqual([]);
    expect(handle.activity()).not.toHaveProperty('requests');
    await handle.resume();
    await settle();
    expect(effects).toEqual(['a']);
  });

  it('the time of a request runs on while paused', async () => {
    const { clock, spawn, events } = createWorld([calls(['note', {}]), { text: 'done' }], {
      approvals: 'wait',
      confirmTimeoutMs: 1_000,
    });
    const handle = spawn({ agentType: 'asker' });
    await clock.advance(500);
    void handle.pause();
    await clock.advance(500);
    expect(eventsOf(events, 'permission_resolved')).toMatchObject([{ decision: 'deny', by: 'timeout' }]);
    expect(handle.state()).toBe('paused');
    await handle.resume();
    await clock.advance(0);
    await expect(handle.wait()).resolves.toBe('done');
  });

  it('read-only calls that need no answer do not wait for those that do', async () => {
    const { settle, effects, spawn } = createWorld([calls(['note', { label: 'a' }], ['peek', { label: 'b' }])], {
      approvals: 'wait',
      definitions: [{ name: 'half', permissions: { allow: ['peek'], deny: [], ask: [], default: 'ask' } }],
    });
    const handle = spawn({ agentType: 'half' });
    await settle();
    expect(effects).toEqual(['b']);
    expect(handle.activity()).toMatchObject({ activityType: 'waiting_for_control', requests: ['call1#1'] });
  });

  it('arguments that do not fit are told to the model without asking anybody', async () => {
    const { settle, spawn, events } = createWorld([calls(['note', { label: 7 }]), { text: 'done' }], {
      approvals: 'wait',
    });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    await expect(handle.wait()).resolves.toBe('done');
    expect(typesOf(events)).not.toContain('permission_request');
  });
});
