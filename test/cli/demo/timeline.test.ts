import { describe, expect, it } from 'vitest';
import { barOf, follow, NEW_TRACK, type Track } from '../../../src/cli/demo/timeline.js';
import { endOf, treeOf } from '../../../src/cli/demo/tree.js';
import type { Activity } from '../../../src/domain/activity.js';
import type { LifecycleState } from '../../../src/domain/lifecycle.js';
import type { SubAgentInfo } from '../../../src/domain/outcome.js';
import type { AgentEvent } from '../../../src/events/index.js';

/** What is read of an event is all that these have. */
const event = (time: number, body: object) => ({ time, ...body }) as unknown as AgentEvent;
const spawned = (time: number) => event(time, { type: 'subagent_started' });
const state = (time: number, to: LifecycleState) => event(time, { type: 'subagent_state_changed', to });
const does = (time: number, activityType: Activity['activityType']) =>
  event(time, { type: 'subagent_activity_changed', activity: { activityType } });

function trackOf(...events: readonly AgentEvent[]): Track {
  return events.reduce(follow, NEW_TRACK);
}

describe('the timeline of a subagent', () => {
  it('shows when it was queued, asked the model, ran tools and was paused, and nothing before and after', () => {
    const track = trackOf(
      spawned(20),
      state(30, 'running'),
      does(30, 'requesting_llm'),
      does(50, 'calling_tool'),
      does(60, 'requesting_llm'),
      state(70, 'paused'),
      state(80, 'running'),
      state(90, 'completed'),
    );
    expect(barOf(track, 10, 0, 100)).toBe('  ·░░█░=░ ');
  });

  it('shows a pause and a tool however short they were', () => {
    const track = trackOf(
      spawned(0),
      state(0, 'running'),
      does(0, 'requesting_llm'),
      does(25, 'calling_tool'),
      does(26, 'requesting_llm'),
      state(75, 'paused'),
      state(76, 'running'),
    );
    expect(barOf(track, 5, 0, 100)).toBe('░█░=░');
  });

  it('is empty for one that is not known, and where no time has gone by', () => {
    expect(barOf(NEW_TRACK, 3, 0, 100)).toBe('   ');
    expect(barOf(trackOf(spawned(5)), 3, 5, 5)).toBe('···');
  });
});

describe('the tree', () => {
  const info = (id: string, parentId?: string) => ({ id, parentId }) as unknown as SubAgentInfo;

  it('has each subagent below its parent, in the order of their spawning', () => {
    const infos = [
      info('a'),
      info('b'),
      info('c', 'a'),
      info('d', 'c'),
      info('e', 'a'),
      info('f', 'e'),
      info('g', 'b'),
    ];
    expect(treeOf(infos).map(({ info: { id }, branch }) => `${branch}${id}`)).toEqual([
      'a',
      '├ c',
      '│ └ d',
      '└ e',
      '  └ f',
      'b',
      '└ g',
    ]);
  });

  it('has an end when all have ended, and goes on until then', () => {
    const first = { state: 'completed', updatedAt: 10 } as unknown as SubAgentInfo;
    const last = { state: 'cancelled', updatedAt: 20 } as unknown as SubAgentInfo;
    expect(endOf([first, last], 90)).toBe(20);
    expect(endOf([first, { ...last, state: 'paused' }], 90)).toBe(90);
    expect(endOf([], 90)).toBe(90);
  });

  it('shows one whose parent is listed no more as one that has none', () => {
    expect(treeOf([info('b', 'gone')]).map(({ branch }) => branch)).toEqual(['']);
  });
});
