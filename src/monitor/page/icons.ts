/** The sign of each state: a shape of its own, so that nobody needs its colour to tell it. */

import { svgEl } from './dom.js';

/** In a square of 16. */
const SIGNS: Readonly<Record<string, readonly string[]>> = {
  pending: ['M8 2.75a5.25 5.25 0 1 0 0 10.5a5.25 5.25 0 0 0 0-10.5z'],
  queued: ['M3 4.5h10', 'M3 8h10', 'M3 11.5h6'],
  running: ['M5.5 3.5l7 4.5l-7 4.5z'],
  paused: ['M5.5 3.5v9', 'M10.5 3.5v9'],
  asking: ['M8 2.5v6.5', 'M8 12.6v.4'],
  completed: ['M3 8.5l3.3 3.3L13 4.6'],
  failed: ['M4 4l8 8', 'M12 4l-8 8'],
  cancelled: ['M8 2.75a5.25 5.25 0 1 0 0 10.5a5.25 5.25 0 0 0 0-10.5z', 'M4.4 11.6l7.2-7.2'],
  expanded: ['M4 6l4 4l4-4'],
  collapsed: ['M6 4l4 4l-4 4'],
};

export type Sign = 'pending' | 'queued' | 'running' | 'paused' | 'asking' | 'completed' | 'failed' | 'cancelled';

/** An empty one; `setIcon` draws into it. */
export function icon(name = 'pending'): SVGSVGElement {
  const svg = svgEl('svg', { class: 'icon', viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' });
  setIcon(svg, name);
  return svg;
}

export function setIcon(svg: SVGSVGElement, name: string): void {
  if (svg.dataset.sign === name) return;
  svg.dataset.sign = name;
  svg.replaceChildren(...(SIGNS[name] ?? []).map((d) => svgEl('path', { d })));
}
