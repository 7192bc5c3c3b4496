import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { subagentMachine } from '../../../machines/index.js';
import { drawingOf, readChart, type Shape, subagentLayout } from '../../../src/charts/index.js';
import { NO_USAGE } from '../../../src/domain/usage.js';
import type { AgentEventBody } from '../../../src/events/index.js';
import { ChartPath, placeIn, wayBetween } from '../../../src/monitor/page/chart-path.js';
import { duration, tokens } from '../../../src/monitor/page/format.js';
import { SseParser } from '../../../src/monitor/page/sse.js';
import { Transcript, type TurnBlock } from '../../../src/monitor/page/transcript.js';
import { treeItems } from '../../../src/monitor/page/tree-model.js';
import type { FocusEvent, Row } from '../../../src/monitor/protocol.js';

let seq = 0;
function event(time: number, body: AgentEventBody): FocusEvent {
  seq += 1;
  return { subagentId: 'a', epoch: 0, seq, offset: seq, time, v: 1, ...body };
}

const row = (id: string, parentId?: string, state: Row['state'] = 'running'): Row => ({
  id,
  order: seq++,
  ...(parentId === undefined ? {} : { parentId }),
  depth: 0,
  detached: false,
  agentType: 'worker',
  description: `The ${id}`,
  state,
  activity: { type: 'idle', label: '' },
  turn: 0,
  usage: NO_USAGE,
  createdAt: 0,
  updatedAt: 0,
  requests: [],
  spans: [],
});

describe('the modules of the page', () => {
  it('take nothing from outside of its folder but types: the server serves no other file', () => {
    const folder = fileURLToPath(new URL('../../../src/monitor/page/', import.meta.url));
    const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    expect(names.length).toBeGreaterThan(15);
    for (const name of names) {
      const text = readFileSync(folder + name, 'utf8');
      const values = [...text.matchAll(/^import (?!type )[^;]*? from '([^']+)';/gms)].map(([, from]) => from);
      expect(values.filter((from) => !/^\.\/[\w-]+\.js$/.test(from ?? ''))).toEqual([]);
      expect(text).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setAttribute\('style'/,
      );
    }
  });
});

describe('server-sent events', () => {
  it('come out the same wherever the stream is cut', () => {
    const text =
      ': here\n\nid: 1\nevent: frame\ndata: {"a":\ndata: 1}\n\nretry: 5\n\ndata:x\n\nevent: end\ndata: {}\n\nid: 2\n';
    const whole = new SseParser().push(text);
    expect(whole).toEqual([
      { event: 'frame', data: '{"a":\n1}', id: '1' },
      { event: 'message', data: 'x', id: '1' },
      { event: 'end', data: '{}', id: '1' },
    ]);
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new SseParser();
      expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(whole);
    }
  });
});

describe('the tree', () => {
  const rows = [row('a'), row('b'), row('c', 'a'), row('d', 'c', 'failed'), row('e', 'gone'), row('f', 'a')];
  const none = { text: '', signs: new Set<string>(), collapsed: new Set<string>() };
  const shape = (filter: Partial<typeof none>) =>
    treeItems(rows, { ...none, ...filter }).map(
      ({ row: { id }, level, isContext }) => `${' '.repeat(level - 1)}${id}${isContext ? '?' : ''}`,
    );

  it('has children below their parents, and those whose parent is not there at the top', () => {
    expect(shape({})).toEqual(['a', ' c', '  d', ' f', 'b', 'e']);
    expect(shape({ collapsed: new Set(['a']) })).toEqual(['a', 'b', 'e']);
  });

  it('shows what matches, and what it hangs on', () => {
    expect(shape({ text: 'THE D' })).toEqual(['a?', ' c?', '  d']);
    expect(shape({ signs: new Set(['failed']), collapsed: new Set(['a']) })).toEqual(['a?', ' c?', '  d']);
    expect(shape({ text: 'nobody' })).toEqual([]);
  });
});

describe('the transcript', () => {
  it('takes back what a turn had streamed when the turn begins anew, and ends what was in flight with the subagent', () => {
    const transcript = new Transcript();
    const turn = () => transcript.blocks.find((block): block is TurnBlock => block.kind === 'turn');
    transcript.apply(event(1, { type: 'turn_start', turn: 1 }));
    transcript.apply(event(2, { type: 'text_delta', text: 'half' }));
    transcript.apply(event(3, { type: 'turn_retry', turn: 1 }));
    transcript.apply(event(4, { type: 'turn_start', turn: 1 }));
    transcript.apply(event(5, { type: 'text_delta', text: 'whole' }));
    expect(turn()).toMatchObject({ text: 'whole', restarts: 1 });
    transcript.apply(event(6, { type: 'tool_start', toolName: 'bash', toolId: 'c1', args: { command: 'sleep' } }));
    transcript.apply(event(7, { type: 'tool_output_delta', toolId: 'c1', text: 'zz' }));
    transcript.apply(
      event(9, {
        type: 'subagent_completed',
        success: false,
        state: 'cancelled',
        output: 'whole',
        durationMs: 8,
        usage: NO_USAGE,
      }),
    );
    expect(turn()).toMatchObject({ endedAt: 9, calls: [{ status: 'failed', output: 'zz', durationMs: 3 }] });
    expect(transcript.blocks.filter(({ kind }) => kind === 'turn')).toHaveLength(1);
  });
});

