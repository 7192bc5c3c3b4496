/** What is remembered of the events of a run, to be drawn at any time: the track of each subagent and its last words. */

import type { Observable, Subscription } from 'rxjs';
import type { AgentEvent } from '../../events/index.js';
import { follow, NEW_TRACK, type Track } from './timeline.js';
import { callText } from './tree.js';

/** Of each; older ones are forgotten. */
const MAX_CHARACTERS = 4_000;

export class Watch {
  readonly #tracks = new Map<string, Track>();
  readonly #words = new Map<string, string>();
  readonly #subscription: Subscription;

  constructor(events$: Observable<AgentEvent>) {
    this.#subscription = events$.subscribe((event) => {
      if (!('subagentId' in event) || event.type === 'gap') return;
      const { subagentId } = event;
      this.#tracks.set(subagentId, follow(this.#tracks.get(subagentId) ?? NEW_TRACK, event));
      const text = wordsOf(event);
      if (text !== '') this.#words.set(subagentId, `${this.wordsOf(subagentId)}${text}`.slice(-MAX_CHARACTERS));
    });
  }

  get tracks(): ReadonlyMap<string, Track> {
    return this.#tracks;
  }

  wordsOf(id: string): string {
    return this.#words.get(id) ?? '';
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }
}

function wordsOf(event: AgentEvent): string {
  switch (event.type) {
    case 'text_delta':
      return event.text;
    case 'tool_start':
      return `\n-> ${callText(event.toolName, event.args)}\n`;
    case 'tool_end':
      return event.isError ? `\n${event.toolName} failed: ${event.toolOutput ?? ''}\n` : '';
    default:
      return '';
  }
}
