/** A chart as an SVG picture: texts come from the definition, places from a layout made by hand. */

import { allStates, type Chart, mergeAlike, type State, type Transition } from './chart.js';
import { type Box, checkRoutes, type Point, pathOf, pointsOf, type Route, type RoutedEdge } from './routes.js';
import { STYLE } from './style.js';

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By path. Every state of the chart has one, and every one has its state. */
  readonly boxes: Readonly<Record<string, Box>>;
  /** By `<path> <label>`, as in the rows of the box: the arrow that starts at this row. */
  readonly routes: Readonly<Record<string, Route>>;
  /** Where the dot stands that leads to an initial state. By path of the initial state. */
  readonly starts: Readonly<Record<string, Point>>;
}

const ROW = 19;
const TITLE = 27;
/** Width of a letter of the row font, rather more than less: fonts differ. */
const LETTER = 6.6;

interface Row {
  readonly order?: number;
  readonly transition: Transition;
  /** The row's text without its order and target; names the route too. */
  readonly label: string;
}

/** @throws Error when the layout does not fit the chart: a state or an arrow that only one of them knows, a text that is too long. */
export function pictureOf(chart: Chart, layout: Layout): string {
  const states = allStates(chart.root);
  sameNames('state', states.map(({ path }) => path), Object.keys(layout.boxes));
  const edges = states.flatMap((state) => edgesOf(state, layout));
  sameNames('arrow', edges.map(({ name }) => name), Object.keys(layout.routes));
  sameNames('initial state', states.flatMap((state) => initialOf(state) ?? []), Object.keys(layout.starts));
  checkRoutes(edges);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${layout.width} ${layout.height}" width="${layout.width}" height="${layout.height}" role="img" aria-labelledby="title">`,
    `<title id="title">Statechart of ${escaped(chart.id)}</title>`,
    `<style>${STYLE}</style>`,
    ...markers(),
    ...states.map((state) => boxOf(state, layout, chart)),
    ...edges.map(arrowOf),
    ...Object.entries(layout.starts).map(([path, start]) => startOf(path, start, layout)),
    '</svg>',
    '',
  ].join('\n');
}

function sameNames(what: string, inChart: readonly string[], inLayout: readonly string[]): void {
  const problems = [
    ...inChart.filter((name) => !inLayout.includes(name)).map((name) => `the layout does not know the ${what} "${name}"`),
    ...inLayout.filter((name) => !inChart.includes(name)).map((name) => `the chart has no ${what} "${name}"`),
  ];
  if (problems.length > 0) throw new Error(`scripts/charts/subagent-layout.ts: ${problems.join('; ')}`);
}

function boxAt(path: string, { boxes }: Layout): Box {
  const box = boxes[path];
  if (!box) throw new Error(`no box for ${path}`);
  return box;
}

function initialOf({ path, initial }: State): string | undefined {
  if (initial === undefined) return undefined;
  return path === '' ? initial : `${path}.${initial}`;
}

function rowsOf({ transitions }: State): Row[] {
  return mergeAlike(transitions).map((transition) => {
    const { event, guard, actions, target } = transition;
    const rivals = transitions.filter((other) => other.event === event && event === undefined);
    const condition = guard === undefined ? (rivals.length > 1 ? 'otherwise' : '') : event === undefined ? guard : `[${guard}]`;
    const effects = target === undefined && actions.length > 0 ? `/ ${actions.join(', ')}` : '';
    return {
      transition,
      label: [event, condition, effects].filter(Boolean).join(' '),
      ...(rivals.length > 1 ? { order: rivals.indexOf(transition) + 1 } : {}),
    };
  });
}

/** Lines of plain text between title and rows. */
function notesOf({ invokes, entry, exit }: State): string[] {
  return [
    ...invokes.map((name) => `invokes ${name}`),
    ...(entry.length > 0 ? [`on entry ${entry.join(', ')}`] : []),
    ...(exit.length > 0 ? [`on exit ${exit.join(', ')}`] : []),
  ];
}

function rowY(box: Box, index: number): number {
  return box.y + (box.rows?.y ?? TITLE) + index * ROW + ROW / 2;
}

function edgesOf(state: State, layout: Layout): RoutedEdge[] {
  const box = boxAt(state.path, layout);
  const notes = notesOf(state).length;
  return rowsOf(state).flatMap(({ transition, label }, index) => {
    const { target } = transition;
    if (target === undefined) return [];
    const name = `${state.path} ${label}`.trim();
    const route = layout.routes[name];
    const y = rowY(box, notes + index);
    return [{ name, target, targetBox: boxAt(target, layout), points: route ? pointsOf(route, box, y) : [], ...(route ? { route } : {}) }];
  });
}

