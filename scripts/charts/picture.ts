/** A chart as an SVG picture: what it says comes from the definition, where it stands from a layout made by hand. */

import { allStates, type Chart, type State } from './chart.js';
import { type Box, checkRoutes, type Point, pathOf, pointsOf, type Route, type RoutedEdge } from './routes.js';
import { asideOf, keyOf, notesOf, plainText, type Row, rowsOf } from './rows.js';
import { type ArrowColour, MARKERS, STYLE } from './style.js';

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

/** @throws Error when the layout does not fit the chart: a state or arrow that only one of them has, a text without room. */
export function pictureOf(chart: Chart, layout: Layout): string {
  const states = allStates(chart.root);
  const initials = states.flatMap(({ path, initial }) => (initial ? [path ? `${path}.${initial}` : initial] : []));
  sameNames('state', namesOf(states), Object.keys(layout.boxes));
  sameNames('arrow', states.flatMap(arrowNames), Object.keys(layout.routes));
  sameNames('initial state', initials, Object.keys(layout.starts));
  const edges = states.flatMap((state) => edgesOf(state, layout));
  checkRoutes(edges);
  const { width, height } = layout;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">Statechart of the ${escaped(chart.id)}</title>`,
    `<style>${STYLE}</style>`,
    MARKERS,
    ...states.map((state) => boxMarkup(state, layout)),
    ...edges.map(arrowMarkup),
    ...Object.entries(layout.starts).map(([path, start]) => startMarkup(start, boxAt(path, layout))),
    '</svg>',
    '',
  ].join('\n');
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
    return [{ name, target, targetBox: boxAt(target, layout), route, points }];
  });
}

function boxMarkup(state: State, layout: Layout): string {
  const box = boxAt(state.path, layout);
  const notes = notesOf(state);
  const rows = rowsOf(state);
  checkRoom(state, box, [`${state.key} ${asideOf(state) ?? ''}`, ...notes, ...rows.map(plainText)]);
  const x = box.x + (box.lines?.x ?? INDENT);
  const lines = [...notes.map((note) => ['note', escaped(note)]), ...rows.map((row) => ['row', rowMarkup(row)])];
  return [
    frameMarkup(state, box),
    titleMarkup(state, box),
    ...lines.map(
      ([kind, markup], index) => `<text class="${kind}" x="${x}" y="${lineY(box, index) + 4}">${markup}</text>`,
    ),
  ].join('\n');
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

function frameMarkup({ path, kind, states }: State, box: Box): string {
  if (box.region) return `<path class="divider" d="M${box.x} ${box.y}H${box.x + box.w}"/>`;
  const frame = (name: string, inset: number, radius: number) =>
    `<rect class="${name}" x="${box.x + inset}" y="${box.y + inset}" width="${box.w - 2 * inset}" height="${box.h - 2 * inset}" rx="${radius}"/>`;
  if (kind === 'final') return frame(`box final ${endColourOf(path)}`, 0, 8) + frame('ring', 4, 5);
  return frame(`box ${path === '' ? 'root' : kind}`, 0, states.length === 0 ? 8 : 12);
}

function titleMarkup(state: State, box: Box): string {
  const { path, key, kind, states } = state;
  const at = (name: string, x: number, y: number, markup: string) =>
    `<text class="${name}" x="${box.x + x}" y="${box.y + y}">${markup}</text>`;
  if (kind === 'final') return at('title middle', box.w / 2, box.h / 2 + 5, escaped(key));
  if (path === '') return at('headline', 28, 40, escaped(key));
  const aside = asideOf(state);
  const markup =
    aside === undefined ? escaped(key) : `${escaped(key)} <tspan class="note" dx="8">${escaped(aside)}</tspan>`;
  return at(states.length === 0 ? 'title' : 'region', box.region ? 48 : INDENT, 19, markup);
}

function rowMarkup({ order, trigger, effects, goal }: Row): string {
  return [
    order === undefined ? '' : `<tspan class="order">${order}</tspan>`,
    escaped(trigger),
    effects === undefined ? '' : `<tspan class="effects">/ ${escaped(effects)}</tspan>`,
    goal === undefined ? '' : `<tspan class="goal ${colourOf(goal)}">→ ${escaped(goal)}</tspan>`,
  ]
    .filter(Boolean)
    .join(' ');
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

function arrowMarkup({ points, target, route }: RoutedEdge): string {
  const colour = colourOf(keyOf(target));
  const dot = ({ x, y }: Point) => `<circle class="fill ${colour}" cx="${x}" cy="${y}" r="2.6"/>`;
  const head = route.joins ? '' : ` marker-end="url(#to-${colour})"`;
  const dots = route.joins ? [...points.slice(0, 1), ...points.slice(-1)] : points.slice(0, 1);
  return `<path class="arrow ${colour}" d="${pathOf(points)}"${head}/>${dots.map(dot).join('')}`;
}

/** A dot, and a short arrow from it to the nearest edge of the initial state. */
function startMarkup({ x, y }: Point, box: Box): string {
  const endX = Math.min(Math.max(x, box.x), box.x + box.w);
  const endY = Math.min(Math.max(y, box.y), box.y + box.h);
  return `<circle class="fill start" cx="${x}" cy="${y}" r="4.5"/><path class="arrow start" d="M${x} ${y}L${endX} ${endY}" marker-end="url(#to-start)"/>`;
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
