/** The conversation of one subagent: what was said and what tools gave back, in the order a model must see it. */

import type { Message, ModelToolCall } from '../domain/message.js';

/** What was added to a transcript, as it is told to whoever keeps it. */
export type TranscriptEntry =
  | { readonly type: 'said'; readonly message: Exclude<Message, { role: 'tool' }>; readonly steered?: boolean }
  | { readonly type: 'settled'; readonly callId: string; readonly content: string; readonly isError: boolean };

type ToolMessage = Extract<Message, { role: 'tool' }>;

const UNSETTLED = '(no result yet)';

/** What was added since the messages were let go. */
interface Absence {
  /** Entries that had been added before. */
  readonly entryCount: number;
  readonly since: TranscriptEntry[];
}

export class Transcript {
  #messages: Message[] = [];
  /** Told of everything that is added. */
  onEntry: ((entry: TranscriptEntry) => void) | undefined;
  /** Where the result of each call that is not settled belongs. */
  #openCalls = new Map<string, number>();
  #length = 0;
  #entryCount = 0;
  #absence: Absence | undefined;

  /**
   * All messages, oldest first. Results stand behind the answer that asked for them, in the order of its calls. Not to be read
   * while they are away.
   */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** For a provider, which may mark them up. */
  copies(): Message[] {
    return this.#messages.map((message) => ({ ...message }));
  }

  /** How many messages there are, in memory or not. */
  get length(): number {
    return this.#length;
  }

  /** The messages are not in memory. What is added meanwhile finds its place when they are back. */
  get isAway(): boolean {
    return this.#absence !== undefined;
  }

  addUser(content: string, steered = false): void {
    const message = { role: 'user' as const, content };
    this.#add({ type: 'said', message, ...(steered ? { steered } : {}) });
  }

  /** Adds an answer and keeps a place for the result of each of its calls. */
  addAnswer(content: string, toolCalls: readonly ModelToolCall[]): void {
    this.#add({
      type: 'said',
      message: { role: 'assistant', content, ...(toolCalls.length > 0 ? { toolCalls } : {}) },
    });
  }

  /** Puts the result of a call into its place; a second result for the same call is dropped. */
  settle(toolCallId: string, content: string, isError: boolean): void {
    this.#add({ type: 'settled', callId: toolCallId, content, isError });
  }

  /** Lets the messages go. */
  leave(): void {
    this.#absence ??= { entryCount: this.#entryCount, since: [] };
    this.#messages = [];
  }

  /**
   * Takes the messages back.
   * @param entries All that were told before they left; later ones are passed over, as they are known.
   * @returns whether they fit: if not, nothing has changed.
   */
  comeBack(entries: readonly TranscriptEntry[]): boolean {
    if (!this.#absence) return true;
    const { entryCount, since } = this.#absence;
    const whole = new Transcript();
    for (const entry of entries) if (whole.#entryCount < entryCount) whole.#add(entry);
    for (const entry of since) whole.#add(entry);
    const isSame = whole.#entryCount === this.#entryCount && whole.#length === this.#length;
    if (!isSame) return false;
    this.#messages = whole.#messages;
    this.#openCalls = whole.#openCalls;
    this.#absence = undefined;
    return true;
  }

  #add(entry: TranscriptEntry): void {
    if (entry.type === 'settled' && !this.#openCalls.has(entry.callId)) return;
    this.#entryCount += 1;
    if (entry.type === 'settled') this.#settle(entry);
    else this.#say(entry.message);
    this.#absence?.since.push(entry);
    this.onEntry?.(entry);
  }

  #say(message: Exclude<Message, { role: 'tool' }>): void {
    this.#push(message);
    if (message.role === 'user') return;
    for (const { id } of message.toolCalls ?? []) {
      this.#openCalls.set(id, this.#length);
      this.#push({ role: 'tool', toolCallId: id, content: UNSETTLED });
    }
  }

  #settle({ callId, content, isError }: Extract<TranscriptEntry, { type: 'settled' }>): void {
    const at = this.#openCalls.get(callId);
    this.#openCalls.delete(callId);
    if (at === undefined || this.#absence) return;
    const message: ToolMessage = { role: 'tool', toolCallId: callId, content };
    this.#messages[at] = isError ? { ...message, isError } : message;
  }

  #push(message: Message): void {
    this.#length += 1;
    if (!this.#absence) this.#messages.push(message);
  }
}
