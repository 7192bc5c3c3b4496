/** The demo on a whole screen: the tree as it changes, what the chosen subagent says, and keys that steer it. */

import { auditTime, filter, firstValueFrom, interval, merge, Subject } from 'rxjs';
import type { ControlResult, LifecycleState } from '../../domain/lifecycle.js';
import type { Orchestrator } from '../../orchestrator/index.js';
import type { Screen } from '../screen.js';
import { harmless } from '../terminal.js';
import { MARKS } from './timeline.js';
import { drawTree, endOf, treeOf } from './tree.js';
import type { Watch } from './watch.js';

/** Changes within it are drawn together. */
const FRAME_MS = 60;
/** Clocks and timelines go on when nothing happens. */
const TICK_MS = 250;
const MIN_TREE_LINES = 3;

export interface LiveViewOptions {
  readonly orchestrator: Orchestrator;
  readonly watch: Watch;
  readonly screen: Screen;
  readonly isColoured: boolean;
  /** Of the page; or why there is none. */
  readonly link: string;
  /** Gets those whom the keys have steered. */
  readonly steered: Set<string>;
}

export interface LiveView {
  /** A line below the tree, until the next. */
  say(text: string): void;
  /** Somebody wants to leave. */
  readonly left: Promise<unknown>;
  stop(): void;
}

export function showLive({ orchestrator, watch, screen, isColoured, link, steered }: LiveViewOptions): LiveView {
  const startedAt = Date.now();
  const said$ = new Subject<void>();
  let chosenId: string | undefined;
  /** What was said last, and what came of the last key. */
  const lines = { said: '', answer: '' };
  const say = (text: string, where: keyof typeof lines = 'said') => {
    lines[where] = text;
    said$.next();
  };
  const ids = () => treeOf(orchestrator.listSubagents()).map(({ info }) => info.id);
  const chosen = () => chosenId ?? ids()[0];
  const move = (by: number) => {
    const all = ids();
    chosenId = all[Math.min(Math.max(all.indexOf(chosen() ?? '') + by, 0), all.length - 1)];
    said$.next();
  };
  const steer = async (what: keyof typeof ORDERS) => {
    const id = chosen();
    if (id === undefined) return;
    steered.add(id);
    say(`${what} ${id}`, 'answer');
    const { accepted, state, reason } = await ORDERS[what](orchestrator, id);
    const came = accepted ? `it is ${state}` : `refused, ${reason?.replaceAll('_', ' ')}`;
    say(`${what} ${id}: ${came}`, 'answer');
  };
  const keys: Readonly<Record<string, () => unknown>> = {
    up: () => move(-1),
    k: () => move(-1),
    down: () => move(1),
    j: () => move(1),
    p: () => steer('pause'),
    r: () => steer('resume'),
    c: () => steer('cancel'),
    'ctrl-c': () => process.kill(process.pid, 'SIGINT'), // as it is where keys are no keys
  };
  const draw = () => {
    const { columns, rows } = screen;
    const infos = orchestrator.listSubagents();
    const now = endOf(infos, Date.now());
    const id = chosen();
    const tree = drawTree({ infos, tracks: watch.tracks, chosenId: id, startedAt, now, columns, isColoured });
    const title = `troupe demo   ${counted(infos)}   ${((now - startedAt) / 1000).toFixed(1)} s`;
    const head = [cut(title, columns), ...broken(`live page: ${link}`, columns), ''];
    const keyLines = broken(KEYS, columns);
    // On a screen of few lines these go first, since link and keys lead to all the rest.
    const notes = [lines.answer, lines.said, LEGEND].map((line) => cut(line, columns));
    const noteCount = Math.max(rows - head.length - MIN_TREE_LINES - 1 - keyLines.length, 0);
    const foot = [...notes.slice(0, noteCount).reverse(), ...keyLines];
    const room = Math.max(rows - head.length - foot.length - 1, MIN_TREE_LINES);
    const at = ids().indexOf(id ?? '');
    const from = Math.max(Math.min(at - Math.floor(room / 2), tree.length - room), 0);
    const shown = tree.slice(from, from + room);
    const words = lastLines(watch.wordsOf(id ?? ''), columns - 2, Math.max(room - shown.length, 0));
    screen.draw([
      ...head,
      ...shown,
      '',
      ...words.map((line) => `  ${line}`),
      ...Array.from({ length: Math.max(room - shown.length - words.length, 0) }, () => ''),
      ...foot,
    ]);
  };
  const drawing = merge(orchestrator.events$, said$, screen.resized$, interval(TICK_MS))
    .pipe(auditTime(FRAME_MS))
    .subscribe(draw);
  const steering = screen.keys$.subscribe((key) => keys[key]?.());
  draw();
  return {
    say: (text) => say(text),
    left: firstValueFrom(screen.keys$.pipe(filter((key) => key === 'q'))),
    stop: () => {
      drawing.unsubscribe();
      steering.unsubscribe();
    },
  };
}

const KEYS = 'p pause   r resume   c cancel   arrows or j k choose   q quit';

export const LEGEND = `${MARKS.model} model   ${MARKS.tool} tool   ${MARKS.paused} paused   ${MARKS.queued} queued`;

const ORDERS: Readonly<
  Record<'pause' | 'resume' | 'cancel', (orchestrator: Orchestrator, id: string) => Promise<ControlResult>>
> = {
  pause: (orchestrator, id) => orchestrator.pauseSubagent(id),
  resume: (orchestrator, id) => orchestrator.resumeSubagent(id),
  cancel: (orchestrator, id) => orchestrator.cancelSubagent(id, 'a key was pressed'),
};

export function counted(infos: readonly { readonly state: LifecycleState }[]): string {
  const counts = new Map<LifecycleState, number>();
  for (const { state } of infos) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

/** Where the screen ends. */
function broken(line: string, width: number): string[] {
  return line.match(new RegExp(`.{1,${Math.max(width, 1)}}`, 'gu')) ?? [];
}

/** So that it ends at the edge, where a terminal would put its last character. */
function cut(line: string, width: number): string {
  const [first = '', more] = broken(line, width);
  return more === undefined ? first : `${first.slice(0, -1)}…`;
}

function lastLines(text: string, width: number, count: number): string[] {
  const lines = harmless(text)
    .replaceAll('\t', '  ')
    .split('\n')
    .flatMap((line) => (line === '' ? [''] : broken(line, width)));
  while (lines.at(-1) === '') lines.pop();
  return count === 0 ? [] : lines.slice(-count);
}
