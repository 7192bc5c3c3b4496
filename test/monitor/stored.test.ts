import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/monitor/protocol.js';
import { eventsOfLog } from '../../src/monitor/stored-events.js';
import { type KeptLogs, readStoredLogs } from '../../src/monitor/stored-logs.js';
import { StoredRun } from '../../src/monitor/stored-run.js';
import { StoredSource } from '../../src/monitor/stored-source.js';
import { FileSessionStore, MemorySessionStore } from '../../src/store/index.js';
import { createSessionWorld, echo, step } from '../session/session-world.js';
import { makeFolder } from '../store/support/folders.js';
import { createWorld, errorOf, eventsOf } from '../support/world.js';
import { createStoredWorld } from './support/stored-world.js';

const read = (folder: string) => readStoredLogs(new FileSessionStore(folder));

describe('what a stored run tells', () => {
  it('tells what was told while it lived, in that order, but for what no record holds', async () => {
    const { folder, events } = await createStoredWorld();
    const { logs, sessionId } = await read(folder);
    expect(sessionId).toBe('release');
    expect(logs.map(({ id }) => id).sort()).toEqual([
      'subagent-1',
      'subagent-2',
      'subagent-3',
      'subagent-4',
      'subagent-5',
    ]);
    for (const log of logs) {
      const lived = events.filter((event) => event.type !== 'gap' && event.subagentId === log.id);
      const stored = eventsOfLog(log);
      const told = stored.filter(({ type }) => type !== 'steered' && type !== 'billed');
      // Where an activity is told among the rest, and that text ended, is not on record.
      const loose = new Set(['subagent_activity_changed', 'text_delta', 'end', 'control_signal_received']);
      const firm = (list: readonly { type: string }[]) =>
        list.map(({ type }) => type).filter((type) => !loose.has(type));
      expect(firm(told).sort()).toEqual(firm(lived).sort());
      expect(firm(told)[0]).toBe('subagent_started');
      expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
      const text = (list: typeof lived) =>
        eventsOf(list, 'text_delta')
          .map((event) => event.text)
          .join('');
      if (log.id !== 'subagent-4') expect(text(told as typeof lived)).toBe(text(lived)); // of a refused answer nothing is recorded
      const results = (list: typeof lived) =>
        eventsOf(list, 'tool_end').map(({ toolName, toolOutput, isError }) => [toolName, toolOutput, isError]);
      expect(results(told as typeof lived)).toEqual(results(lived));
      const changes = (list: typeof lived) =>
        eventsOf(list, 'subagent_state_changed').map(({ from, to }) => [from, to]);
      expect(changes(told as typeof lived)).toEqual(changes(lived));
    }
    const [steered] = logs.flatMap(eventsOfLog).filter(({ type }) => type === 'steered');
    expect(steered).toMatchObject({ text: 'in blue' });
  });

  it('comes out at its end where the run stands', async () => {
    const { folder, orchestrator } = await createStoredWorld();
    const run = new StoredRun(await read(folder));
    const rows = run.rowsAt(run.steps);
    for (const info of orchestrator.listSubagents()) {
      const { id, agentType, description, state, depth, turn, usage } = info;
      const row = rows.get(id) as Row;
      expect(row).toMatchObject({ agentType, description, state, depth, turn, usage });
      expect(row.parentId).toBe(info.parentId);
      expect(row.error).toEqual(info.error);
      expect(row.activity.type).toBe(info.currentActivity?.activityType ?? 'idle');
    }
    expect(rows.get('subagent-5')?.spans.at(-1)).toMatchObject({ kind: 'tool', to: null });
  });

  it('shows each step the same from wherever one comes', async () => {
    const { folder } = await createStoredWorld();
    const logs = await read(folder);
    const run = new StoredRun(logs);
    expect(run.steps).toBeGreaterThan(60);
    expect(run.events.map(({ offset }) => offset)).toEqual(run.events.map((_, index) => index + 1));
    expect(run.events.every(({ time }, index) => time >= (run.events[index - 1]?.time ?? 0))).toBe(true);
    const forward = Array.from({ length: run.steps + 1 }, (_, step) => [...run.rowsAt(step)]);
    for (let step = run.steps; step >= 0; step -= 7) expect([...run.rowsAt(step)]).toEqual(forward[step]);
    for (const step of [3, 50, 0, run.steps, 17]) expect([...new StoredRun(logs).rowsAt(step)]).toEqual(forward[step]);
    expect(forward[0]).toEqual([]);
  });

  it('goes over many checkpoints alike', async () => {
    const { folder } = await createStoredWorld();
    const { logs } = await read(folder);
    const many = Array.from({ length: 9 }, (_, copy) =>
      logs.map((log) => ({ ...log, id: `${log.id}-${copy}` })),
    ).flat();
    const run = new StoredRun({ sessionId: 'x', logs: many, problems: [] });
    const slow = new StoredRun({ sessionId: 'x', logs: many, problems: [] });
    expect(run.steps).toBeGreaterThan(3 * 256);
    const forward = Array.from({ length: run.steps + 1 }, (_, step) => slow.rowsAt(step));
    for (const step of [255, 256, 257, 700, 512, run.steps, 100, 513, 511])
      expect(run.rowsAt(step)).toEqual(forward[step]);
  });
});

