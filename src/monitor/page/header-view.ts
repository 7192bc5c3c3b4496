/** The head of the page: what is looked at, how many are in which state, what they have spent. */

import type { Status } from './connection.js';
import { byId, el, setAttribute, setText } from './dom.js';
import { dollars, several, tokens } from './format.js';
import { icon, type Sign } from './icons.js';
import { type RunModel, signOf } from './run-model.js';

const SIGNS: readonly (readonly [Sign, string])[] = [
  ['asking', 'to approve'],
  ['running', 'running'],
  ['paused', 'paused'],
  ['queued', 'queued'],
  ['pending', 'pending'],
  ['completed', 'completed'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
];

const STATUS: Readonly<Record<Status | 'stored' | 'closed', string>> = {
  connecting: 'connecting',
  open: 'live',
  stored: 'stored run',
  closed: 'the run was closed',
  lost: 'connection lost, trying again',
  refused: 'the link is not valid: open the one that the program printed',
  away: 'resting while hidden',
};

export class HeaderView {
  readonly #chips = new Map<Sign, { readonly button: HTMLButtonElement; readonly number: HTMLElement }>();
  readonly #name = byId('run-name', HTMLElement);
  readonly #status = byId('status', HTMLElement);
  readonly #totals = byId('totals', HTMLElement);
  readonly #model: RunModel;
  #pressed: ReadonlySet<string> = new Set();
  #latest: Status = 'connecting';

  /** @param onFilter Told of the signs that are wanted; none for all. */
  constructor(model: RunModel, onFilter: (signs: ReadonlySet<string>) => void) {
    this.#model = model;
    const chips = byId('chips', HTMLElement);
    for (const [sign, label] of SIGNS) {
      const number = el('b', {}, '0');
      const button = el('button', { class: 'chip', type: 'button', 'data-sign': sign, 'aria-pressed': 'false' });
      button.append(icon(sign), number, ` ${label}`);
      button.hidden = true;
      button.addEventListener('click', () => {
        const pressed = new Set(this.#pressed);
        if (!pressed.delete(sign)) pressed.add(sign);
        this.#pressed = pressed;
        this.render();
        onFilter(pressed);
      });
      chips.append(button);
      this.#chips.set(sign, { button, number });
    }
  }

  set status(status: Status) {
    this.#latest = status;
    this.#showStatus();
  }

  get statusText(): string {
    return this.#status.textContent ?? '';
  }

  render(): void {
    this.#showStatus();
    const counts = new Map<Sign, number>();
    let spent = 0;
    let costUsd: number | undefined;
    for (const row of this.#model.rows.values()) {
      const sign = signOf(row);
      counts.set(sign, (counts.get(sign) ?? 0) + 1);
      spent += row.usage.totalTokens;
      if (row.usage.costUsd !== undefined) costUsd = (costUsd ?? 0) + row.usage.costUsd;
    }
    for (const [sign, { button, number }] of this.#chips) {
      const count = counts.get(sign) ?? 0;
      button.hidden = count === 0 && !this.#pressed.has(sign);
      setText(number, `${count}`);
      setAttribute(button, 'aria-pressed', `${this.#pressed.has(sign)}`);
    }
    const name = this.#model.hello?.name ?? '';
    setText(this.#name, name);
    const title = [counts.get('asking') ? `(${counts.get('asking')}) ` : '', name || 'troupe', ' · monitor'].join('');
    if (document.title !== title) document.title = title;
    this.#totals.hidden = this.#model.hello === undefined; // nothing is known yet
    const totals = [several(this.#model.rows.size, 'subagent'), `${tokens(spent)} tok`];
    setText(this.#totals, [...totals, ...(costUsd === undefined ? [] : [dollars(costUsd)])].join(' · '));
  }

  #showStatus(): void {
    const { hello, isOver } = this.#model;
    const quiet = hello?.kind === 'stored' ? 'stored' : isOver ? 'closed' : 'open';
    const status = this.#latest === 'open' ? quiet : this.#latest;
    setText(this.#status, STATUS[status]);
    setAttribute(this.#status, 'data-status', status);
  }
}
