/** Who did what when: one line for each subagent of the tree, drawn as far as it can be seen. */

import type { Row, Span, SpanKind } from '../protocol.js';
import { byId, el, setAttribute, setText } from './dom.js';
import { clock, duration, several } from './format.js';
import { type RunModel, titleOf } from './run-model.js';
import type { TreeItem } from './tree-model.js';

const LINE = 20;
const AXIS = 24;
const KINDS: readonly SpanKind[] = ['model', 'tool', 'approval', 'queued', 'paused', 'retry'];
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400].map(
  (s) => s * 1000,
);

type Colours = Readonly<Record<SpanKind | 'ink' | 'soft' | 'line' | 'chosen' | 'life' | 'panel', string>>;

export interface TimelineListeners {
  readonly onChoose: (id: string) => void;
}

export class TimelineView {
  readonly #frame = byId('timeline', HTMLElement);
  readonly #tip = byId('timeline-tip', HTMLElement);
  readonly #range = byId('time-range', HTMLSelectElement);
  readonly #canvas = el('canvas', { 'aria-hidden': 'true' });
  readonly #space = el('div', { class: 'space' });
  readonly #model: RunModel;
  #items: readonly TreeItem[] = [];
  #chosen: string | undefined;
  #colours: Colours | undefined;
  #isDue = false;

