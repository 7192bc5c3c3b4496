/** A chart as a drawing: what it says comes from the definition, where it stands from a layout made by hand. */

import { allStates, type Chart, type State } from './chart.js';
import { type Box, checkRoutes, type Point, pathOf, pointsOf, type Route, type RoutedEdge } from './routes.js';
import { asideOf, keyOf, notesOf, plainText, type Row, rowsOf } from './rows.js';
import type { Shape } from './shape.js';
import { type ArrowColour, MARKERS } from './style.js';

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By path; the root's is empty. */
  readonly boxes: Readonly<Record<string, Box>>;
  /** Where the dot stands that leads to an initial state. By path of the initial state. */
  readonly starts: Readonly<Record<string, Point>>;
  /** The arrow that starts at a row. By path of the state and trigger, such as `pending.held RESUME [mayResume]`. */
  readonly routes: Readonly<Record<string, Route>>;
}

const ROW_HEIGHT = 19;
const TITLE_HEIGHT = 27;
const INDENT = 14;
/** Width of a letter, rather more than less: system fonts differ. */
const LETTER_WIDTH = 6.6;

/**
 * Shapes of SVG; those of a state bear its path in `data-state`, those of an arrow `data-from` and `data-to`, and the one that leads
 * to an initial state has its path in `data-initial`.
 */
