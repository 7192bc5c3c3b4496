/** What a subagent did when, from its events, and a bar of it. Pure. */

import type { Activity } from '../../domain/activity.js';
import { isFinal, type LifecycleState } from '../../domain/lifecycle.js';
import type { AgentEvent } from '../../events/index.js';

export const MARKS = { queued: '·', model: '░', tool: '█', paused: '=' } as const;
type Doing = keyof typeof MARKS;

interface Span {
  readonly doing: Doing | undefined;
  /** Ms since the epoch; it lasts until the next one begins. */
  readonly from: number;
}

export interface Track {
  readonly state: LifecycleState;
  readonly activity: Activity;
  readonly spans: readonly Span[];
}

export const NEW_TRACK: Track = { state: 'pending', activity: { activityType: 'idle' }, spans: [] };

/** Where one cell of the bar saw several, the first of these is shown. */
const BY_WEIGHT: readonly Doing[] = ['paused', 'tool', 'model', 'queued'];

export function follow(track: Track, event: AgentEvent): Track {
  switch (event.type) {
    case 'subagent_started':
      return added(track, {}, event.time);
    case 'subagent_state_changed':
      return added(track, { state: event.to }, event.time);
    case 'subagent_activity_changed':
      return added(track, { activity: event.activity }, event.time);
    default:
      return track;
  }
}

function added(track: Track, change: Partial<Track>, from: number): Track {
  const next = { ...track, ...change };
  const doing = doingOf(next);
  return track.spans.at(-1)?.doing === doing && track.spans.length > 0
    ? next
    : { ...next, spans: [...track.spans, { doing, from }] };
}

function doingOf({ state, activity }: Track): Doing | undefined {
  if (isFinal(state)) return undefined;
  if (state === 'paused') return 'paused';
  if (state === 'pending') return 'queued';
  if (activity.activityType === 'calling_tool') return 'tool';
  return activity.activityType === 'requesting_llm' ? 'model' : undefined;
}

/** @param from, to The time that the whole bar stands for, in ms since the epoch. */
export function barOf({ spans }: Track, width: number, from: number, to: number): string {
  const cellMs = Math.max(to - from, 1) / width;
  const cells = Array.from({ length: width }, (_, index) => {
    const [begin, end] = [from + index * cellMs, from + (index + 1) * cellMs];
    const seen = spans
      .filter((span, at) => span.from < end && (spans[at + 1]?.from ?? Number.POSITIVE_INFINITY) > begin)
      .map(({ doing }) => doing);
    const shown = BY_WEIGHT.find((doing) => seen.includes(doing));
    return shown === undefined ? ' ' : MARKS[shown];
  });
  return cells.join('');
}
