/** What was said and done, as text that grows: nothing is drawn again that has not changed. */

import { el, setAttribute, setText } from './dom.js';
import { clock, duration, pretty } from './format.js';
import { icon, setIcon } from './icons.js';
import type { Block, ToolCall, Transcript, TurnBlock } from './transcript.js';

/** Of one text; what is longer is cut in the page, not in the run. */
const MAX_SHOWN = 200_000;

export class ConversationView {
  readonly #root: HTMLElement;
  #transcript: Transcript | undefined;
  readonly #shown = new Map<Block, TurnView | undefined>();

  /** @param root Scrolls. */
  constructor(root: HTMLElement) {
    this.#root = root;
  }

  show(transcript: Transcript, now: number): void {
    const isAtEnd = this.#root.scrollHeight - this.#root.scrollTop - this.#root.clientHeight < 40;
    const isNew = transcript !== this.#transcript;
    if (isNew) {
      this.#transcript = transcript;
      this.#shown.clear();
      this.#root.replaceChildren();
      for (const block of transcript.blocks) this.#update(block, now);
    } else {
      for (const block of transcript.dirty) this.#update(block, now);
    }
    transcript.dirty.clear();
    for (const view of this.#shown.values()) view?.tick(now);
    if (isNew || isAtEnd) this.#root.scrollTop = this.#root.scrollHeight;
  }

  #update(block: Block, now: number): void {
    if (this.#shown.has(block)) {
      this.#shown.get(block)?.update(now);
      return;
    }
    if (block.kind === 'turn') {
      const view = new TurnView(block);
      this.#shown.set(block, view);
      this.#root.append(view.element);
      view.update(now);
      return;
    }
    this.#shown.set(block, undefined);
    this.#root.append(
      block.kind === 'note'
        ? el(
            'p',
            { class: 'note', 'data-tone': block.tone },
            ...(block.time === undefined ? [] : [el('time', {}, clock(block.time)), ' ']),
            block.text,
          )
        : el(
            'section',
            { class: `said ${block.kind}` },
            el('h3', {}, block.title),
            el('div', { class: 'text' }, cut(block.text)),
          ),
    );
  }
}

class TurnView {
  readonly element: HTMLElement;
  readonly #turn: TurnBlock;
  readonly #time = el('span', { class: 'number' });
  readonly #reasoning = new GrowingText('reasoning');
  readonly #text = new GrowingText('text');
  readonly #calls = el('div', { class: 'calls' });
  readonly #views: CallView[] = [];

  constructor(turn: TurnBlock) {
    this.#turn = turn;
    const title = turn.turn > 0 ? `Turn ${turn.turn}` : 'A turn that began earlier';
    const head = el('h3', {}, title, this.#time);
    this.element = el(
      'section',
      { class: 'said turn' },
      head,
      this.#reasoning.element,
      this.#text.element,
      this.#calls,
    );
  }

  update(now: number): void {
    const { reasoning, text, calls, restarts } = this.#turn;
    this.#reasoning.show(reasoning, restarts);
    this.#text.show(text, restarts);
    for (const [index, call] of calls.entries()) {
      const view = this.#views[index] ?? new CallView(call);
      if (!this.#views[index]) {
        this.#views.push(view);
        this.#calls.append(view.element);
      }
      view.update();
    }
    this.tick(now);
  }

  /** Times go on without events. */
  tick(now: number): void {
    const { startedAt, endedAt } = this.#turn;
    setText(this.#time, duration((endedAt ?? Math.max(now, startedAt)) - startedAt));
    setAttribute(this.element, 'data-open', endedAt === undefined);
    for (const view of this.#views) view.tick(now);
  }
}

/** Appends what is new; what was shown before stays as it is, selected or not. */
class GrowingText {
  readonly element: HTMLElement;
  readonly #node = document.createTextNode('');
  #shown = 0;
  #restarts = 0;

  constructor(name: string) {
    this.element = el('div', { class: name }, this.#node);
    this.element.hidden = true;
  }

  show(text: string, restarts: number): void {
    this.element.hidden = text === '';
    if (restarts !== this.#restarts || text.length < this.#shown) {
      this.#restarts = restarts;
      this.#node.data = '';
      this.#shown = 0;
    }
    if (text.length === this.#shown || this.#shown >= MAX_SHOWN) return;
    this.#node.appendData(text.length > MAX_SHOWN ? cut(text).slice(this.#shown) : text.slice(this.#shown));
    this.#shown = Math.min(text.length, MAX_SHOWN);
  }
}

class CallView {
  readonly element: HTMLDetailsElement;
  readonly #call: ToolCall;
  readonly #sign = icon('running');
  readonly #time = el('span', { class: 'number' });
  readonly #outputTitle = el('h4', {}, 'Output');
  readonly #output = new GrowingText('output');

  constructor(call: ToolCall) {
    this.#call = call;
    const name = el('b', {}, call.toolName);
    const about = el('span', { class: 'about' }, aboutOf(call.args));
    const summary = el('summary', {}, el('span', { class: 'sign' }, this.#sign), name, about, this.#time);
    this.element = el('details', { class: 'call' }, summary);
    if (call.args !== undefined) {
      this.element.append(el('h4', {}, 'Arguments'), el('pre', {}, cut(pretty(call.args))));
    }
    this.element.append(this.#outputTitle, this.#output.element);
    this.element.open = call.status === 'running';
  }

  update(): void {
    const { status, output, restarts, exitCode } = this.#call;
    const sign = status === 'running' ? 'running' : status === 'failed' ? 'failed' : 'completed';
    if (this.element.dataset.sign === 'running' && status === 'done') this.element.open = false;
    if (status === 'failed') this.element.open = true;
    setAttribute(this.element, 'data-sign', sign);
    setIcon(this.#sign, sign);
    setAttribute(
      this.#sign.parentElement as Element,
      'title',
      exitCode === undefined ? status : `exit code ${exitCode}`,
    ); // made in the constructor
    this.#outputTitle.hidden = output === '';
    this.#output.show(output, restarts);
  }

  tick(now: number): void {
    const { durationMs, startedAt } = this.#call;
    setText(this.#time, duration(durationMs ?? Math.max(0, now - startedAt)));
  }
}

function aboutOf(args: unknown): string {
  if (args === undefined || args === null) return '';
  const text = typeof args === 'object' ? Object.values(args).map(oneLine).join('  ') : oneLine(args);
  return text.slice(0, 300);
}

function oneLine(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 300).replace(/\s+/g, ' ');
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}\n… ${text.length - MAX_SHOWN} more characters`;
}
