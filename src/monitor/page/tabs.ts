/** The views of the chosen subagent: one at a time, and the chart beside it where there is room. */

import { byId, setAttribute } from './dom.js';

export type TabName = 'talk' | 'chart' | 'events' | 'about';

interface Tab {
  readonly name: TabName;
  readonly button: HTMLButtonElement;
  readonly panel: HTMLElement;
}

export class Tabs {
  readonly #tabs: readonly Tab[];
  readonly #wide = matchMedia('(min-width: 1700px)');
  readonly #onChange: () => void;
  #chosen: TabName = 'talk';

  constructor(names: readonly TabName[], onChange: () => void) {
    this.#onChange = onChange;
    this.#tabs = names.map((name) => ({
      name,
      button: byId(`tab-${name}`, HTMLButtonElement),
      panel: byId(`panel-${name}`, HTMLElement),
    }));
    for (const { name, button } of this.#tabs) {
      button.addEventListener('click', () => this.choose(name));
      button.addEventListener('keydown', (event) => this.#onKey(event));
    }
    this.#wide.addEventListener('change', () => this.#show());
    this.#show(false);
  }

  get chosen(): TabName {
    return this.#chosen === 'chart' && this.isWide ? 'talk' : this.#chosen;
  }

  /** There is room for the chart beside another view. */
  get isWide(): boolean {
    return this.#wide.matches;
  }

  choose(name: TabName): void {
    this.#chosen = name;
    this.#show();
  }

  #onKey(event: KeyboardEvent): void {
    const shown = this.#tabs.filter(({ button }) => !button.hidden);
    const at = shown.findIndex(({ name }) => name === this.chosen);
    const goals: Readonly<Record<string, number>> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 };
    const goal = goals[event.key];
    const tab = goal === undefined ? undefined : shown.at(goal % shown.length);
    if (!tab) return;
    event.preventDefault();
    this.choose(tab.name);
    tab.button.focus();
  }

  #show(isNews = true): void {
    for (const { name, button, panel } of this.#tabs) {
      const isChosen = name === this.chosen;
      setAttribute(button, 'aria-selected', `${isChosen}`);
      setAttribute(button, 'tabindex', isChosen ? 0 : -1);
      button.hidden = name === 'chart' && this.isWide;
      panel.hidden = !isChosen && !(name === 'chart' && this.isWide);
    }
    if (isNews) this.#onChange();
  }
}
