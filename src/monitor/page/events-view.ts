/** All events of the chosen subagent, line by line; the chosen one in full below. */

import type { FocusEvent } from '../protocol.js';
import { byId, el, setAttribute, setAttributes, setText } from './dom.js';
import type { FocusModel } from './focus-model.js';
import { clockMs, several } from './format.js';
import { VirtualList } from './virtual-list.js';

const LINE_HEIGHT = 28;
const PAGE = 10;
const DELTAS = new Set(['text_delta', 'reasoning_delta', 'tool_output_delta']);

export class EventsView {
  readonly #list = byId('event-list', HTMLElement);
  readonly #search = byId('event-search', HTMLInputElement);
  readonly #deltas = byId('event-deltas', HTMLInputElement);
  readonly #count = byId('event-count', HTMLElement);
  readonly #full = byId('event-full', HTMLElement);
  readonly #lines: VirtualList<EventLine>;
  #model: FocusModel | undefined;
  #shown: readonly FocusEvent[] = [];
  #chosen = -1;

  constructor() {
    this.#lines = new VirtualList({
      viewport: this.#list,
      lineHeight: LINE_HEIGHT,
      make: () => new EventLine(),
      fill: (line, index) => {
        const event = this.#shown[index];
        if (event) line.show(event, index, index === this.#chosen);
      },
    });
    this.#search.addEventListener('input', () => this.#refresh());
    this.#deltas.addEventListener('change', () => this.#refresh());
    this.#list.addEventListener('click', (event) => {
      const line = event.target instanceof Element ? event.target.closest('[data-index]') : undefined;
      if (line instanceof HTMLElement) this.#choose(Number(line.dataset.index));
    });
    this.#list.addEventListener('keydown', (event) => this.#onKey(event));
  }

  show(model: FocusModel): void {
    if (this.#model?.id !== model.id) this.#chosen = -1;
    this.#model = model;
    this.#refresh();
  }

  #refresh(): void {
    const events = this.#model?.events ?? [];
    const wanted = this.#search.value.trim().toLowerCase();
    const showsDeltas = this.#deltas.checked;
    const isAtEnd = this.#lines.isAtEnd;
    this.#shown = events.filter(
      (event) =>
        (showsDeltas || !DELTAS.has(event.type)) &&
        (wanted === '' || `${event.type} ${summaryOf(event)}`.toLowerCase().includes(wanted)),
    );
    setText(this.#count, several(this.#shown.length, 'event'));
    this.#lines.update(this.#shown.length);
    if (isAtEnd) this.#lines.scrollToEnd();
    this.#showChosen();
  }

  #choose(index: number): void {
    this.#chosen = Math.min(this.#shown.length - 1, Math.max(0, index));
    this.#lines.reveal(this.#chosen);
    this.#showChosen();
  }

  #showChosen(): void {
    const event = this.#shown[this.#chosen];
    setAttribute(this.#list, 'aria-activedescendant', event ? `event-${this.#chosen}` : undefined);
    this.#full.hidden = event === undefined;
    if (event) setText(this.#full, JSON.stringify(event, null, 2));
  }

  #onKey(event: KeyboardEvent): void {
    const goals: Readonly<Record<string, number>> = {
      ArrowDown: this.#chosen + 1,
      ArrowUp: this.#chosen - 1,
      PageDown: this.#chosen + PAGE,
      PageUp: this.#chosen - PAGE,
      Home: 0,
      End: this.#shown.length - 1,
    };
    const goal = goals[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    this.#choose(goal);
  }
}

class EventLine extends HTMLElement {
  readonly #time = el('time');
  readonly #type = el('span', { class: 'type' });
  readonly #summary = el('span', { class: 'summary' });

  constructor() {
    super();
    this.className = 'event-line';
    setAttribute(this, 'role', 'option');
    this.append(this.#time, this.#type, this.#summary);
  }

  show(event: FocusEvent, index: number, isChosen: boolean): void {
    setAttributes(this, {
      id: `event-${index}`,
      'data-index': index,
      'aria-selected': `${isChosen}`,
      'data-type': event.type,
    });
    setText(this.#time, clockMs(event.time));
    setText(this.#type, event.type);
    setText(this.#summary, summaryOf(event));
  }
}
customElements.define('event-line', EventLine);

function summaryOf(event: FocusEvent): string {
  const { type, time: _, v: __, ...rest } = event;
  const { subagentId: _a, parentId: _b, epoch: _c, seq: _d, offset: _e, ...fields } = rest as Record<string, unknown>;
  if (type === 'subagent_state_changed') return `${fields.from} → ${fields.to}`;
  const texts = Object.values(fields).map((value) =>
    typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
  );
  return texts.join(' · ').slice(0, 300).replace(/\s+/g, ' ');
}
