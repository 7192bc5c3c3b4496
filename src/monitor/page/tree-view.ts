/** The tree of subagents: one line each, walked through by arrow keys. */

import type { Row } from '../protocol.js';
import { el, setAttribute, setAttributes, setText } from './dom.js';
import { duration, several, tokens } from './format.js';
import { icon, setIcon } from './icons.js';
import { type RunModel, signOf, titleOf } from './run-model.js';
import { type TreeFilter, type TreeItem, treeItems } from './tree-model.js';
import { VirtualList } from './virtual-list.js';

const LINE_HEIGHT = 52;
const PAGE = 10;

export interface TreeListeners {
  readonly onChoose: (id: string) => void;
  /** Enter, or a press: the person wants to see it. */
  readonly onOpen: (id: string) => void;
  /** A key that the tree itself has no use for. */
  readonly onKey: (key: string, id: string) => boolean;
}

export class TreeView {
  readonly #tree: HTMLElement;
  readonly #model: RunModel;
  readonly #listeners: TreeListeners;
  readonly #list: VirtualList<TreeLine>;
  readonly #collapsed = new Set<string>();
  #filter: Omit<TreeFilter, 'collapsed'> = { text: '', signs: new Set() };
  #items: readonly TreeItem[] = [];
  #queue: readonly string[] = [];
  #chosen: string | undefined;

  constructor(tree: HTMLElement, model: RunModel, listeners: TreeListeners) {
    this.#tree = tree;
    this.#model = model;
    this.#listeners = listeners;
    this.#list = new VirtualList({
      viewport: tree,
      lineHeight: LINE_HEIGHT,
      make: () => new TreeLine(),
      fill: (line, index) => this.#fill(line, index),
    });
    tree.addEventListener('keydown', (event) => this.#onKey(event));
    tree.addEventListener('click', (event) => this.#onClick(event));
  }

  get items(): readonly TreeItem[] {
    return this.#items;
  }

  set filter(filter: Omit<TreeFilter, 'collapsed'>) {
    this.#filter = filter;
    this.render();
  }

  set chosen(id: string | undefined) {
    this.#chosen = id;
    this.render();
  }

  render(): void {
    this.#items = treeItems(this.#model.sorted, { ...this.#filter, collapsed: this.#collapsed });
    this.#queue = this.#model.queue;
    this.#list.update(this.#items.length);
    const at = this.#items.findIndex(({ row }) => row.id === this.#chosen);
    setAttribute(this.#tree, 'aria-activedescendant', at < 0 ? undefined : lineId(at));
  }

  /** It may stand behind another part of the page. */
  get isShown(): boolean {
    return this.#tree.offsetParent !== null;
  }

  #fill(line: TreeLine, index: number): void {
    const item = this.#items[index];
    if (!item) return;
    const place = this.#queue.indexOf(item.row.id) + 1;
    line.show(item, index, { isChosen: item.row.id === this.#chosen, place, now: this.#model.now });
  }

  #onClick(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : undefined;
    const line = target?.closest('[data-index]');
    const item = line instanceof HTMLElement ? this.#items[Number(line.dataset.index)] : undefined;
    if (!item) return;
    if (target?.closest('.twisty') && item.childCount > 0) {
      this.#fold(item, !item.isExpanded);
      return;
    }
    this.#listeners.onChoose(item.row.id);
    this.#listeners.onOpen(item.row.id);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.#items.findIndex(({ row }) => row.id === this.#chosen);
    const item = this.#items[at];
    const isKnown = this.#move(event.key, at) || (item !== undefined && this.#act(event.key, item));
    if (isKnown) event.preventDefault();
  }

  #move(key: string, at: number): boolean {
    const last = this.#items.length - 1;
    const goals: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? 0 : at - 1,
      Home: 0,
      End: last,
      PageDown: at + PAGE,
      PageUp: at - PAGE,
    };
    const goal = goals[key];
    if (goal === undefined) return false;
    this.#go(Math.min(last, Math.max(0, goal)));
    return true;
  }

  #act(key: string, item: TreeItem): boolean {
    if (key === 'ArrowRight') {
      if (item.childCount > 0 && !item.isExpanded) this.#fold(item, true);
      else if (item.isExpanded) this.#go(this.#items.indexOf(item) + 1);
      return true;
    }
    if (key === 'ArrowLeft') {
      if (item.isExpanded) this.#fold(item, false);
      else if (item.parentIndex >= 0) this.#go(item.parentIndex);
      return true;
    }
    if (key === 'Enter' || key === ' ') {
      this.#listeners.onOpen(item.row.id);
      return true;
    }
    return this.#listeners.onKey(key, item.row.id);
  }

  #go(index: number): void {
    const item = this.#items[index];
    if (!item) return;
    this.#listeners.onChoose(item.row.id);
    this.#list.reveal(index);
  }

  #fold({ row }: TreeItem, isExpanded: boolean): void {
    if (isExpanded) this.#collapsed.delete(row.id);
    else this.#collapsed.add(row.id);
    this.render();
  }
}

