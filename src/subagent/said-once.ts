/** A long text stands in several records of a journal: a prompt, an answer. It is written with the first only, and put back where they are read. */

import type { LogEntry, LogRecord } from './log-record.js';

/** Takes out of later records the prompt, and the text that was said last. */
export class SaidOnce {
  #prompt: unknown;
  /** As it was said, and as it was written. */
  #said: readonly [raw: string, written: string] | undefined;

  /** @param redact How the text will be written. */
  shortened(entry: LogEntry, redact: (text: string) => string): LogEntry {
    if (entry.type === 'spawned') this.#prompt = entry.config.prompt;
    if (isFirstWord(entry) && entry.message.content === this.#prompt) {
      return { ...entry, message: { ...entry.message, content: '' } };
    }
    if (entry.type === 'said' && entry.message.role === 'assistant') {
      const { content } = entry.message;
      this.#said = [content, redact(content)];
      return { ...entry, message: { ...entry.message, content: this.#said[1] } };
    }
    if (entry.type === 'ended' && this.#isSaid(entry.outcome.output)) {
      const { output: _, ...outcome } = entry.outcome;
      return { ...entry, outcome };
    }
    if (entry.type !== 'event' || !isTurn(entry.event.output) || !this.#isSaid(entry.event.output.text)) return entry;
    const { text: _, ...output } = entry.event.output;
    return { ...entry, event: { ...entry.event, output } };
  }

  #isSaid(text: unknown): boolean {
    return this.#said?.includes(text as string) === true; // `includes` takes no notice of its type
  }
}

/** Puts each text back that `SaidOnce` had taken out. */
export function saidInFull(records: readonly LogRecord[]): LogRecord[] {
  let said = '';
  let prompt = '';
  return records.map((record) => {
    if (record.type === 'spawned') prompt = String(record.config.prompt);
    if (isFirstWord(record) && record.message.content === '') {
      return { ...record, message: { ...record.message, content: prompt } };
    }
    if (record.type === 'said' && record.message.role === 'assistant') said = record.message.content;
    if (record.type === 'ended' && record.outcome.output === undefined) {
      return { ...record, outcome: { ...record.outcome, output: said } };
    }
    if (record.type !== 'event' || !isTurn(record.event.output) || record.event.output.text !== undefined)
      return record;
    return { ...record, event: { ...record.event, output: { ...record.event.output, text: said } } };
  });
}

/** What a user says that was not steered in; never empty as it was said. */
export function isFirstWord<Entry extends LogEntry>(entry: Entry): entry is Extract<Entry, { type: 'said' }> {
  return entry.type === 'said' && entry.message.role === 'user' && entry.steered !== true;
}

/** What a model's turn comes to, as the chart is told it. */
function isTurn(output: unknown): output is { readonly kind: 'turn'; readonly text?: string } {
  return typeof output === 'object' && output !== null && 'kind' in output && output.kind === 'turn';
}
