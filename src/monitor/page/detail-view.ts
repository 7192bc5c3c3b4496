/** The chosen subagent: what it is, what it does, and what can be done about it. */

import type { Drawing } from '../../charts/index.js';
import type { Row } from '../protocol.js';
import { AboutView } from './about-view.js';
import { ApprovalsView } from './approvals-view.js';
import { ChartView } from './chart-view.js';
import type { Controls } from './controls.js';
import { ConversationView } from './conversation-view.js';
import { byId, el, setAttribute, setText } from './dom.js';
import { EventsView } from './events-view.js';
import type { FocusModel } from './focus-model.js';
import { clock, count, dollars, duration } from './format.js';
import { icon, setIcon } from './icons.js';
import { hasEnded, type RunModel, signOf, titleOf } from './run-model.js';
import { Tabs } from './tabs.js';
import { doing } from './tree-view.js';

export type Ask = (title: string, text: string, yes: string) => Promise<string | undefined>;

export class DetailView {
  readonly #model: RunModel;
  readonly #controls: Controls;
  readonly #ask: Ask;
  readonly #empty = byId('detail-empty', HTMLElement);
  readonly #body = byId('detail-body', HTMLElement);
  readonly #title = byId('detail-title', HTMLElement);
  readonly #under = byId('detail-under', HTMLElement);
  readonly #sign = icon();
  readonly #facts = byId('detail-facts', HTMLElement);
  readonly #error = byId('detail-error', HTMLElement);
  readonly #approvals: ApprovalsView;
  readonly #pause = byId('do-pause', HTMLButtonElement);
  readonly #resume = byId('do-resume', HTMLButtonElement);
  readonly #cancel = byId('do-cancel', HTMLButtonElement);
  readonly #steer = byId('steer', HTMLFormElement);
  readonly #steerText = byId('steer-text', HTMLInputElement);
  readonly #talk = new ConversationView(byId('talk', HTMLElement));
  readonly #events = new EventsView();
  readonly #about = new AboutView(byId('panel-about', HTMLElement));
  readonly #tabs: Tabs;
  #chart: ChartView | undefined;
  #focus: FocusModel | undefined;
  /** Messages that were not sent yet, by subagent: none goes to another one. */
  readonly #drafts = new Map<string, string>();
  #canSteer = true;

