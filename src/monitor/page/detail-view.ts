/** The chosen subagent: what it is, what it does, and what can be done about it. */

import type { Drawing } from '../../charts/index.js';
import type { OpenRequest, Row } from '../protocol.js';
import { AboutView } from './about-view.js';
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
  readonly #approvals = byId('approvals', HTMLElement);
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
  #shownRequests = '';
  #canSteer = true;

  constructor(model: RunModel, controls: Controls, ask: Ask) {
    this.#model = model;
    this.#controls = controls;
    this.#ask = ask;
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
    this.#focus = focus;
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
    this.#renderRequests(row);
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
    this.#pause.hidden = isStored || ended || row.state === 'paused';
    this.#resume.hidden = isStored || row.state !== 'paused';
    this.#cancel.hidden = isStored || ended;
    this.#steer.hidden = isStored || ended;
  }

  #renderRequests({ id, requests }: Row): void {
    const shown = requests.map(({ requestId }) => requestId).join();
    const key = `${id} ${shown} ${this.#model.hello?.kind}`;
    if (key === this.#shownRequests) return;
    this.#shownRequests = key;
    this.#approvals.replaceChildren(...requests.map((request) => this.#requestBox(id, request)));
  }

  #requestBox(id: string, { requestId, toolName, args, rule, preview, expiresAt }: OpenRequest): HTMLElement {
    const why = [rule && `rule ${rule}`, expiresAt && `open until ${clock(expiresAt)}`].filter(Boolean).join(' · ');
    const box = el(
      'section',
      { class: 'approval', 'aria-label': `Approval of ${toolName}` },
      el('h3', {}, el('span', { class: 'sign' }, icon('asking')), `May it call ${toolName}?`, el('small', {}, why)),
      ...(preview === undefined ? [] : [el('p', {}, preview)]),
      el('pre', { tabindex: 0, 'aria-label': 'Arguments' }, args),
    );
    if (this.#model.hello?.kind === 'stored') return box;
    const reason = el('input', { type: 'text', placeholder: 'Reason for a no', 'aria-label': 'Reason for a no' });
    const allow = el('button', { type: 'button', class: 'primary' }, 'Approve');
    const deny = el('button', { type: 'button', class: 'danger' }, 'Deny');
    allow.addEventListener('click', () => void this.#controls.send({ action: 'approve', id, requestId }));
    deny.addEventListener('click', () => {
      const given = reason.value.trim();
      void this.#controls.send({ action: 'deny', id, requestId, ...(given ? { reason: given } : {}) });
    });
    box.append(el('div', { class: 'answer' }, allow, deny, reason));
    return box;
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
    if (await this.#controls.send({ action: 'steer', id: row.id, message })) this.#steerText.value = '';
  }
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
