/** The events of one chosen subagent, as long as some page looks at it: kept once, for all pages. */

import type { Subscription } from 'rxjs';
import { type AgentEvent, completedBody } from '../events/index.js';
import type { SubAgentHandle } from '../orchestrator/index.js';
import type { FocusPart } from './protocol.js';

/** Events that are held; pages that are further behind are told of a gap. */
const MAX_EVENTS = 5_000;
/** Of one frame. */
const MAX_SENT = 500;
const MAX_SENT_CHARACTERS = 300_000;

interface Kept {
  readonly offset: number;
  readonly event: AgentEvent;
}

export class FocusLog {
  /** Pages that look at it. */
  readers = 0;
  /** Whether there was such a subagent. */
  readonly isKnown: boolean;
  readonly #id: string;
  readonly #subscription: Subscription | undefined;
  #kept: Kept[] = [];
  /** Of the last one that is held no more, and how many those are. */
  #droppedOffset = 0;
  #droppedCount = 0;

  /** @param onEvent Called for each event from now on, not for those that were kept. */
  constructor(id: string, handle: SubAgentHandle | undefined, onEvent: () => void) {
    this.#id = id;
    this.isKnown = handle !== undefined;
    let isLive = false;
    this.#subscription = handle?.replay$.subscribe((event) => {
      this.#add(event);
      if (isLive) onEvent();
    });
    isLive = true;
    const isTold = this.#kept.some(({ event }) => event.type === 'subagent_completed');
    if (handle?.isDone() && !isTold) void this.#addOutcome(handle, onEvent);
  }

  close(): void {
    this.#subscription?.unsubscribe();
  }

  /** `undefined` for a page that has all. */
  after(offset: number): { readonly part: FocusPart; readonly offset: number } | undefined {
    const isBehind = offset < this.#droppedOffset;
    const start = isBehind ? 0 : firstAfter(this.#kept, offset);
    const first = this.#kept[start];
    if (first === undefined) return undefined;
    const events: AgentEvent[] = [];
    if (isBehind) {
      const { time } = first.event;
      events.push({ type: 'gap', missed: this.#droppedCount, subagentId: this.#id, time, v: 1 });
    }
    let size = 0;
    let upTo = offset;
    for (let index = start; index < this.#kept.length && events.length < MAX_SENT; index++) {
      const { event, offset: at } = this.#kept[index] as Kept; // below the length: there
      events.push(event);
      upTo = at;
      size += 'text' in event ? event.text.length : 'toolOutput' in event ? (event.toolOutput?.length ?? 0) : 100;
      if (size > MAX_SENT_CHARACTERS) break;
    }
    return { part: { id: this.#id, ...(isBehind ? { reset: true } : {}), events }, offset: upTo };
  }

  #add(event: AgentEvent): void {
    // What is lost before the next one had at least one offset.
    const offset = event.type === 'gap' ? (this.#kept.at(-1)?.offset ?? this.#droppedOffset) + 1 : event.offset;
    this.#kept.push({ offset, event });
    if (this.#kept.length <= MAX_EVENTS * 1.5) return;
    const dropped = this.#kept.length - MAX_EVENTS; // now and then many, so that each costs little
    this.#droppedOffset = this.#kept[dropped - 1]?.offset ?? 0;
    this.#droppedCount += dropped;
    this.#kept = this.#kept.slice(dropped);
  }

  /** One that ended in a former life has told nothing here; its outcome says how. */
  async #addOutcome(handle: SubAgentHandle, onEvent: () => void): Promise<void> {
    const outcome = await handle.outcome();
    const { updatedAt, parentId } = handle.info();
    const offset = (this.#kept.at(-1)?.offset ?? this.#droppedOffset) + 1;
    this.#add({
      subagentId: this.#id,
      ...(parentId === undefined ? {} : { parentId }),
      epoch: 0,
      seq: 1,
      offset,
      time: updatedAt,
      v: 1,
      ...completedBody(outcome),
    });
    onEvent();
  }
}

/** Place of the first that is later; they are in order. */
function firstAfter(kept: readonly Kept[], offset: number): number {
  let low = 0;
  let high = kept.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((kept[middle]?.offset ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
