import { describe, expect, it } from 'vitest';
import type { AgentEventBody, SubAgentEvent } from '../../src/events/index.js';
import { Board } from '../../src/monitor/board.js';
import { FocusLog } from '../../src/monitor/focus-log.js';
import { MemorySessionStore } from '../../src/store/index.js';
import { createWorld } from '../support/world.js';

let offset = 0;
function event(subagentId: string, time: number, body: AgentEventBody): SubAgentEvent {
  offset += 1;
  return { subagentId, epoch: 0, seq: offset, offset, time, v: 1, ...body };
}

const started = (id: string) =>
  event(id, 0, { type: 'subagent_started', agentType: 'worker', description: id, config: {} });

describe('the board', () => {
  it('gives a page what changed since its version, in pieces it can take', () => {
    const board = new Board();
    for (let index = 0; index < 450; index++) board.apply(started(`s${index}`));
    const seen: string[] = [];
    let version = 0;
    for (let part = board.after(version); part; part = board.after(version)) {
      expect(part.rows.length).toBeLessThanOrEqual(200);
      expect(part.version).toBeGreaterThan(version);
      seen.push(...part.rows.map(({ id }) => id));
      version = part.version;
    }
    expect(seen).toEqual(Array.from({ length: 450 }, (_, index) => `s${index}`));
    board.apply(event('s7', 1, { type: 'turn_start', turn: 1 }));
    board.remove('s8');
    expect(board.after(version)).toMatchObject({ reset: false, rows: [{ id: 's7', turn: 1 }], gone: ['s8'] });
  });

  it('has a page begin anew when what has gone is no longer known', () => {
    const board = new Board();
    board.apply(started('stays'));
    for (let index = 0; index < 1_100; index++) board.apply(started(`s${index}`));
    const { version } = board;
    for (let index = 0; index < 1_100; index++) board.remove(`s${index}`);
    expect(board.after(version)).toMatchObject({ reset: true, rows: [{ id: 'stays' }], gone: [] });
  });

  it('is not touched by streamed text', () => {
    const board = new Board();
    board.apply(started('a'));
    const { version } = board;
    expect(board.apply(event('a', 1, { type: 'text_delta', text: 'x' }))).toBe(false);
    expect(board.version).toBe(version);
  });

  it('keeps what was done when: model, tools side by side, an approval, a pause, a retry', () => {
    const board = new Board();
    const activity = (time: number, to: Extract<AgentEventBody, { type: 'subagent_activity_changed' }>['activity']) =>
      board.apply(event('a', time, { type: 'subagent_activity_changed', activity: to }));
    const call = { toolName: 'read', args: { path: 'a.txt' } };
    board.apply(started('a'));
    activity(0, { activityType: 'waiting_for_control', reason: 'queued for a slot' });
    board.apply(event('a', 10, { type: 'subagent_state_changed', from: 'pending', to: 'running' }));
    activity(10, { activityType: 'requesting_llm', messageCount: 2 });
    board.apply(event('a', 20, { type: 'retry', attempt: 1, delayMs: 5, reason: 'busy' }));
    activity(40, {
      activityType: 'calling_tool',
      ...call,
      calls: [
        { toolId: 'c1', ...call },
        { toolId: 'c2', ...call },
      ],
    });
    board.apply(event('a', 40, { type: 'tool_start', toolId: 'c1', ...call }));
    board.apply(event('a', 41, { type: 'tool_start', toolId: 'c2', ...call }));
    board.apply(event('a', 45, { type: 'tool_end', toolId: 'c2', toolName: 'read', durationMs: 4, isError: false }));
    board.apply(event('a', 46, { type: 'subagent_state_changed', from: 'running', to: 'paused' }));
    board.apply(event('a', 50, { type: 'tool_end', toolId: 'c1', toolName: 'read', durationMs: 10, isError: false }));
    board.apply(event('a', 60, { type: 'subagent_state_changed', from: 'paused', to: 'running' }));
    board.apply(
      event('a', 60, { type: 'permission_request', requestId: 'c3#1', toolId: 'c3', toolName: 'write', args: {} }),
    );
    activity(60, { activityType: 'waiting_for_control', reason: 'approval', requests: ['c3#1'] });
    expect(board.row('a')?.requests).toMatchObject([{ requestId: 'c3#1', toolName: 'write' }]);
    const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2, requests: 1, repairs: 0, unknownRequests: 0 };
    board.apply(
      event('a', 70, {
        type: 'subagent_completed',
        success: false,
        state: 'cancelled',
        by: 'user',
        output: '',
        durationMs: 70,
        usage,
      }),
    );
    const row = board.row('a');
    expect(row).toMatchObject({ state: 'cancelled', by: 'user', endedAt: 70, requests: [], usage });
    expect(row?.spans.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['queued', 0, 10],
      ['model', 10, 20],
      ['retry', 20, 25],
      ['model', 25, 40],
      ['tool', 40, 50],
      ['tool', 41, 45],
      ['paused', 46, 60],
      ['approval', 60, 70],
    ]);
  });

  it('shows what is to be approved as it is, not as it would have itself seen', () => {
    const board = new Board();
    const at = { subagentId: 'a', epoch: 0, seq: 1, offset: 1, time: 1, v: 1 } as const;
    board.apply({ ...at, type: 'subagent_started', agentType: 'x', description: '', config: {} });
    const call = { requestId: 'r', toolId: 'c', toolName: 'bash', args: { command: 'rm \u202eyltsenoh' } };
    board.apply({ ...at, type: 'permission_request', ...call });
    expect(board.row('a')?.requests[0]?.args).toContain('rm \\u202eyltsenoh');
    board.apply({ ...at, type: 'permission_request', ...call, args: 'x'.repeat(10_050) });
    expect(board.row('a')?.requests[0]?.args).toMatch(/x\n… and 50 more characters, which are not shown$/);
  });

  it('forgets the oldest of what was done, not the newest', () => {
    const board = new Board();
    board.apply(started('a'));
    for (let turn = 1; turn <= 500; turn++) {
      board.apply(
        event('a', turn, {
          type: 'subagent_activity_changed',
          activity: { activityType: 'requesting_llm', messageCount: turn },
        }),
      );
      board.apply(event('a', turn, { type: 'turn_start', turn }));
    }
    const spans = board.row('a')?.spans ?? [];
    expect(spans.length).toBeLessThanOrEqual(120);
    expect(spans.at(-1)).toMatchObject({ no: 500, to: null });
  });
});

