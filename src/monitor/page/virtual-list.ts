/** A long list of equally high lines, of which only those that can be seen are in the page. */

import { el } from './dom.js';

/** Lines beyond the visible ones, so that scrolling shows no holes. */
const OVERSCAN = 6;

export interface VirtualListOptions<Line extends HTMLElement> {
  /** Scrolls; its content is ours. */
  readonly viewport: HTMLElement;
  /** Of a line, in px. */
  readonly lineHeight: number;
  /** An empty line. */
  readonly make: () => Line;
  /** Makes a line show what stands at that place. */
  readonly fill: (line: Line, index: number) => void;
}

export class VirtualList<Line extends HTMLElement> {
  readonly #options: VirtualListOptions<Line>;
  readonly #space = el('div', { class: 'space', role: 'presentation' });
  readonly #lines: Line[] = [];
  #count = 0;
  #isDue = false;

  constructor(options: VirtualListOptions<Line>) {
    this.#options = options;
    options.viewport.append(this.#space);
    options.viewport.addEventListener('scroll', () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#soon()).observe(options.viewport);
  }

  get isAtEnd(): boolean {
    const { scrollTop, clientHeight, scrollHeight } = this.#options.viewport;
    return scrollHeight - scrollTop - clientHeight < this.#options.lineHeight;
  }

  /** Shows the list anew. */
  update(count: number): void {
    if (count !== this.#count) {
      this.#count = count;
      this.#space.style.height = `${count * this.#options.lineHeight}px`;
    }
    this.#show();
  }

  scrollToEnd(): void {
    this.#options.viewport.scrollTop = this.#count * this.#options.lineHeight;
  }

  /** Scrolls as little as needed. */
  reveal(index: number): void {
    const { viewport, lineHeight } = this.#options;
    const top = index * lineHeight;
    if (top < viewport.scrollTop) viewport.scrollTop = top;
    else if (top + lineHeight > viewport.scrollTop + viewport.clientHeight) {
      viewport.scrollTop = top + lineHeight - viewport.clientHeight;
    }
    this.#show();
  }

  #soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#show();
    });
  }

  #show(): void {
    const { viewport, lineHeight, make, fill } = this.#options;
    const first = Math.max(0, Math.floor(viewport.scrollTop / lineHeight) - OVERSCAN);
    const wanted = Math.ceil(viewport.clientHeight / lineHeight) + 2 * OVERSCAN;
    const last = Math.min(this.#count, first + wanted);
    while (this.#lines.length < last - first) {
      const line = make();
      this.#lines.push(line);
      this.#space.append(line);
    }
    for (const [at, line] of this.#lines.entries()) {
      const index = first + at;
      line.hidden = index >= last;
      if (line.hidden) continue;
      line.style.transform = `translateY(${index * lineHeight}px)`;
      fill(line, index);
    }
  }
}
