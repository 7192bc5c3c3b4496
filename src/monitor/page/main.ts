/** Puts the page together: what comes in goes to the models, and once a frame the views show what has changed. */

import type { Drawing } from '../../charts/index.js';
import type { Frame, Row } from '../protocol.js';
import { Announcer } from './announcer.js';
import { Connection, type Status } from './connection.js';
import { Controls } from './controls.js';
import { DetailView } from './detail-view.js';
import { byId, setAttribute, setText } from './dom.js';
import { FocusModel } from './focus-model.js';
import { HeaderView } from './header-view.js';
import { ProblemsView } from './problems-view.js';
import { RunModel, signOf, titleOf } from './run-model.js';
import { StepperView } from './stepper-view.js';
import { startTheme } from './theme.js';
import { startTimelineSize } from './timeline-size.js';
import { TimelineView } from './timeline-view.js';
import { TreeView } from './tree-view.js';

const CLOCK_MS = 1_000;

const token = tokenOf(location.hash);
const model = new RunModel();
const announcer = new Announcer();
const controls = new Controls(token, (text, isBad) => announcer.toast(text, isBad));
const header = new HeaderView(model, (signs) => filter({ signs }));
const detail = new DetailView(model, controls, ask);
const tree = new TreeView(byId('tree', HTMLElement), model, {
  onChoose: choose,
  onOpen: () => {
    goTo('detail');
    if (!tree.isShown) byId('detail', HTMLElement).focus(); // it took the tree's place
  },
  onKey: (key) => {
    if (key !== 'p' && key !== 'r' && key !== 'c') return false;
    detail.act(key === 'p' ? 'pause' : key === 'r' ? 'resume' : 'cancel');
    return true;
  },
});
const timeline = new TimelineView(model, { onChoose: choose });
const stepper = new StepperView(() => look(false));
const problems = new ProblemsView();
const connection = new Connection(token, { onHello, onFrame, onStatus });
const search = byId('search', HTMLInputElement);
const empty = byId('tree-empty', HTMLElement);

let focus: FocusModel | undefined;
let wanted: { text: string; signs: ReadonlySet<string> } = { text: '', signs: new Set() };
let isDue = false;

startTheme(() => timeline.themeChanged());
startTimelineSize();
search.addEventListener('input', () => filter({ text: search.value }));
for (const button of document.querySelectorAll('[data-goto]')) {
  button.addEventListener('click', () => goTo(button.getAttribute('data-goto') ?? 'list'));
}
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  search.focus();
});
goTo('list');
setInterval(() => {
  if (!document.hidden) soon();
}, CLOCK_MS);
void drawChart();
const former = new URLSearchParams(location.hash.slice(1)).get('subagent');
if (former) showFocus(former);
look(true);

/** The link has it behind the `#`; it stays there, so that a reload finds it again. */
function tokenOf(hash: string): string {
  return new URLSearchParams(hash.slice(1)).get('token') ?? '';
}

async function drawChart(): Promise<void> {
  const response = await fetch('/chart', { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
  if (response?.ok) detail.drawing = (await response.json()) as Drawing; // our own server made it
}

function onHello(hello: NonNullable<RunModel['hello']>): void {
  model.hello = hello;
  if (hello.steps !== undefined) stepper.open(hello.steps);
  const { problems: told = [] } = hello;
  if (problems.show(told)) announcer.say('problems', problems.text(told));
  setAttribute(document.body, 'data-kind', hello.kind);
}

function onFrame(frame: Frame): void {
  announce(frame.rows);
  model.apply(frame);
  if (frame.focus && frame.focus.id === focus?.id) focus.apply(frame.focus);
  if (frame.reset && focus && !frame.focus) restartFocus();
  soon();
}

function onStatus(status: Status): void {
  header.status = status;
  model.isLost = status === 'lost' || status === 'refused' || status === 'away';
  detail.canSteer = status === 'open' || status === 'connecting';
  setAttribute(document.body, 'data-status', status);
  if (status === 'lost') announcer.say('connection', 'The connection to the run is lost.');
  soon();
}

/** What the page holds of the chosen one is of another run. */
function restartFocus(): void {
  if (!focus) return;
  focus = new FocusModel(focus.id);
  detail.focus = focus;
}

function choose(id: string): void {
  if (id === focus?.id) return;
  showFocus(id);
  const link = new URLSearchParams({ token, subagent: id });
  history.replaceState(null, '', `#${link}`); // a reload comes back to it
  look(true);
}

function showFocus(id: string): void {
  focus = new FocusModel(id);
  tree.chosen = id;
  detail.focus = focus;
  soon();
}

function look(isOther: boolean): void {
  const at = model.hello?.kind === 'stored' ? stepper.step : undefined;
  connection.look({ ...(focus ? { focus: focus.id } : {}), ...(at === undefined ? {} : { at }) }, isOther);
}

function filter(part: Partial<typeof wanted>): void {
  wanted = { ...wanted, ...part };
  tree.filter = wanted;
  soon();
}

function announce(rows: readonly Row[]): void {
  const asking = rows.filter((row) => {
    const known = new Set(model.rows.get(row.id)?.requests.map(({ requestId }) => requestId));
    return row.requests.some(({ requestId }) => !known.has(requestId));
  });
  const [first] = asking;
  if (first) {
    const tools = first.requests.map(({ toolName }) => toolName).join(', ');
    const one = `${titleOf(first)} asks for approval of ${tools}.`;
    announcer.say('approval', asking.length === 1 ? one : `${asking.length} subagents ask for approval.`);
  }
  const chosen = rows.find(({ id }) => id === focus?.id);
  const before = chosen && model.rows.get(chosen.id);
  if (before && before.state !== chosen.state) announcer.say('state', `${titleOf(chosen)} is ${chosen.state}.`);
}

function soon(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    render();
  });
}

function render(): void {
  header.render();
  tree.render();
  empty.hidden = tree.items.length > 0;
  setText(empty, emptyText());
  timeline.render(tree.items, focus?.id);
  detail.render();
  const asking = [...model.rows.values()].some((row) => signOf(row) === 'asking');
  setAttribute(document.body, 'data-asking', asking);
}

function emptyText(): string {
  if (model.rows.size > 0) return 'No subagent is like that.';
  return model.hello ? 'Nothing has been spawned yet.' : header.statusText;
}

function goTo(pane: string): void {
  setAttribute(document.body, 'data-pane', pane);
  for (const button of document.querySelectorAll('[data-goto]')) {
    setAttribute(button, 'aria-current', button.getAttribute('data-goto') === pane ? 'true' : undefined);
  }
}

/** @returns the reason, which may be empty; `undefined` for a no. */
function ask(title: string, text: string, yes: string): Promise<string | undefined> {
  const dialog = byId('ask', HTMLDialogElement);
  const reason = byId('ask-reason', HTMLInputElement);
  setText(byId('ask-title', HTMLElement), title);
  setText(byId('ask-text', HTMLElement), text);
  setText(byId('ask-yes', HTMLButtonElement), yes);
  reason.value = '';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes' ? reason.value.trim() : undefined), {
      once: true,
    });
  });
}
