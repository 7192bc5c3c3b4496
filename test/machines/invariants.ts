/** What is true of a subagent's chart at every moment, whatever was sent in whatever order. */

import { expect } from 'vitest';
import type { CallStatus, SubagentSnapshot } from '../../machines/index.js';
import { requestIdOf } from '../../machines/subagent-calls.js';
import type { World } from './harness.js';

/** Checks all of them; the messages say which one broke. */
export function expectInvariants(world: World): void {
  const { snapshot } = world;
  const { calls, maxParallelTools } = snapshot.context;
  expect(world.startsWhilePaused, 'nothing starts while paused').toEqual([]);
  expect(snapshot.tags.size, 'exactly one tag').toBe(1);
  expect(world.completions, 'one final').toBe(snapshot.status === 'done' ? 1 : 0);
  expect(inFlightOf(world), 'what is in flight is what the chart says').toEqual(inFlightBy(snapshot));
  expect(activityInFlight(world), 'what is in flight is what activity() shows').toEqual(inFlightOf(world));
  if (snapshot.status === 'active') {
    expect(world.children, 'no child is missing or left over').toEqual(childrenBy(snapshot));
  }
  const running = calls.filter(({ status }) => status === 'running');
  expect(running.length, 'no more calls than allowed').toBeLessThanOrEqual(maxParallelTools);
  if (snapshot.status === 'active' && running.some(({ alone }) => alone)) {
    expect(running, 'a call with effects is alone, and the oldest').toEqual([calls[0]]);
  }
}

/** Children that work stands for: ids as the chart gives them. */
export function childrenBy(snapshot: SubagentSnapshot): string[] {
  const { approvalMs } = snapshot.context;
  const asking = approvalMs === null ? [] : snapshot.context.calls.filter(({ status }) => status === 'asking');
  return [
    ...idsBy(snapshot, 'running').map((id) => `tool.${id}`),
    ...idsBy(snapshot, 'deciding').map((id) => `decide.${id}`),
    ...asking.map((call) => `ask.${requestIdOf(call)}`),
    ...(isIn(snapshot, 'asking') ? ['llm'] : []),
    ...(isIn(snapshot, 'backing_off') ? ['retry'] : []),
    ...(snapshot.matches({ active: { control: 'running' } }) ? ['deadline'] : []),
  ].sort();
}

interface InFlight {
  readonly requestCount: number;
  readonly calls: readonly string[];
}

function inFlightOf(world: World): InFlight {
  return { requestCount: world.requests.length, calls: world.callsInFlight.sort() };
}

function inFlightBy(snapshot: SubagentSnapshot): InFlight {
  return { requestCount: isIn(snapshot, 'asking') ? 1 : 0, calls: idsBy(snapshot, 'running').sort() };
}

function activityInFlight({ activity, snapshot }: World): InFlight {
  const calls = activity.activityType === 'calling_tool' ? activity.calls.map(({ toolId }) => toolId).sort() : [];
  // Running and waiting to try again shows as requesting, too.
  const requests = activity.activityType === 'requesting_llm' && !isIn(snapshot, 'backing_off') ? 1 : 0;
  return { requestCount: requests, calls };
}

function isIn(snapshot: SubagentSnapshot, requesting: 'asking' | 'backing_off'): boolean {
  return snapshot.matches({ active: { activity: { requesting_llm: requesting } } });
}

/** None once it has ended: context keeps the calls as they stood. */
function idsBy(snapshot: SubagentSnapshot, status: CallStatus): string[] {
  if (snapshot.status !== 'active') return [];
  return snapshot.context.calls.filter((call) => call.status === status).map(({ callId }) => callId);
}
