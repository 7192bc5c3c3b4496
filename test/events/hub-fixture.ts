/** What the tests of the hub share. */

import type { Observable, Subscription } from 'rxjs';
import type { AgentEvent, AgentEventBody } from '../../src/events/agent-event.js';
import { EventHub } from '../../src/events/event-hub.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

export function makeHub(bufferSize = 100, ids: readonly string[] = ['a', 'b']) {
  const clock = new VirtualClock(1_000);
  const hub = new EventHub({ clock, bufferSize });
  for (const id of ids) hub.open(id);
  return { clock, hub };
}

export const text = (value: string | number): AgentEventBody => ({ type: 'text_delta', text: String(value) });
export const turn = (value: number): AgentEventBody => ({ type: 'turn_start', turn: value });

/** When all that was published has been delivered. */
export function delivered(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface Recording {
  readonly events: AgentEvent[];
  readonly subscription: Subscription;
  completed: boolean;
}

export function record(events$: Observable<AgentEvent>): Recording {
  const events: AgentEvent[] = [];
  const recording = { events, completed: false };
  const subscription = events$.subscribe({
    next: (event) => events.push(event),
    complete: () => {
      recording.completed = true;
    },
  });
  return Object.assign(recording, { subscription });
}

/** Events as short words: `a1` is the first of `a`, `gap 2-4` a gap. */
export function brief(events: Iterable<AgentEvent>): string[] {
  return Array.from(events, briefly);
}

export function briefly(event: AgentEvent): string {
  if (event.type !== 'gap') return `${event.subagentId}${event.seq}`;
  const { subagentId = '', fromSeq, toSeq, fromOffset, toOffset } = event;
  return `gap ${subagentId}${fromSeq ?? fromOffset}-${toSeq ?? toOffset}`;
}

/** Reads until the stream is over, or `count` events were read. */
export async function read(events: AsyncIterable<AgentEvent>, count = Number.POSITIVE_INFINITY): Promise<AgentEvent[]> {
  const got: AgentEvent[] = [];
  if (count === 0) return got;
  for await (const event of events) {
    got.push(event);
    if (got.length === count) break;
  }
  return got;
}
