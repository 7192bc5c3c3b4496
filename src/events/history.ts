/** What a late reader is given first: the kept events in order, with a gap for each hole. */

import type { AgentEvent, SubAgentEvent } from './agent-event.js';
import type { Channel } from './channel.js';
import { gapByOffset, gapBySeq, gapOfLife } from './gap.js';

export interface HistoryRequest {
  /** First offset asked for. */
  readonly from: number;
  /** Last offset that readers have been given; later ones are in `waiting`, even where a ring has dropped them since. */
  readonly delivered: number;
  /** Published, not delivered yet; in order. Made on demand, since it is seldom needed. */
  readonly waiting: () => readonly SubAgentEvent[];
  /** For the gaps; ms since the epoch. */
  readonly time: number;
}

/** Of all subagents, with holes by `offset`; from the first on, those of former lives by `seq`. Reaches to the last event that is waiting. */
export function historyOfAll(channels: Iterable<Channel>, request: HistoryRequest): AgentEvent[] {
  const { from, delivered, time } = request;
  const kept: SubAgentEvent[] = [];
  const history: AgentEvent[] = [];
  for (const channel of channels) {
    history.push(...formerLivesOf(channel, request));
    for (const event of channel.kept(from, delivered)) kept.push(event);
  }
  kept.sort(byOffset);
  for (const event of request.waiting()) if (event.offset >= from) kept.push(event);

  let expected = from;
  for (const event of kept) {
    if (event.offset > expected) history.push(hole(expected, event.offset - 1, time));
    history.push(event);
    expected = event.offset + 1;
  }
  if (expected <= delivered) history.push(hole(expected, delivered, time)); // the newest events were of forgotten subagents
  return history;
}

/** Of some subagents, with holes by `seq`. */
export function historyOf(channels: readonly Channel[], request: HistoryRequest): AgentEvent[] {
  const { time } = request;
  const kept: SubAgentEvent[] = [];
  const lost: AgentEvent[] = [];
  const expected = new Map<string, number>();
  for (const channel of channels) {
    lost.push(...formerLivesOf(channel, request));
    const own = keptOf(channel, request);
    const first = own[0];
    if (first === undefined) {
      if (channel.droppedOffset >= request.from) lost.push(allLostOf(channel, request));
      continue;
    }
    expected.set(lifeOf(first), firstExpected(channel, first, request));
    for (const event of own) kept.push(event);
  }
  if (channels.length > 1) kept.sort(byOffset);

  const history: AgentEvent[] = lost;
  for (const event of kept) {
    const { subagentId, seq } = event;
    const next = expected.get(lifeOf(event)) ?? seq;
    if (seq > next) history.push(gapBySeq(subagentId, next, seq - 1, seq - next, time));
    history.push(event);
    expected.set(lifeOf(event), seq + 1);
  }
  return history;
}

/** Where `seq` goes on without gaps. */
const lifeOf = ({ subagentId, epoch }: SubAgentEvent): string => `${epoch} ${subagentId}`;

/** None of their events has an offset here: they come before the first. */
function formerLivesOf({ id, formerLives }: Channel, { from, time }: HistoryRequest): AgentEvent[] {
  return from === 1 ? formerLives.map((known, epoch) => gapOfLife(id, epoch, known, time)) : [];
}

function keptOf(channel: Channel, { from, delivered, waiting }: HistoryRequest): SubAgentEvent[] {
  if (channel.droppedOffset <= delivered) return channel.kept(from, Number.POSITIVE_INFINITY);
  // More than a ring holds was published in this tick: what it has dropped of that is still waiting.
  const late = waiting().filter((event) => event.subagentId === channel.id && event.offset >= from);
  return [...channel.kept(from, delivered), ...late];
}

/**
 * The `seq` that would come first if all were kept. Exact from offset 1 on, and where nothing was dropped at or after `from`.
 * Else the offsets of dropped events are not known any more: the answer is the lowest `seq` that `from` can have had,
 * so that a loss is never silent, though the gap may reach back before `from`.
 */
function firstExpected(channel: Channel, first: SubAgentEvent, { from, delivered }: HistoryRequest): number {
  if (channel.droppedOffset < from) return first.seq;
  // What is lost was delivered, and lay before the first kept event.
  const mostLost = Math.max(0, Math.min(first.offset - 1, delivered) - from + 1);
  return Math.max(channel.lastSeqBefore(from) + 1, first.seq - mostLost);
}

/** Of one that was forgotten nothing is left; like `firstExpected`, the gap may reach back before `from`. */
function allLostOf({ id, seq, droppedOffset }: Channel, { from, time }: HistoryRequest): AgentEvent {
  const first = Math.max(1, seq - (droppedOffset - from));
  return gapBySeq(id, first, seq, seq - first + 1, time);
}

function hole(from: number, to: number, time: number): AgentEvent {
  return gapByOffset(from, to, to - from + 1, time);
}

function byOffset(a: SubAgentEvent, b: SubAgentEvent): number {
  return a.offset - b.offset;
}