  constructor(model: RunModel, { onChoose }: TimelineListeners) {
    this.#model = model;
    this.#frame.append(this.#canvas, this.#space);
    this.#frame.addEventListener('scroll', () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#soon()).observe(this.#frame);
    this.#range.addEventListener('change', () => this.#soon());
    this.#frame.addEventListener('click', (event) => {
      const item = this.#itemAt(event);
      if (item) onChoose(item.row.id);
    });
    this.#frame.addEventListener('pointermove', (event) => this.#showTip(event));
    this.#frame.addEventListener('pointerleave', () => {
      this.#tip.hidden = true;
    });
  }

  render(items: readonly TreeItem[], chosen: string | undefined): void {
    this.#items = items;
    this.#chosen = chosen;
    this.#space.style.height = `${AXIS + items.length * LINE}px`;
    setAttribute(
      this.#frame,
      'aria-label',
      `Who did what when: ${several(items.length, 'line')}, in the order of the tree`,
    );
    this.#soon();
  }

  themeChanged(): void {
    this.#colours = undefined;
    this.#soon();
  }

  #soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  get #gutter(): number {
    return this.#frame.clientWidth < 640 ? 120 : 190;
  }

  /** First and last moment that are shown. */
  #times(): readonly [number, number] {
    const { rows, now } = this.#model;
    let first = now;
    let last = 0;
    for (const { createdAt, endedAt } of rows.values()) {
      if (createdAt < first) first = createdAt;
      last = Math.max(last, endedAt ?? now);
    }
    const until = last || now;
    const window = Number(this.#range.value);
    return [window > 0 ? until - window : Math.min(first, until - 1_000), until];
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height, scrollTop } = this.#frame;
    const context = this.#canvas.getContext('2d');
    if (!context || width === 0 || height === 0) return;
    const ratio = devicePixelRatio;
    if (this.#canvas.width !== Math.round(width * ratio) || this.#canvas.height !== Math.round(height * ratio)) {
      this.#canvas.width = Math.round(width * ratio);
      this.#canvas.height = Math.round(height * ratio);
      this.#canvas.style.width = `${width}px`;
      this.#canvas.style.height = `${height}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    if (this.#items.length === 0) return;
    const [from, to] = this.#times();
    const xOf = (time: number) => this.#gutter + ((time - from) / (to - from)) * (width - this.#gutter - 12);
    const first = Math.max(0, Math.floor(scrollTop / LINE));
    const last = Math.min(this.#items.length, Math.ceil((scrollTop + height) / LINE));
    for (let index = first; index < last; index++) {
      const item = this.#items[index];
      if (item) this.#drawLine(context, item, { y: AXIS + index * LINE - scrollTop, width, xOf, to });
    }
    this.#drawAxis(context, from, to, xOf, width, height);
  }

  #drawLine(
    context: CanvasRenderingContext2D,
    { row, level }: TreeItem,
    { y, width, xOf, to }: { y: number; width: number; xOf: (time: number) => number; to: number },
  ): void {
    const colours = this.#colour();
    const gutter = this.#gutter;
    if (row.id === this.#chosen) {
      context.fillStyle = colours.chosen;
      context.fillRect(0, y, width, LINE);
    }
    context.fillStyle = colours.ink;
    const indent = 12 + Math.min(level - 1, 5) * 10;
    context.fillText(fitted(context, titleOf(row), gutter - 8 - indent), indent, y + LINE / 2);
    context.save();
    context.beginPath();
    context.rect(gutter, y, width - gutter, LINE);
    context.clip();
    context.fillStyle = colours.life;
    const end = row.endedAt ?? to;
    context.fillRect(xOf(row.createdAt), y + LINE / 2 - 0.5, Math.max(1, xOf(end) - xOf(row.createdAt)), 1);
    const kept = keptFrom(row);
    if (kept > row.createdAt) context.fillRect(xOf(row.createdAt), y + 6, xOf(kept) - xOf(row.createdAt), LINE - 12);
    // A pause lies over what is still in flight in it.
    const spans = row.spans.toSorted((a, b) => Number(a.kind === 'paused') - Number(b.kind === 'paused'));
    for (const span of spans) {
      const x = xOf(span.from);
      const w = Math.max(1.5, xOf(span.to ?? end) - x);
      const [top, height] = span.kind === 'queued' ? [8, 4] : span.kind === 'paused' ? [11, 6] : [4, LINE - 8];
      if (span.kind === 'paused') {
        context.fillStyle = colours.panel;
        context.fillRect(x, y + top - 1.5, w, 1.5);
      }
      context.fillStyle = colours[span.kind];
      context.beginPath();
      context.roundRect(x, y + top, w, height, Math.min(3, w / 2));
      context.fill();
    }
    context.restore();
  }

  #drawAxis(
    context: CanvasRenderingContext2D,
    from: number,
    to: number,
    xOf: (time: number) => number,
    width: number,
    height: number,
  ): void {
    const colours = this.#colour();
    context.clearRect(0, 0, width, AXIS);
    const wanted = (to - from) / Math.max(2, (width - this.#gutter) / 110);
    const step = STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / 86_400_000) * 86_400_000;
    context.strokeStyle = colours.line;
    context.fillStyle = colours.soft;
    context.beginPath();
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
      const x = Math.round(xOf(time)) + 0.5;
      context.moveTo(x, AXIS - 5);
      context.lineTo(x, height);
      if (x < width - 64)
        context.fillText(
          step < 1000 ? `${clock(time)}.${Math.floor((time % 1000) / 100)}` : clock(time),
          x + 4,
          AXIS / 2,
        );
    }
    context.moveTo(0, AXIS + 0.5);
    context.lineTo(width, AXIS + 0.5);
    context.globalAlpha = 0.6;
    context.stroke();
    context.globalAlpha = 1;
  }

  #colour(): Colours {
    if (this.#colours) return this.#colours;
    const probe = el('i');
    this.#frame.append(probe);
    const of = (name: string) => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color; // resolved, which a custom property by itself is not
    };
    const kinds = Object.fromEntries(KINDS.map((kind) => [kind, of(`span-${kind}`)])) as Record<SpanKind, string>; // one each
    this.#colours = {
      ...kinds,
      ink: of('ink'),
      soft: of('soft'),
      line: of('line'),
      chosen: of('chosen'),
      life: of('edge'),
      panel: of('panel'),
    };
    probe.remove();
    return this.#colours;
  }

  #itemAt(event: MouseEvent): TreeItem | undefined {
    const y = event.clientY - this.#frame.getBoundingClientRect().top - AXIS + this.#frame.scrollTop;
    return event.clientY - this.#frame.getBoundingClientRect().top < AXIS
      ? undefined
      : this.#items[Math.floor(y / LINE)];
  }

  #showTip(event: PointerEvent): void {
    const item = this.#itemAt(event);
    const box = this.#frame.getBoundingClientRect();
    const [from, to] = this.#times();
    const x = event.clientX - box.left - this.#gutter;
    const time = from + (x / (box.width - this.#gutter - 12)) * (to - from);
    const slack = ((to - from) / box.width) * 3;
    const isIn = (span: Span) => span.from - slack <= time && time <= (span.to ?? to) + slack;
    const span = x >= 0 ? item?.row.spans.findLast(isIn) : undefined;
    this.#tip.hidden = item === undefined;
    if (!item) return;
    const isForgotten = item.row.createdAt <= time && time < keptFrom(item.row);
    const rest = isForgotten ? ' · what it did so early is not kept' : '';
    const what = span ? ` · ${span.label} · ${duration((span.to ?? to) - span.from)}` : rest;
    setText(this.#tip, `${titleOf(item.row)}${what}`);
    this.#tip.style.left = `${Math.min(event.clientX + 12, innerWidth - 260)}px`;
    this.#tip.style.top = `${event.clientY - 34}px`;
  }
}

/** From when on it is known what it did: of one that did much, the oldest is forgotten. */
function keptFrom({ spans: [first], createdAt }: Row): number {
  return first && first.no > 1 ? first.from : createdAt;
}

/** Cut where it is wider than that, in px. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let [fits, tooLong] = [0, Math.min(text.length, width)]; // no letter is narrower than a px
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) fits = middle;
    else tooLong = middle;
  }
  return `${text.slice(0, fits).trimEnd()}…`;
}
