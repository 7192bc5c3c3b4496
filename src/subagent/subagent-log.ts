/** The journal of one subagent as it is written: what it is told, with the time and without secrets. */

import type { Clock } from '../domain/clock.js';
import type { JsonValue } from '../domain/json.js';
import type { Redact } from '../domain/redact.js';
import { redactValue } from '../domain/redact-value.js';
import type { RecordWriter } from '../store/index.js';
import type { LogEntry } from './log-record.js';
import { SaidOnce } from './said-once.js';

export interface SubagentLogOptions {
  /** Into a journal of its own, or into one that it shares. */
  readonly writer: RecordWriter;
  readonly clock: Clock;
  readonly redact: Redact;
}

export class SubagentLog {
  readonly #options: SubagentLogOptions;
  readonly #once = new SaidOnce();

  constructor(options: SubagentLogOptions) {
    this.#options = options;
  }

  /** It waits for the store to work again: nothing goes on before. */
  get isHolding(): boolean {
    return this.#options.writer.isHolding;
  }

  /** Written soon, and before everything that is added later. */
  add(entry: LogEntry): void {
    const { writer, clock, redact } = this.#options;
    const short = this.#once.shortened(withHidden(entry, redact), redact);
    const record = redactValue({ ...short, t: clock.now() }, redact);
    writer.add(record as unknown as JsonValue); // texts, numbers, and what came as JSON
  }

  /** As `RecordWriter.write`: resolves when it and all before are on disk. */
  async write(entry: LogEntry, signal?: AbortSignal): Promise<void> {
    this.add(entry);
    await this.#options.writer.flush(signal);
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.#options.writer.flush(signal);
  }

  /** Resolves when what was added so far is on disk, or cannot be for now. Never rejects. */
  rest(): Promise<void> {
    return this.#options.writer.rest();
  }
}

/** Says which calls of an answer lose a secret on the way to the disk. */
function withHidden(entry: LogEntry, redact: Redact): LogEntry {
  if (entry.type !== 'said' || entry.message.role !== 'assistant') return entry;
  const calls = entry.message.toolCalls ?? [];
  const hidden = calls.filter(({ arguments: args }) => redact(args) !== args).map(({ id }) => id);
  return hidden.length > 0 ? { ...entry, hidden } : entry;
}