  constructor(model: RunModel, controls: Controls, ask: Ask) {
    this.#model = model;
    this.#controls = controls;
    this.#ask = ask;
    this.#approvals = new ApprovalsView(controls, byId('detail', HTMLElement));
    byId('detail-sign', HTMLElement).append(this.#sign);
    this.#tabs = new Tabs(['talk', 'chart', 'events', 'about'], () => this.render());
    this.#pause.addEventListener('click', () => this.act('pause'));
    this.#resume.addEventListener('click', () => this.act('resume'));
    this.#cancel.addEventListener('click', () => this.act('cancel'));
    this.#steer.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#sendMessage();
    });
  }

  set drawing(drawing: Drawing) {
    this.#chart = new ChartView(byId('panel-chart', HTMLElement), drawing);
    this.render();
  }

  set focus(focus: FocusModel | undefined) {
    if (this.#focus) this.#drafts.set(this.#focus.id, this.#steerText.value);
    this.#focus = focus;
    this.#steerText.value = (focus && this.#drafts.get(focus.id)) ?? '';
    this.render();
  }

  /** Whether the run can be reached. */
  set canSteer(canSteer: boolean) {
    this.#canSteer = canSteer;
    this.render();
  }

  /** Does to the chosen one what a button or a key asks for. */
  act(action: 'pause' | 'resume' | 'cancel'): void {
    const row = this.#row;
    if (!row) return;
    if (action !== 'cancel') void this.#controls.send({ action, id: row.id });
    else void this.#cancelIt(row);
  }

  render(): void {
    const row = this.#row;
    const focus = this.#focus;
    this.#empty.hidden = row !== undefined || this.#model.rows.size === 0;
    this.#body.hidden = row === undefined;
    if (!row || !focus) return;
    this.#renderHead(row);
    this.#approvals.show(row, this.#model.hello?.kind !== 'stored');
    for (const button of this.#body.querySelectorAll<HTMLButtonElement>(
      '.actions button, .answer button, .steer button',
    )) {
      button.disabled = !this.#canSteer;
    }
    const { now } = this.#model;
    const isWide = this.#tabs.isWide;
    if (this.#tabs.chosen === 'talk') this.#talk.show(focus.transcript, now);
    if (this.#tabs.chosen === 'chart' || isWide) this.#chart?.show(focus.path, now);
    if (this.#tabs.chosen === 'events') this.#events.show(focus);
    if (this.#tabs.chosen === 'about') this.#about.show(row, focus);
  }

  get #row(): Row | undefined {
    return this.#focus && this.#model.rows.get(this.#focus.id);
  }

  #renderHead(row: Row): void {
    const isStored = this.#model.hello?.kind === 'stored';
    const sign = signOf(row);
    const ended = hasEnded(row);
    setIcon(this.#sign, sign);
    setAttribute(this.#body, 'data-sign', sign);
    setText(this.#title, titleOf(row));
    const parent = row.parentId === undefined ? '' : ` · child of ${row.parentId}${row.detached ? ', detached' : ''}`;
    setText(this.#under, `${row.id} · ${row.agentType}${parent}`);
    const place = this.#model.queue.indexOf(row.id) + 1;
    const facts: [string, string][] = [
      ['State', row.state],
      ['Does', ended ? `ended at ${clock(row.endedAt ?? row.updatedAt)}` : doing(row, place)],
      ['Turn', `${row.turn}`],
      ['Tokens', `${count(row.usage.inputTokens)} in, ${count(row.usage.outputTokens)} out`],
      ...(row.usage.costUsd === undefined ? [] : [['Cost', dollars(row.usage.costUsd)] as [string, string]]),
      ['Requests', `${row.usage.requests}`],
      ['Time', duration((row.endedAt ?? this.#model.now) - row.createdAt)],
    ];
    showFacts(this.#facts, facts);
    this.#error.hidden = row.error === undefined || row.state !== 'failed';
    if (row.error) setText(this.#error, `${row.error.code}: ${row.error.message}`);
    const hadFocus = document.activeElement;
    this.#pause.hidden = isStored || ended || row.state === 'paused';
    this.#resume.hidden = isStored || row.state !== 'paused';
    this.#cancel.hidden = isStored || ended;
    this.#steer.hidden = isStored || ended;
    // What takes the place of a button that goes takes the keys too.
    if (hadFocus === this.#pause && this.#pause.hidden) focusFirst(this.#resume, this.#cancel);
    if (hadFocus === this.#resume && this.#resume.hidden) focusFirst(this.#pause, this.#cancel);
  }

  async #cancelIt(row: Row): Promise<void> {
    const text = 'What it does now is broken off, and its children end with it. This cannot be taken back.';
    const reason = await this.#ask(`Cancel ${titleOf(row)}?`, text, 'Cancel it');
    if (reason === undefined) return;
    await this.#controls.send({ action: 'cancel', id: row.id, ...(reason ? { reason } : {}) });
  }

  async #sendMessage(): Promise<void> {
    const row = this.#row;
    const message = this.#steerText.value.trim();
    if (!row || message === '') return;
    if (!(await this.#controls.send({ action: 'steer', id: row.id, message }))) return;
    this.#drafts.delete(row.id);
    if (this.#row?.id === row.id) this.#steerText.value = '';
  }
}

function focusFirst(...buttons: readonly HTMLButtonElement[]): void {
  buttons.find(({ hidden }) => !hidden)?.focus();
}

/** Changes the texts where the facts are the same ones. */
function showFacts(list: HTMLElement, facts: readonly (readonly [string, string])[]): void {
  const names = facts.map(([name]) => name).join();
  if (list.dataset.names !== names) {
    list.dataset.names = names;
    list.replaceChildren(...facts.map(([name]) => el('div', {}, el('dt', {}, name), el('dd'))));
  }
  for (const [index, value] of list.querySelectorAll('dd').entries()) setText(value, facts[index]?.[1] ?? '');
}