function boxOf(state: State, layout: Layout, chart: Chart): string {
  const box = boxAt(state.path, layout);
  const notes = notesOf(state);
  const rows = rowsOf(state);
  const left = box.x + (box.rows?.x ?? 14);
  const lines = [
    ...notes.map((note, index) => text(left, rowY(box, index), 'note', escaped(note))),
    ...rows.map((row, index) => text(left, rowY(box, notes.length + index), 'row', rowMarkup(row))),
  ];
  const leaf = state.states.length === 0;
  for (const words of [...notes, ...rows.map(plainRow)]) {
    const widest = (box.rows?.width ?? box.w) - (box.rows?.x ?? 14);
    if (words.length * LETTER > widest) throw new Error(`${state.path || chart.id}: "${words}" is too long for its box`);
  }
  if (leaf && rowY(box, lines.length - 1) + ROW / 2 > box.y + box.h) throw new Error(`${state.path}: too many rows for its box`);
  const kind = state.path === '' ? 'root' : state.kind;
  const shape = box.region
    ? `<path class="divider" d="M${box.x} ${box.y}H${box.x + box.w}"/>`
    : `<rect class="box ${kind} ${state.path.replaceAll('.', '-')}" x="${box.x}" y="${box.y}" width="${box.w}" height="${box.h}" rx="${leaf ? 8 : 12}"/>`;
  const ring = state.kind === 'final' ? `<rect class="ring" x="${box.x + 4}" y="${box.y + 4}" width="${box.w - 8}" height="${box.h - 8}" rx="5"/>` : '';
  const title =
    state.kind === 'final'
      ? `<text class="title middle" x="${box.x + box.w / 2}" y="${box.y + box.h / 2 + 5}">${escaped(state.key)}</text>`
      : `<text class="${state.path === '' ? 'headline' : leaf ? 'title' : 'region'}" x="${box.x + 14}" y="${box.y + 19 + (state.path === '' ? 12 : 0)}">${escaped(state.key)}</text>`;
  return [shape, ring, title, ...lines].filter(Boolean).join('\n');
}

function text(x: number, y: number, kind: string, markup: string): string {
  return `<text class="${kind}" x="${x}" y="${y + 4}">${markup}</text>`;
}

function plainRow({ order, label, transition: { target } }: Row): string {
  return [order, label, target === undefined ? '' : `→ ${shortName(target)}`].filter(Boolean).join(' ');
}

function rowMarkup({ order, label, transition: { target } }: Row): string {
  const number = order === undefined ? '' : `<tspan class="order">${order}</tspan> `;
  const [, head = label, effects = ''] = /^(.*?)( ?\/ .*)?$/.exec(label) ?? [];
  const goal = target === undefined ? '' : ` <tspan class="goal ${colourOf(target)}">→ ${escaped(shortName(target))}</tspan>`;
  return `${number}${escaped(head)}${effects ? `<tspan class="effects">${escaped(effects)}</tspan>` : ''}${goal}`;
}

function shortName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** What an arrow leads to is told by its colour: an end, rest, or work. */
function colourOf(target: string): 'bad' | 'good' | 'gone' | 'rest' | 'back' | 'on' {
  switch (shortName(target)) {
    case 'failed':
      return 'bad';
    case 'completed':
      return 'good';
    case 'cancelled':
      return 'gone';
    case 'paused':
    case 'held':
    case 'queued':
    case 'waiting_for_control':
      return 'rest';
    case 'idle':
      return 'back';
    default:
      return 'on';
  }
}

function arrowOf({ points, target, route }: RoutedEdge): string {
  const colour = colourOf(target);
  const [start] = points;
  const end = points.at(-1);
  if (!start || !end) return '';
  const head = route?.joins ? '' : ` marker-end="url(#to-${colour})"`;
  const join = route?.joins ? `<circle class="fill-${colour}" cx="${end.x}" cy="${end.y}" r="2.6"/>` : '';
  return `<path class="arrow ${colour}" d="${pathOf(points)}"${head}/><circle class="fill-${colour}" cx="${start.x}" cy="${start.y}" r="2.6"/>${join}`;
}

function markers(): string[] {
  const colours = ['bad', 'good', 'gone', 'rest', 'back', 'on', 'start'];
  return [
    '<defs>',
    ...colours.map(
      (colour) =>
        `<marker id="to-${colour}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="fill-${colour}" d="M0 0.8L10 5L0 9.2z"/></marker>`,
    ),
    '</defs>',
  ];
}

/** A dot, and a short arrow from it to the nearest edge of the initial state. */
function startOf(path: string, { x, y }: Point, layout: Layout): string {
  const box = boxAt(path, layout);
  const end = { x: Math.min(Math.max(x, box.x), box.x + box.w), y: Math.min(Math.max(y, box.y), box.y + box.h) };
  return `<circle class="fill-start" cx="${x}" cy="${y}" r="4.5"/><path class="arrow start" d="M${x} ${y}L${end.x} ${end.y}" marker-end="url(#to-start)"/>`;
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
