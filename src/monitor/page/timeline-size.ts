/** How much of the page the timeline takes: drawn by its upper edge, by pointer or keys, or folded away. The browser remembers it. */

import { byId, setAttribute, setText } from './dom.js';

const KEY = 'troupe-monitor-timeline';
/** In px. */
const MIN_HEIGHT = 84;
const STEP = 24;
/** Of the window: the rest of the page wants room, too. */
const MAX_SHARE = 0.7;

export function startTimelineSize(): void {
  const section = byId('time', HTMLElement);
  const edge = byId('time-edge', HTMLElement);
  const toggle = byId('time-toggle', HTMLButtonElement);
  let { height, isFolded } = stored();

  const maxHeight = () => Math.max(MIN_HEIGHT, Math.round(innerHeight * MAX_SHARE));
  const shownHeight = () => Math.round(section.getBoundingClientRect().height);
  const apply = () => {
    setAttribute(section, 'data-folded', isFolded);
    setAttribute(toggle, 'aria-expanded', `${!isFolded}`);
    setText(toggle, isFolded ? 'Show' : 'Hide');
    setAttribute(toggle, 'aria-label', isFolded ? 'Show the timeline' : 'Hide the timeline');
    section.style.height = height === undefined || isFolded ? '' : `${Math.min(height, maxHeight())}px`;
    setAttribute(edge, 'aria-valuemin', MIN_HEIGHT);
    setAttribute(edge, 'aria-valuemax', maxHeight());
    setAttribute(edge, 'aria-valuenow', shownHeight());
  };
  const change = (next: { height?: number; isFolded: boolean }) => {
    isFolded = next.isFolded;
    if (next.height !== undefined) height = Math.min(maxHeight(), Math.max(MIN_HEIGHT, Math.round(next.height)));
    localStorage.setItem(KEY, JSON.stringify({ height, isFolded }));
    apply();
  };

  toggle.addEventListener('click', () => change({ isFolded: !isFolded }));
  edge.addEventListener('pointerdown', (event) => {
    event.preventDefault(); // no text is selected on the way
    edge.setPointerCapture(event.pointerId);
  });
  edge.addEventListener('pointermove', (event) => {
    if (!edge.hasPointerCapture(event.pointerId)) return;
    change({ height: section.getBoundingClientRect().bottom - event.clientY, isFolded: false });
  });
  edge.addEventListener('keydown', (event) => {
    const goals: Readonly<Record<string, number>> = {
      ArrowUp: shownHeight() + STEP,
      ArrowDown: shownHeight() - STEP,
      Home: MIN_HEIGHT,
      End: maxHeight(),
    };
    const goal = goals[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    change({ height: goal, isFolded: false });
  });
  addEventListener('resize', apply);
  apply();
}

interface Size {
  readonly height?: number;
  readonly isFolded: boolean;
}

/** Anything may stand there. */
function stored(): Size {
  try {
    const { height, isFolded } = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Record<keyof Size, unknown>>;
    return { ...(typeof height === 'number' ? { height } : {}), isFolded: isFolded === true };
  } catch {
    return { isFolded: false };
  }
}
