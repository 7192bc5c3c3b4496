/** What is true of a subagent's chart at every moment, whatever was sent in whatever order. */

import { expect } from 'vitest';
import type { CallStatus, SubagentSnapshot } from '../../machines/index.js';
import { requestIdOf } from '../../machines/subagent-calls.js';
import type { World } from './harness.js';

/** Checks all of them at once; the difference says which one broke. */
export function expectInvariants(world: World): void {
  const { snapshot } = world;
  const isActive = snapshot.status === 'active';
  const inFlight = inFlightBy(snapshot);
  expect({
    startsWhilePaused: world.startsWhilePaused,
    tagCount: snapshot.tags.size,
    completions: world.completions,
    inFlight: inFlightOf(world),
    shownByActivity: activityInFlight(world),
    children: isActive ? world.children : [],
    rulesBroken: isActive ? rulesBroken(snapshot) : [],
  }).toEqual({
    startsWhilePaused: [],
    tagCount: 1,
    completions: snapshot.status === 'done' ? 1 : 0,
    inFlight,
    shownByActivity: inFlight,
    children: isActive ? childrenBy(snapshot) : [],
    rulesBroken: [],
  });
}

function rulesBroken({ context: { calls, maxParallelTools } }: SubagentSnapshot): string[] {
  const running = calls.filter(({ status }) => status === 'running');
  const withEffects = running.some(({ alone }) => alone);
  return [
    ...(running.length > maxParallelTools ? ['no more calls run than allowed'] : []),
    ...(withEffects && running.length > 1 ? ['a call with effects runs alone'] : []),
    ...(withEffects && running[0] !== calls[0] ? ['a call with effects waits for every earlier one'] : []),
  ];
}

/** Children that work stands for: ids as the chart gives them. */
export function childrenBy(snapshot: SubagentSnapshot): string[] {
  const { approvalMs } = snapshot.context;
  const asking = approvalMs === null ? [] : snapshot.context.calls.filter(({ status }) => status === 'asking');
  return [
    ...idsBy(snapshot, 'running').map((id) => `tool.${id}`),
    ...idsBy(snapshot, 'deciding').map((id) => `decide.${id}`),
    ...asking.map((call) => `ask.${requestIdOf(call)}`),
    ...(isIn(snapshot, 'requesting_llm') ? ['llm'] : []),
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
  return { requestCount: isIn(snapshot, 'requesting_llm') ? 1 : 0, calls: idsBy(snapshot, 'running').sort() };
}

function activityInFlight({ activity, snapshot }: World): InFlight {
  const calls = activity.activityType === 'calling_tool' ? activity.calls.map(({ toolId }) => toolId).sort() : [];
  // Running and waiting to try again shows as requesting, too.
  const requests = activity.activityType === 'requesting_llm' && !isIn(snapshot, 'backing_off') ? 1 : 0;
  return { requestCount: requests, calls };
}

function isIn(snapshot: SubagentSnapshot, activity: 'requesting_llm' | 'backing_off'): boolean {
  return snapshot.matches({ active: { activity } });
}

/** None once it has ended: context keeps the calls as they stood. */
function idsBy(snapshot: SubagentSnapshot, status: CallStatus): string[] {
  if (snapshot.status !== 'active') return [];
  return snapshot.context.calls.filter((call) => call.status === status).map(({ callId }) => callId);
}
