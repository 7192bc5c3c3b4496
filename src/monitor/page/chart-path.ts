/** Where a subagent stands in its chart, and by which way it came: read off its events. */

import type { FocusEvent } from '../protocol.js';

/**
 * Where it stands, in the words of states and activities: one of `pending.ready`, `pending.queued`, `pending.held` and the ends, or
 * what it may and what it does. `placeIn` finds the states of a chart.
 */
export type Place = readonly string[];

export interface Visit {
  readonly time: number;
  readonly place: Place;
}

/** What an activity says that waits for a slot. */
const QUEUED = 'queued for a slot';
/** Visits that are remembered. */
const MAX_VISITS = 2_000;

export class ChartPath {
  readonly visits: Visit[] = [];
  #state = 'pending';
  #activity = 'idle';
  /** It was at work before, and waits for a slot to go on. */
  #isQueued = false;
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
        this.#isQueued =
          this.#state === 'running' && 'reason' in event.activity && event.activity.reason.includes(QUEUED);
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
    return [this.#isQueued ? 'queued' : this.#state, this.#activityAt(now)];
  }

  #activityAt(now: number): string {
    if (this.#activity === 'waiting_for_control' && this.#retryAt > 0) return 'backing_off';
    return this.#activity === 'requesting_llm' && now < this.#retryAt ? 'backing_off' : this.#activity;
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

export interface ChartStates {
  /** Paths of all states. */
  readonly states: ReadonlySet<string>;
  /** Paths of those that a state begins with. */
  readonly initials: ReadonlySet<string>;
}

/** Paths of the innermost states of a chart that are meant. */
export function placeIn(place: Place, chart: ChartStates): string[] {
  return place.map((word) => innermost(pathOf(word, chart.states), chart.initials));
}

function pathOf(word: string, states: ReadonlySet<string>): string {
  if (states.has(word)) return word;
  const control = `active.control.${word}`;
  if (states.has(control)) return control;
  const activity = [...states].find((path) => path.startsWith('active.activity.') && path.endsWith(`.${word}`));
  return activity ?? 'active.control.running';
}

function innermost(path: string, initials: ReadonlySet<string>): string {
  const first = [...initials].find((each) => each.slice(0, each.lastIndexOf('.')) === path);
  return first === undefined ? path : innermost(first, initials);
}

/** What lies between two activities, for no time at all. */
const BETWEEN = 'active.activity.idle';

/**
 * The arrows that lead from some states to others: straight, or through `idle`, where the chart chooses what comes.
 * @param before, after Paths of innermost states. @param arrows All of the chart.
 */
export function wayBetween<One extends Arrow>(
  before: readonly string[],
  after: readonly string[],
  arrows: readonly One[],
): One[] {
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