export interface Drawing {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

/** @throws Error when the layout does not fit the chart: a state or arrow that only one of them has, a text without room. */
export function drawingOf(chart: Chart, layout: Layout): Drawing {
  const states = allStates(chart.root);
  const initials = states.flatMap(({ path, initial }) => (initial ? [path ? `${path}.${initial}` : initial] : []));
  sameNames('state', namesOf(states), Object.keys(layout.boxes));
  sameNames('arrow', states.flatMap(arrowNames), Object.keys(layout.routes));
  sameNames('initial state', initials, Object.keys(layout.starts));
  const edges = states.flatMap((state) => edgesOf(state, layout));
  checkRoutes(edges);
  return {
    title: `Statechart of the ${chart.id}`,
    width: layout.width,
    height: layout.height,
    shapes: [
      MARKERS,
      ...states.map((state) => stateShape(state, layout)),
      ...edges.map(arrowShape),
      ...Object.entries(layout.starts).map(([path, start]) => startShape(path, start, boxAt(path, layout))),
    ],
  };
}

function sameNames(what: string, inChart: readonly string[], inLayout: readonly string[]): void {
  const problems = [
    ...inChart.filter((name) => !inLayout.includes(name)).map((name) => `it lacks the ${what} "${name}"`),
    ...inLayout.filter((name) => !inChart.includes(name)).map((name) => `the chart has no ${what} "${name}"`),
  ];
  if (problems.length > 0) throw new Error(`the layout of the picture does not fit the chart: ${problems.join('; ')}`);
}

function namesOf(states: readonly State[]): string[] {
  return states.map(({ path }) => path);
}

function arrowName({ path }: State, { trigger }: Row): string {
  return `${path} ${trigger}`.trim();
}

function arrowNames(state: State): string[] {
  return rowsOf(state).flatMap((row) => (row.goal === undefined ? [] : [arrowName(state, row)]));
}

function boxAt(path: string, { boxes }: Layout): Box {
  const box = boxes[path];
  if (!box) throw new Error(`the layout has no box for "${path}"`);
  return box;
}

/** Middle of the line of this index, notes and rows counted together. */
function lineY(box: Box, index: number): number {
  return box.y + (box.lines?.y ?? TITLE_HEIGHT) + (index + 0.5) * ROW_HEIGHT;
}

function edgesOf(state: State, layout: Layout): RoutedEdge[] {
  const box = boxAt(state.path, layout);
  const above = notesOf(state).length;
  return rowsOf(state).flatMap((row, index) => {
    const name = arrowName(state, row);
    const { target } = row.transition;
    const route = layout.routes[name];
    if (target === undefined || !route) return [];
    const points = pointsOf(route, box, lineY(box, above + index));
    return [{ name, source: state.path, target, targetBox: boxAt(target, layout), route, points }];
  });
}

function stateShape(state: State, layout: Layout): Shape {
  const box = boxAt(state.path, layout);
  const notes = notesOf(state);
  const rows = rowsOf(state);
  checkRoom(state, box, [`${state.key} ${asideOf(state) ?? ''}`, ...notes, ...rows.map(plainText)]);
  const x = box.x + (box.lines?.x ?? INDENT);
  const lines = [
    ...notes.map((note) => ({ kind: 'note', words: [note] })),
    ...rows.map((row) => ({ kind: 'row', words: wordsOf(row) })),
  ];
  return {
    tag: 'g',
    attributes: { 'data-state': state.path },
    children: [
      ...frameShapes(state, box),
      titleShape(state, box),
      ...lines.map(({ kind, words }, index) => textShape(kind, x, lineY(box, index) + 4, words)),
    ],
  };
}

/** @param texts The title, then the lines. */
function checkRoom({ path, states }: State, box: Box, texts: readonly string[]): void {
  const room = box.w - (box.lines?.x ?? INDENT);
  const long = texts.find((text) => text.length * LETTER_WIDTH > room);
  if (long !== undefined) throw new Error(`"${path}": "${long}" is too long for its box in the layout`);
  const lines = texts.length - 1;
  const bottom = lines === 0 ? box.y : lineY(box, lines - 0.5);
  if (states.length === 0 && bottom > box.y + box.h)
    throw new Error(`"${path}": too many lines for its box in the layout`);
}

function frameShapes({ path, kind, states }: State, box: Box): Shape[] {
  if (box.region) return [{ tag: 'path', attributes: { class: 'divider', d: `M${box.x} ${box.y}H${box.x + box.w}` } }];
  const frame = (name: string, inset: number, rx: number): Shape => ({
    tag: 'rect',
    attributes: {
      class: name,
      x: box.x + inset,
      y: box.y + inset,
      width: box.w - 2 * inset,
      height: box.h - 2 * inset,
      rx,
    },
  });
  if (kind === 'final') return [frame(`box final ${endColourOf(path)}`, 0, 8), frame('ring', 4, 5)];
  return [frame(`box ${path === '' ? 'root' : kind}`, 0, states.length === 0 ? 8 : 12)];
}

function titleShape(state: State, box: Box): Shape {
  const { path, key, kind, states } = state;
  if (kind === 'final') return textShape('title middle', box.x + box.w / 2, box.y + box.h / 2 + 5, [key]);
  if (path === '') return textShape('headline', box.x + 28, box.y + 40, [key]);
  const aside = asideOf(state);
  const words = aside === undefined ? [key] : [key, span('note', aside, 8)];
  return textShape(states.length === 0 ? 'title' : 'region', box.x + (box.region ? 48 : INDENT), box.y + 19, words);
}

function wordsOf({ order, trigger, effects, goal }: Row): (Shape | string)[] {
  return [
    ...(order === undefined ? [] : [span('order', `${order}`)]),
    ...(trigger === '' ? [] : [trigger]),
    ...(effects === undefined ? [] : [span('effects', `/ ${effects}`)]),
    ...(goal === undefined ? [] : [span(`goal ${colourOf(goal)}`, `→ ${goal}`)]),
  ];
}

/** @param words With a blank between them. */
function textShape(name: string, x: number, y: number, words: readonly (Shape | string)[]): Shape {
  const children = words.flatMap((word, index) => (index === 0 ? [word] : [' ', word]));
  return { tag: 'text', attributes: { class: name, x, y }, children };
}

function span(name: string, text: string, dx?: number): Shape {
  return { tag: 'tspan', attributes: { class: name, ...(dx === undefined ? {} : { dx }) }, children: [text] };
}

/** What an arrow leads to is told by its colour: an end, rest, the turning point, or work. */
function colourOf(key: string): ArrowColour {
  if (key === 'idle') return 'back';
  return ['paused', 'held', 'queued', 'waiting_for_control'].includes(key) ? 'rest' : endColourOf(key);
}

function endColourOf(key: string): ArrowColour {
  const colours: Readonly<Record<string, ArrowColour>> = { failed: 'bad', completed: 'good', cancelled: 'gone' };
  return colours[key] ?? 'on';
}

function arrowShape({ points, source, target, route }: RoutedEdge): Shape {
  const colour = colourOf(keyOf(target));
  const dot = ({ x, y }: Point): Shape => ({
    tag: 'circle',
    attributes: { class: `fill ${colour}`, cx: x, cy: y, r: 2.6 },
  });
  const head = route.joins ? {} : { 'marker-end': `url(#to-${colour})` };
  const dots = route.joins ? [...points.slice(0, 1), ...points.slice(-1)] : points.slice(0, 1);
  const line: Shape = { tag: 'path', attributes: { class: `arrow ${colour}`, d: pathOf(points), ...head } };
  return {
    tag: 'g',
    attributes: { 'data-from': source, 'data-to': target },
    children: [line, ...dots.map(dot)],
  };
}

/** A dot, and a short arrow from it to the nearest edge of the initial state. */
function startShape(path: string, { x, y }: Point, box: Box): Shape {
  const endX = Math.min(Math.max(x, box.x), box.x + box.w);
  const endY = Math.min(Math.max(y, box.y), box.y + box.h);
  const d = `M${x} ${y}L${endX} ${endY}`;
  return {
    tag: 'g',
    attributes: { 'data-initial': path },
    children: [
      { tag: 'circle', attributes: { class: 'fill start', cx: x, cy: y, r: 4.5 } },
      { tag: 'path', attributes: { class: 'arrow start', d, 'marker-end': 'url(#to-start)' } },
    ],
  };
}
