/** The chart as the machine's own definition draws it: where it stands is lit, and so is the way it came. */

import type { Drawing, Shape } from '../../charts/index.js';
import { type Arrow, type ChartPath, placeIn, type Visit, wayBetween } from './chart-path.js';
import { el, setAttribute, svgEl } from './dom.js';
import { clock, duration } from './format.js';

const SHOWN_VISITS = 40;

interface DrawnArrow extends Arrow {
  readonly element: SVGElement;
}

export class ChartView {
  readonly #svg: SVGSVGElement;
  readonly #states = new Map<string, SVGElement>();
  readonly #initials = new Set<string>();
  readonly #arrows: DrawnArrow[] = [];
  readonly #list = el('ol', { class: 'visits', reversed: true });
  readonly #said = el('p', { class: 'lit-states' });
  #path: ChartPath | undefined;
  #shown = '';
  /** Until the person scrolls, what is lit stays in sight. */
  #follows = true;

  constructor(root: HTMLElement, { title, width, height, shapes }: Drawing) {
    this.#svg = svgEl('svg', {
      class: 'chart',
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': title,
    });
    this.#svg.append(...shapes.map((shape) => this.#draw(shape)));
    const frame = el('div', { class: 'chart-frame', tabindex: 0, role: 'group', 'aria-label': 'Chart' });
    frame.append(this.#svg);
    for (const sign of ['wheel', 'pointerdown', 'keydown'] as const) {
      root.addEventListener(
        sign,
        () => {
          this.#follows = false;
        },
        { passive: true },
      );
    }
    root.append(this.#said, frame, el('h3', {}, 'Path'), this.#list);
  }

  show(path: ChartPath, now: number): void {
    const words = path.placeAt(now);
    const key = `${words.join()} ${path.visits.length} ${path.visits.at(-1)?.time}`;
    if (path === this.#path && key === this.#shown) return;
    const isOther = path !== this.#path;
    this.#path = path;
    this.#shown = key;
    const chart = { states: new Set(this.#states.keys()), initials: this.#initials };
    const place = placeIn(words, chart);
    const visits = path.visits.map((visit) => placeIn(visit.place, chart));
    const visited = new Set(visits.flat());
    for (const [state, element] of this.#states) {
      const isLit = place.some((active) => active === state || active.startsWith(`${state}.`));
      const level =
        state === ''
          ? 'none'
          : isLit
            ? place.includes(state)
              ? 'lit'
              : 'around'
            : visited.has(state)
              ? 'seen'
              : 'none';
      setAttribute(element, 'data-level', level);
    }
    const taken = new Set<Arrow>();
    let last: readonly Arrow[] = [];
    for (const [index, states] of visits.entries()) {
      const before = visits[index - 1];
      if (!before) continue;
      last = wayBetween(before, states, this.#arrows);
      for (const arrow of last) taken.add(arrow);
    }
    for (const arrow of this.#arrows) {
      setAttribute(arrow.element, 'data-level', last.includes(arrow) ? 'last' : taken.has(arrow) ? 'taken' : 'none');
    }
    this.#said.textContent = words.join(' · ');
    this.#list.replaceChildren(...visitsOf(path.visits, now));
    if (isOther) this.#follows = true;
    if (this.#follows) this.#states.get(place.at(-1) ?? '')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #draw(shape: Shape): SVGElement {
    const element = svgEl(shape.tag, shape.attributes);
    for (const child of shape.children ?? []) element.append(typeof child === 'string' ? child : this.#draw(child));
    const { 'data-state': state, 'data-initial': initial, 'data-from': from, 'data-to': to } = shape.attributes;
    if (initial !== undefined) this.#initials.add(`${initial}`);
    if (state !== undefined) this.#states.set(`${state}`, element);
    if (from !== undefined && to !== undefined) this.#arrows.push({ from: `${from}`, to: `${to}`, element });
    return element;
  }
}

function visitsOf(visits: readonly Visit[], now: number): HTMLElement[] {
  const first = Math.max(0, visits.length - SHOWN_VISITS);
  return visits
    .slice(first)
    .map(({ time, place }, index) => {
      const next = visits[first + index + 1];
      const names = el('span', {}, place.join(' · '));
      const lasted = next || place.length > 1 ? duration((next?.time ?? Math.max(now, time)) - time) : '';
      return el('li', {}, el('time', {}, clock(time)), names, el('span', { class: 'number' }, lasted));
    })
    .reverse();
}
