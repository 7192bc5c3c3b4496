/** What of a stored run could not be read: said where nobody can overlook it. */

import { byId, el, setText } from './dom.js';
import { several } from './format.js';

/** More are folded away. */
const MAX_OPEN = 2;

export class ProblemsView {
  readonly #box = byId('problems', HTMLDetailsElement);
  readonly #says = byId('problems-says', HTMLElement);
  readonly #list = byId('problems-list', HTMLElement);
  #shown = '';

  /** @returns whether there are some that were not shown before. */
  show(problems: readonly string[]): boolean {
    const key = JSON.stringify(problems);
    if (key === this.#shown) return false;
    this.#shown = key;
    this.#box.hidden = problems.length === 0;
    this.#box.open = problems.length <= MAX_OPEN;
    setText(this.#says, this.text(problems));
    this.#list.replaceChildren(...problems.map((problem) => el('li', {}, problem)));
    return problems.length > 0;
  }

  text(problems: readonly string[]): string {
    return `${several(problems.length, 'part')} of this run could not be read; all else is shown.`;
  }
}