describe('what a page of a stored run is sent', () => {
  it('is sent what differs between two steps, forward and back', async () => {
    const { folder } = await createStoredWorld();
    const source = await StoredSource.open('x', () => read(folder));
    const run = new StoredRun(await read(folder));
    let place: Parameters<typeof source.frameAfter>[0];
    const rows = new Map<string, Row>();
    let events: number[] = [];
    const focus = 'subagent-3';
    for (const at of [run.steps, 12, 0, 1, 40, 39, 41, run.steps - 1, 30, run.steps]) {
      for (;;) {
        const part = source.frameAfter(place, { at, focus });
        if (!part) break;
        if (part.frame.reset) rows.clear();
        for (const row of part.frame.rows) rows.set(row.id, row);
        for (const id of part.frame.gone) rows.delete(id);
        const { upTo, events: more = [] } = part.frame.focus ?? {};
        if (upTo !== undefined) events = events.filter((offset) => offset <= upTo);
        events.push(...more.map((event) => (event.type === 'gap' ? -1 : event.offset)));
        place = part.place;
      }
      expect(new Map([...rows].sort())).toEqual(new Map([...run.rowsAt(at)].sort()));
      expect(events).toEqual(run.eventsOf(focus, at).map(({ offset }) => offset));
    }
  });

  it('cannot be steered', async () => {
    const { folder } = await createStoredWorld();
    const source = await StoredSource.open('x', () => read(folder));
    expect(await errorOf(() => source.control())).toMatchObject({ code: 'wrong_state' });
  });
});

