/** Where a subagent stands in its chart, and by which way it came: read off its events. */

import type { FocusEvent } from '../protocol.js';

/** Paths of the innermost states that are active: one, or one of each region. */
export type Place = readonly string[];

export interface Visit {
  readonly time: number;
  readonly place: Place;
}

/** Visits that are remembered. */
const MAX_VISITS = 2_000;
const ACTIVITY = 'active.activity.';

export class ChartPath {
  readonly visits: Visit[] = [];
  #state = 'pending';
  #activity = 'idle';
  #hasStarted = false;
  /** Until when a request waits to be tried again, in ms since the epoch. */
  #retryAt = 0;

  apply(event: FocusEvent): void {
    switch (event.type) {
      case 'subagent_started':
        break;
      case 'start':
        this.#hasStarted = true;
        break;
      case 'subagent_state_changed':
        this.#state = event.to;
        // Where it waited it does no more; what it does now is told next.
        if (event.from === 'pending' || event.to === 'pending') this.#activity = 'idle';
        if (event.to === 'running') this.#hasStarted = true;
        break;
      case 'subagent_activity_changed':
        this.#activity = event.activity.activityType;
        this.#retryAt = 0;
        break;
      case 'retry':
        this.#retryAt = event.time + event.delayMs;
        break;
      case 'subagent_completed':
        this.#state = event.state;
        break;
      default:
        return;
    }
    this.#visit(event.time, this.placeAt(event.time));
  }

  /** @param now A request that waits goes on by itself. */
  placeAt(now: number): Place {
    const isWaiting = this.#activity === 'waiting_for_control';
    if (this.#state === 'pending') return [isWaiting ? 'pending.queued' : 'pending.ready'];
    if (this.#state === 'paused' && !this.#hasStarted) return ['pending.held'];
    if (this.#state !== 'running' && this.#state !== 'paused') return [this.#state];
    return [`active.control.${this.#state}`, ACTIVITY + this.#activityState(now)];
  }

  #activityState(now: number): string {
    if (this.#activity === 'waiting_for_control' && this.#retryAt > 0) return 'requesting_llm.backing_off';
    if (this.#activity !== 'requesting_llm') return this.#activity;
    return now < this.#retryAt ? 'requesting_llm.backing_off' : 'requesting_llm.asking';
  }

  #visit(time: number, place: Place): void {
    const last = this.visits.at(-1);
    if (last && last.place.join() === place.join()) return;
    this.visits.push({ time, place });
    if (this.visits.length > MAX_VISITS) this.visits.splice(0, MAX_VISITS / 2);
  }
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** What lies between two activities, for no time at all. */
const BETWEEN = `${ACTIVITY}idle`;

/**
 * The arrows that lead from one place to the next: straight, or through `idle`, where the chart chooses what comes.
 * @param arrows All of the chart.
 */
export function wayBetween<One extends Arrow>(before: Place, after: Place, arrows: readonly One[]): One[] {
  const left = before.filter((path) => !after.includes(path));
  const entered = after.filter((path) => !before.includes(path));
  return entered.flatMap((to) => {
    for (const from of left) {
      const straight = arrows.find((arrow) => leads(arrow, from, to));
      if (straight) return [straight];
      const first = arrows.find((arrow) => leads(arrow, from, BETWEEN));
      const second = arrows.find((arrow) => leads(arrow, BETWEEN, to));
      if (first && second) return [first, second];
    }
    return [];
  });
}

/** An arrow of a state is one of all states within; one to a state leads into its first. */
function leads({ from, to }: Arrow, start: string, goal: string): boolean {
  return isWithin(start, from) && isWithin(goal, to);
}

function isWithin(path: string, state: string): boolean {
  return state === '' || path === state || path.startsWith(`${state}.`);
}
