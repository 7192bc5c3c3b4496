/** What a subagent was given, what it plans, and how it ended. */

import type { Row } from '../protocol.js';
import { el } from './dom.js';
import type { FocusModel } from './focus-model.js';
import { count, dayAndClock, duration, pretty } from './format.js';

export class AboutView {
  readonly #root: HTMLElement;
  #shown = '';

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  show(row: Row, { id, version, transcript }: FocusModel): void {
    const key = `${id} ${version} ${row.updatedAt}`;
    if (key === this.#shown) return;
    this.#shown = key;
    const { end, tasks, config } = transcript;
    const { usage } = row;
    const facts: readonly (readonly [string, string | undefined])[] = [
      ['Spawned', dayAndClock(row.createdAt)],
      ['Ended', row.endedAt === undefined ? undefined : dayAndClock(row.endedAt)],
      ['Ended by', row.by],
      ['Took', end && duration(end.durationMs)],
      ['Tokens', `${count(usage.inputTokens)} in, ${count(usage.outputTokens)} out`],
      ['Cached tokens', usage.cachedTokens === undefined ? undefined : count(usage.cachedTokens)],
      ['Requests', requests(usage)],
      ['Repairs', usage.repairs > 0 ? `${usage.repairs}` : undefined],
    ];
    this.#root.replaceChildren(
      ...(end ? [el('h3', {}, 'Outcome'), outcome(end)] : []),
      ...(tasks.length > 0 ? [el('h3', {}, 'Tasks'), taskList(tasks)] : []),
      el('h3', {}, 'Facts'),
      el(
        'dl',
        { class: 'table' },
        ...facts.flatMap(([name, value]) => (value === undefined ? [] : [el('dt', {}, name), el('dd', {}, value)])),
      ),
      el('h3', {}, 'Config'),
      el('pre', {}, pretty(config)),
    );
  }
}

function requests({ requests: sent, unknownRequests, estimatedTokens = 0 }: Row['usage']): string {
  if (unknownRequests === 0) return `${sent}`;
  const estimate = estimatedTokens > 0 ? `, some ${count(estimatedTokens)} tokens` : '';
  return `${sent}, ${unknownRequests} of unknown cost${estimate}`;
}

function outcome({ output, error }: NonNullable<FocusModel['transcript']['end']>): HTMLElement {
  const box = el('div', { class: 'outcome' });
  if (error) box.append(el('p', { class: 'error' }, `${error.code}: ${error.message}`));
  if (output) box.append(el('div', { class: 'text' }, output));
  return box;
}

function taskList(tasks: FocusModel['transcript']['tasks']): HTMLElement {
  return el(
    'ul',
    { class: 'tasks' },
    ...tasks.map(({ content, status }) =>
      el('li', { 'data-status': status }, content, el('small', {}, status.replace('_', ' '))),
    ),
  );
}
