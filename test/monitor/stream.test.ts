import { describe, expect, it } from 'vitest';
import { LiveSource } from '../../src/monitor/live-source.js';
import type { Frame, Row } from '../../src/monitor/protocol.js';
import { calls, createWorld } from '../support/world.js';
import { openStream } from './support/ask.js';
import { createMonitoredWorld } from './support/monitored-world.js';

const hang = () => ({ text: 'wait', hang: true });
const idsIn = (frames: readonly { frame: Frame }[]) => [
  ...new Set(frames.flatMap(({ frame }) => frame.rows.map(({ id }) => id))),
];

describe('the stream of a page', () => {
  it('begins with what there is, and goes on with what changes', async () => {
    const { monitor, token, spawn, settle, orchestrator } = await createMonitoredWorld(hang);
    const first = spawn({ description: 'First' });
    await settle();
    const stream = await openStream({ port: monitor.port, token });
    expect(stream.hello).toMatchObject({ kind: 'live', name: 'the run' });
    const { frame } = await stream.next();
    const info = orchestrator.getSubagentInfo(first.id);
    expect(frame).toMatchObject({ reset: true, gone: [] });
    expect(frame.rows).toMatchObject([
      {
        id: first.id,
        description: 'First',
        state: 'running',
        turn: 1,
        usage: info?.usage,
        activity: { type: 'requesting_llm' },
      },
    ]);
    const child = first.spawn({ agentType: 'worker', prompt: 'x' });
    const told = await stream.until(({ rows }) => rows.some(({ id, state }) => id === child.id && state === 'running'));
    expect(told.at(-1)?.frame.rows.find(({ id }) => id === child.id)).toMatchObject({ parentId: first.id, depth: 1 });
    void first.cancel('enough');
    const ended = await stream.until(({ rows }) =>
      rows.some(({ id, state }) => id === first.id && state === 'cancelled'),
    );
    expect(ended.at(-1)?.frame.rows.find(({ id }) => id === first.id)).toMatchObject({
      endedAt: expect.any(Number),
      error: { code: 'cancelled' },
    });
  });

  it('goes on behind its last event, with what has changed since and nothing else', async () => {
    const { monitor, token, spawn, settle } = await createMonitoredWorld(hang);
    spawn();
    const second = spawn();
    await settle();
    const { port } = monitor;
    const first = await openStream({ port, token });
    const { id } = await first.next();
    first.close();
    void second.pause();
    spawn();
    await settle();
    const again = await openStream({ port, token, headers: { 'last-event-id': id } });
    const { frame } = await again.next();
    expect(frame.reset).toBeUndefined();
    expect(idsIn([{ frame }])).toEqual(['subagent-2', 'subagent-3']);
    expect(frame.rows[0]?.spans.every(({ kind }) => kind === 'paused')).toBe(true);
  });

  it.each(['', 'nonsense', 'another-board.5.5', '..', 'x'.repeat(500)])(
    'begins anew where the last event is of nobody: %j',
    async (lastEventId) => {
      const { monitor, token, spawn, settle } = await createMonitoredWorld(hang);
      spawn();
      await settle();
      const stream = await openStream({ port: monitor.port, token, headers: { 'last-event-id': lastEventId } });
      expect((await stream.next()).frame).toMatchObject({ reset: true, rows: [{ id: 'subagent-1' }] });
    },
  );

  it('gives the events of the chosen one from its first kept one on, each once and in order', async () => {
    const text = Array.from({ length: 40 }, (_, index) => `piece ${index} `);
    const world = await createMonitoredWorld([
      { text, betweenMs: 10, toolCalls: [{ name: 'peek', args: {} }] },
      { text: 'done' },
    ]);
    const { port } = world.monitor;
    const handle = world.spawn();
    world.spawn(); // its events are not asked for
    await world.clock.advance(100);
    const offsets: number[] = [];
    const take = ({ focus }: Frame) => {
      for (const event of focus?.events ?? []) if (event.type !== 'gap') offsets.push(event.offset);
      return focus?.events.some(({ type }) => type === 'subagent_completed') ?? false;
    };
    const path = `/events?focus=${handle.id}`;
    const first = await openStream({ port, token: world.token, path });
    const { id, frame } = await first.next();
    take(frame);
    first.close();
    await world.clock.advance(100);
    const again = await openStream({ port, token: world.token, path, headers: { 'last-event-id': id } });
    const rest = again.until(take);
    while (!handle.isDone()) await world.clock.advance(100);
    await rest;
    const kept = world.events.flatMap((event) =>
      event.type !== 'gap' && event.subagentId === handle.id ? [event.offset] : [],
    );
    expect(offsets).toEqual(kept);
  });

  it('gives the events also of one that was chosen before it was spawned', async () => {
    const { monitor, token, spawn, settle } = await createMonitoredWorld(hang);
    const stream = await openStream({ port: monitor.port, token, path: '/events?focus=subagent-1' });
    await stream.next();
    spawn();
    await settle();
    const told = await stream.until(({ focus }) => focus !== undefined);
    expect(told.at(-1)?.frame.focus).toMatchObject({
      id: 'subagent-1',
      events: expect.arrayContaining([expect.objectContaining({ type: 'subagent_started' })]),
    });
  });

  it('says so when the chosen one is not known, and when the run is closed', async () => {
    const { monitor, token, orchestrator, spawn, settle } = await createMonitoredWorld(hang);
    spawn();
    await settle();
    const stream = await openStream({ port: monitor.port, token, path: '/events?focus=nobody' });
    expect((await stream.next()).frame.focus).toBeUndefined();
    await orchestrator.close({ mode: 'cancel' });
    const told = await stream.until(({ isOver }) => isOver === true);
    expect(told.at(-1)?.frame.rows.at(-1)).toMatchObject({ state: 'cancelled', by: 'shutdown' });
  });

  it('holds no secret, whatever is shown', async () => {
    const secret = 'sk-do-not-tell-me';
    const redact = (text: string) => text.replaceAll(secret, '[redacted]');
    const turns = [
      calls(['peek', { label: secret }], ['note', { label: secret }]),
      { text: secret, reasoning: secret },
    ];
    const world = await createMonitoredWorld(turns, {
      secrets: redact,
      approvals: 'wait',
      definitions: [{ name: 'half', permissions: { allow: ['peek'], deny: [], ask: [], default: 'ask' } }],
    });
    const handle = world.spawn({ agentType: 'half', prompt: secret, description: secret, metadata: { secret } });
    await world.settle();
    const stream = await openStream({
      port: world.monitor.port,
      token: world.token,
      path: `/events?focus=${handle.id}`,
    });
    const told = await stream.until(({ rows }) => rows.some(({ requests }) => requests.length > 0));
    const [request] = told.flatMap(({ frame }) => frame.rows.flatMap(({ requests }) => requests));
    handle.steer(`use ${secret}`);
    handle.approve(request?.requestId ?? '');
    await handle.wait();
    told.push(
      ...(await stream.until(({ focus }) => focus?.events.some(({ type }) => type === 'subagent_completed') ?? false)),
    );
    const all = JSON.stringify(told);
    expect(all).toContain('[redacted]');
    expect(all).not.toContain(secret);
  });

  it('forgets with the orchestrator those that are listed no more', async () => {
    const world = await createMonitoredWorld([{ text: 'done' }], {
      keepEnded: 10,
      model: { repeatLast: true },
      maxConcurrentSubagents: 1_000,
    });
    for (let index = 0; index < 450; index++) world.spawn();
    await world.settle();
    await world.orchestrator.waitAll();
    const stream = await openStream({ port: world.monitor.port, token: world.token });
    const rows = new Map<string, Row>();
    await stream.until(({ rows: more, gone }) => {
      for (const row of more) rows.set(row.id, row);
      for (const id of gone) rows.delete(id);
      return rows.has('subagent-450');
    });
    expect(rows.size).toBeLessThan(260); // looked for each 200 spawns, not at each end
  });
});

describe('what a monitor costs the run', () => {
  it('reads the events once, for however many pages, and the chosen one once more while it is chosen', async () => {
    const { orchestrator, spawn, settle } = createWorld(hang);
    const handle = spawn();
    await settle();
    let reads = 0;
    const counted = new Proxy(orchestrator, {
      get: (target, name) => {
        if (name === 'replay$') reads += 1;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const source = new LiveSource(counted, 'x');
    const leave = Array.from({ length: 100 }, () => source.watch({ focus: handle.id }));
    for (let page = 0; page < 100; page++) source.frameAfter(undefined, { focus: handle.id });
    expect(reads).toBe(1);
    expect(source.openLogs).toBe(1);
    for (const each of leave) each();
    expect(source.openLogs).toBe(0);
    source.close();
  });
});