describe('the events of the chosen one', () => {
  it('are bounded: a page that is far behind begins anew, and is told how many it cannot have', async () => {
    const text = Array.from({ length: 9_000 }, (_, index) => `${index} `);
    const world = createWorld([{ text }], { eventBufferSize: 20_000 });
    const handle = world.spawn();
    const log = new FocusLog(handle.id, handle, () => {});
    await world.settle();
    await handle.wait();
    const events = [];
    let isReset = false;
    for (let at = 1, next = log.after(at); next; next = log.after(at)) {
      expect(next.offset).toBeGreaterThan(at);
      expect(next.part.events.length).toBeLessThanOrEqual(500);
      isReset ||= next.part.reset === true;
      at = next.offset;
      events.push(...next.part.events);
    }
    expect(isReset).toBe(true);
    expect(events.length).toBeLessThan(8_000);
    const [gap, ...rest] = events;
    expect(gap).toMatchObject({ type: 'gap', missed: world.events.length - rest.length });
    expect(rest.at(-1)?.type).toBe('subagent_completed');
    log.close();
  });

  it('of one that ended in a former life are that they were, and its outcome', async () => {
    const store = new MemorySessionStore();
    const former = createWorld([{ text: 'done' }], { store });
    await former.spawn().wait();
    await former.orchestrator.close();
    const { orchestrator } = createWorld([], { store });
    await orchestrator.restore();
    const handle = orchestrator.getHandle('subagent-1');
    let isTold = () => {};
    const told = new Promise<void>((resolve) => {
      isTold = resolve;
    });
    const log = new FocusLog('subagent-1', handle, () => isTold());
    await told;
    const events = log.after(0)?.part.events ?? [];
    expect(events).toMatchObject([
      { type: 'gap', epoch: 0 },
      { type: 'subagent_completed', state: 'completed', output: 'done' },
    ]);
    expect(log.after(1)?.part.events).toEqual(events.slice(1));
    expect(log.after(2)).toBeUndefined();
  });

  it('of one that ended in a former life are its outcome alone', async () => {
    const ended = createWorld([{ text: 'done' }]);
    const handle = ended.spawn();
    await handle.wait();
    const silent = Object.create(handle, { replay$: { value: { subscribe: () => ({ unsubscribe: () => {} }) } } });
    let isTold = () => {};
    const told = new Promise<void>((resolve) => {
      isTold = resolve;
    });
    const log = new FocusLog(handle.id, silent, () => isTold());
    await told;
    expect(log.after(0)?.part.events).toMatchObject([
      { type: 'subagent_completed', state: 'completed', output: 'done' },
    ]);
  });
});