function lineId(index: number): string {
  return `line-${index}`;
}

interface Shown {
  readonly isChosen: boolean;
  /** In the queue, from 1; 0 for one that is not in it. */
  readonly place: number;
  readonly now: number;
}

class TreeLine extends HTMLElement {
  readonly #twisty = icon('collapsed');
  readonly #sign = icon();
  readonly #title = el('span', { class: 'title' });
  readonly #id = el('span', { class: 'id' });
  readonly #doing = el('span', { class: 'doing' });
  readonly #tokens = el('span', { class: 'number' });
  readonly #time = el('span', { class: 'number' });

  constructor() {
    super();
    this.className = 'line';
    setAttribute(this, 'role', 'treeitem');
    const twisty = el('span', { class: 'twisty' }, this.#twisty);
    const sign = el('span', { class: 'sign' }, this.#sign);
    const names = el('span', { class: 'names-of-line' }, this.#title, this.#id);
    const first = el('span', { class: 'first' }, names, this.#tokens);
    const second = el('span', { class: 'second' }, this.#doing, this.#time);
    this.append(twisty, sign, el('span', { class: 'words' }, first, second));
  }

  show(
    { row, level, childCount, isExpanded, isContext, position, siblings }: TreeItem,
    index: number,
    shown: Shown,
  ): void {
    const sign = signOf(row);
    setAttributes(this, {
      id: lineId(index),
      'data-index': index,
      'data-sign': sign,
      'data-id': row.id,
      'aria-level': level,
      'aria-posinset': position,
      'aria-setsize': siblings,
      'aria-selected': `${shown.isChosen}`,
      'aria-expanded': childCount > 0 ? `${isExpanded}` : undefined,
      'data-context': isContext,
      'aria-label': `${titleOf(row)}, ${row.id}, ${spoken(row, shown.place)}`,
    });
    this.style.setProperty('--level', `${level - 1}`);
    setIcon(this.#twisty, childCount === 0 ? '' : isExpanded ? 'expanded' : 'collapsed');
    setIcon(this.#sign, sign);
    setText(this.#title, titleOf(row));
    setText(this.#id, row.id === titleOf(row) ? '' : row.id);
    setText(this.#doing, doing(row, shown.place));
    setText(this.#tokens, row.usage.totalTokens > 0 ? `${tokens(row.usage.totalTokens)} tok` : '');
    setText(this.#time, sign === 'pending' ? '' : duration((row.endedAt ?? shown.now) - row.createdAt));
  }
}
customElements.define('tree-line', TreeLine);

/** What its line says that it does. */
export function doing(row: Row, place: number): string {
  const { state, activity, error, by, requests } = row;
  if (state === 'failed') return error ? `${error.code}: ${error.message}` : 'failed';
  if (state === 'cancelled') return by && by !== 'user' ? `cancelled by ${by}` : 'cancelled';
  if (state === 'completed') return several(row.turn, 'turn');
  if (place > 0) return place === 1 ? 'next in the queue' : `number ${place} in the queue`;
  if (requests.length > 0) return `approve ${requests.map(({ toolName }) => toolName).join(', ')}?`;
  const turn = row.turn > 0 ? ` · turn ${row.turn}` : '';
  if (activity.type === 'requesting_llm') return `asks the model${turn}`;
  if (activity.type === 'calling_tool') return activity.label;
  if (activity.type === 'waiting_for_control') return activity.label || state;
  return state === 'running' ? `works${turn}` : state;
}

function spoken(row: Row, place: number): string {
  const text = doing(row, place);
  return text === row.state ? text : `${row.state}, ${text}`;
}
