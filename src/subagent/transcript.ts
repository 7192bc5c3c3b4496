/** The conversation of one subagent: what was said and what tools gave back, in the order a model must see it. */

import type { Message, ModelToolCall } from '../domain/message.js';

/** What was added to a transcript, as it is told to whoever keeps it. */
export type TranscriptEntry =
  | { readonly type: 'said'; readonly message: Exclude<Message, { role: 'tool' }>; readonly steered?: boolean }
  | { readonly type: 'settled'; readonly callId: string; readonly content: string; readonly isError: boolean };

type ToolMessage = Extract<Message, { role: 'tool' }>;

const UNSETTLED = '(no result yet)';

export class Transcript {
  readonly #messages: Message[] = [];
  /** Told of everything that is added. */
  onEntry: ((entry: TranscriptEntry) => void) | undefined;
  /** Where the result of each call that is not settled belongs. */
  readonly #openCalls = new Map<string, number>();

  /** All messages, oldest first. Results stand behind the answer that asked for them, in the order of its calls. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** For a provider, which may mark them up. */
  copies(): Message[] {
    return this.#messages.map((message) => ({ ...message }));
  }

  addUser(content: string, steered = false): void {
    const message = { role: 'user' as const, content };
    this.#messages.push(message);
    this.onEntry?.({ type: 'said', message, ...(steered ? { steered } : {}) });
  }

  /** Adds an answer and keeps a place for the result of each of its calls. */
  addAnswer(content: string, toolCalls: readonly ModelToolCall[]): void {
    const message = { role: 'assistant' as const, content, ...(toolCalls.length > 0 ? { toolCalls } : {}) };
    this.#messages.push(message);
    this.onEntry?.({ type: 'said', message });
    for (const { id } of toolCalls) {
      this.#openCalls.set(id, this.#messages.length);
      this.#messages.push({ role: 'tool', toolCallId: id, content: UNSETTLED });
    }
  }

  /** Puts the result of a call into its place; a second result for the same call is dropped. */
  settle(toolCallId: string, content: string, isError: boolean): void {
    const at = this.#openCalls.get(toolCallId);
    if (at === undefined) return;
    this.#openCalls.delete(toolCallId);
    const message: ToolMessage = { role: 'tool', toolCallId, content };
    this.#messages[at] = isError ? { ...message, isError } : message;
    this.onEntry?.({ type: 'settled', callId: toolCallId, content, isError });
  }
}