describe('what is not kept', () => {
  const gap = { type: 'gap', missed: 19, subagentId: 'a', time: 90, v: 1 } as const;

  it('is no fault where it was told in a former life, and one where history was cut', () => {
    const transcript = new Transcript();
    transcript.apply({ ...gap, epoch: 0, fromSeq: 1, toSeq: 19 });
    transcript.apply(gap);
    expect(transcript.blocks).toEqual([
      { kind: 'note', tone: 'plain', text: '19 events of a former life, in another process' },
      { kind: 'note', tone: 'bad', time: 90, text: '19 earlier events are not kept' },
    ]);
  });
});

describe('the path through the chart', () => {
  const arrows: { from: string; to: string }[] = [];
  const chart = { states: new Set<string>(), initials: new Set<string>() };
  const collect = ({ attributes, children = [] }: Shape) => {
    const { 'data-from': from, 'data-to': to, 'data-state': state, 'data-initial': initial } = attributes;
    if (initial !== undefined) chart.initials.add(`${initial}`);
    if (from !== undefined && to !== undefined) arrows.push({ from: `${from}`, to: `${to}` });
    if (state !== undefined) chart.states.add(`${state}`);
    for (const child of children) if (typeof child !== 'string') collect(child);
  };
  for (const shape of drawingOf(readChart(subagentMachine.config), subagentLayout).shapes) collect(shape);

  it('is made of states and arrows of the machine, through all that can happen', () => {
    const path = new ChartPath();
    const state = (time: number, from: Row['state'], to: Row['state']) =>
      path.apply(event(time, { type: 'subagent_state_changed', from, to }));
    const activity = (time: number, to: Extract<AgentEventBody, { type: 'subagent_activity_changed' }>['activity']) =>
      path.apply(event(time, { type: 'subagent_activity_changed', activity: to }));
    const waits = { activityType: 'waiting_for_control', reason: 'x' } as const;
    path.apply(event(0, { type: 'subagent_started', agentType: 'a', description: '', config: {} }));
    activity(1, waits);
    state(2, 'pending', 'paused');
    state(3, 'paused', 'pending');
    state(4, 'pending', 'running');
    activity(4, { activityType: 'requesting_llm', messageCount: 2 });
    path.apply(event(5, { type: 'retry', attempt: 1, delayMs: 10, reason: 'busy' }));
    expect(path.placeAt(6)).toEqual(['running', 'backing_off']);
    expect(path.placeAt(20)).toEqual(['running', 'requesting_llm']);
    activity(21, { activityType: 'calling_tool', toolName: 'a', args: {}, calls: [] });
    state(22, 'running', 'paused');
    activity(23, waits);
    state(24, 'paused', 'running');
    activity(24, { activityType: 'requesting_llm', messageCount: 3 });
    state(25, 'running', 'completed');
    expect(path.visits.map(({ place }) => place.join(' '))).toEqual([
      'pending.ready',
      'pending.queued',
      'pending.held',
      'pending.ready',
      'running idle',
      'running requesting_llm',
      'running backing_off',
      'running calling_tool',
      'paused calling_tool',
      'paused waiting_for_control',
      'running waiting_for_control',
      'running requesting_llm',
      'completed',
    ]);
    const places = path.visits.map(({ place }) => placeIn(place, chart));
    for (const [index, place] of places.entries()) {
      for (const [at, state] of place.entries()) {
        expect(chart.states.has(state)).toBe(true);
        expect(state).toContain(path.visits[index]?.place[at]);
      }
      const before = places[index - 1];
      if (before) expect(wayBetween(before, place, arrows), `${before} to ${place}`).not.toEqual([]);
    }
  });
});

describe('numbers for people', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_240, '1.2 s'],
    [59_999, '59 s'],
    [61_000, '1 min 01 s'],
    [7_260_000, '2 h 01 min'],
  ])('%i ms are %s', (ms, text) => expect(duration(ms)).toBe(text));

  it.each([
    [999, '999'],
    [1_840, '1.8k'],
    [100_000, '100k'],
    [1_200_000, '1.2M'],
  ])('%i tokens are %s', (value, text) => expect(tokens(value)).toBe(text));
});