describe('how a store is read', () => {
  it('takes no lease and changes no byte, also while the run goes on; a new page shows what has come since', async () => {
    const { folder, spawn, clock } = await createStoredWorld();
    await clock.advance(10);
    const before = bytesOf(folder);
    const source = await StoredSource.open('x', () => read(folder));
    const first = await source.hello(true);
    expect(bytesOf(folder)).toEqual(before);
    await spawn({ prompt: 'fails', description: 'Again' }).outcome();
    expect(await source.hello(false)).toEqual(first);
    const second = await source.hello(true);
    expect(second.steps).toBeGreaterThan(first.steps ?? 0);
    expect(second.board).not.toBe(first.board);
  });

  it('tells what it cannot show: no store, no session, several of them', async () => {
    const empty = makeFolder();
    expect(await errorOf(() => read(empty))).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('no session'),
    });
    expect(readdirSync(empty)).toEqual([]);
    const store = new MemorySessionStore();
    for (const sessionId of ['a', 'b']) {
      const world = createWorld([{ text: 'x' }], { store, sessionId });
      await world.spawn().wait();
      await world.orchestrator.close({ mode: 'cancel' });
    }
    expect(await errorOf(() => readStoredLogs(store))).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('"a", "b"'),
    });
    expect(await errorOf(() => readStoredLogs(store, 'c'))).toMatchObject({ code: 'config_invalid' });
    expect((await readStoredLogs(store, 'b')).logs).toHaveLength(1);
  });

  it('shows the steps of a workflow beside the subagents of its session', async () => {
    const store = new MemorySessionStore();
    const { session } = createSessionWorld(echo, { sessionStore: store });
    await session.parallelResumable([step('a'), step('b')], 'nightly');
    const { logs } = await readStoredLogs(store);
    expect(logs).toMatchObject([
      { id: 'subagent-1', workflowId: 'nightly' },
      { id: 'subagent-2', workflowId: 'nightly' },
    ]);
    const run = new StoredRun({ sessionId: 'default', logs, problems: [] });
    expect([...run.rowsAt(run.steps).values()].map(({ description, state }) => [description, state])).toEqual([
      ['a', 'completed'],
      ['b', 'completed'],
    ]);
  });

  it('shows the others where some journals cannot be read, and says which and why', async () => {
    const { folder } = await createStoredWorld();
    const journal = (id: string) => join(folder, 'sessions', 'release', 'subagents', id, 'journal.1.ndjson');
    const flipped = readFileSync(journal('subagent-1'));
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1;
    writeFileSync(journal('subagent-1'), flipped);
    writeFileSync(journal('subagent-2'), 'nothing of ours\n');
    const [head = ''] = readFileSync(journal('subagent-3'), 'utf8').split('\n');
    const newer = head.replace(/^\w+ /, '').replace('"version":1', '"version":99');
    const hash = createHash('sha256').update(newer).digest('hex').slice(0, 16);
    writeFileSync(journal('subagent-3'), `${hash} ${newer}\n`);
    rmSync(journal('subagent-4'));
    mkdirSync(journal('subagent-4'));
    const { logs, problems } = await read(folder);
    expect(logs.map(({ id }) => id)).toEqual(['subagent-5']);
    expect(problems).toEqual([
      expect.stringMatching(/subagents\/subagent-1.* is damaged at byte/),
      expect.stringMatching(/subagents\/subagent-2.* 16 bytes, and no whole record/),
      expect.stringMatching(/subagents\/subagent-3.* version 99/),
      expect.stringMatching(/subagents\/subagent-4.* a folder stands where a file should be/),
    ]);
  });

  it('shows the others where one journal is damaged, and says which', async () => {
    const { folder } = await createStoredWorld();
    const store = new FileSessionStore(folder);
    const whole = store.readJournal.bind(store);
    store.readJournal = async (path) => {
      const contents = await whole(path);
      return path.at(-1) === 'subagent-2' && contents ? { ...contents, records: [{ type: 'nonsense' }] } : contents;
    };
    const { logs, problems } = await readStoredLogs(store);
    expect(logs).toHaveLength(4);
    expect(problems).toEqual([expect.stringContaining('subagents/subagent-2')]);
  });

  it('reads anew only what has changed, so that a reload of a large run costs little', async () => {
    const { folder, spawn, clock } = await createStoredWorld();
    await clock.advance(10);
    const store = new FileSessionStore(folder);
    const kept: KeptLogs = new Map();
    const first = await readStoredLogs(store, undefined, kept);
    const source = await StoredSource.open('x', () => readStoredLogs(store, undefined, kept), first);
    const opened = await source.hello(true);
    expect(await source.hello(true)).toEqual(opened);
    await spawn({ prompt: 'fails', description: 'Again' }).outcome();
    const second = await readStoredLogs(store, undefined, kept);
    expect(second.logs.slice(0, first.logs.length).every((log, at) => log === first.logs[at])).toBe(true);
    expect(second.logs).toHaveLength(first.logs.length + 1);
    const [, { board }] = [await source.hello(true), await source.hello(true)];
    expect(board).not.toBe(opened.board);
  });

  it('still shows what it has where the store cannot be read any more, and says why', async () => {
    const { folder } = await createStoredWorld();
    const source = await StoredSource.open('x', () => read(folder));
    const { steps } = await source.hello(true);
    renameSync(folder, `${folder}-gone`);
    const later = await source.hello(true);
    renameSync(`${folder}-gone`, folder);
    expect(later).toMatchObject({ steps, problems: [expect.stringContaining('no session is stored here')] });
    expect(await source.hello(true)).not.toHaveProperty('problems');
  });
});

function bytesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const stat = statSync(join(folder, name));
      if (stat.isDirectory()) return `${name}/`;
      return `${name} ${stat.mtimeMs} ${createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')}`;
    });
}
