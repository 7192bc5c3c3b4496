/** The journal of one subagent as it is written: what it is told, with the time and without secrets. */

import type { Clock } from '../domain/clock.js';
import type { JsonValue } from '../domain/json.js';
import type { Redact } from '../domain/redact.js';
import { redactValue } from '../domain/redact-value.js';
import { RecordLog, type RecordLogOptions } from '../store/index.js';
import type { LogEntry } from './log-record.js';
import { SaidOnce } from './said-once.js';

export interface SubagentLogOptions extends RecordLogOptions {
  readonly clock: Clock;
  readonly redact: Redact;
}

export class SubagentLog {
  readonly #log: RecordLog;
  readonly #options: SubagentLogOptions;
  readonly #once = new SaidOnce();
  #isCut = false;

  constructor(options: SubagentLogOptions) {
    this.#options = options;
    this.#log = new RecordLog(options);
  }

  /** It waits for the store to work again: nothing goes on before. */
  get isHolding(): boolean {
    return this.#log.isHolding;
  }

  /** Written soon, and before everything that is added later. */
  add(entry: LogEntry): void {
    if (this.#isCut) return;
    const { clock, redact } = this.#options;
    const short = this.#once.shortened(withHidden(entry, redact), redact);
    const record = redactValue({ ...short, t: clock.now() }, redact);
    this.#log.add(record as unknown as JsonValue); // texts, numbers, and what came as JSON
  }

  /** From now on nothing is added, as if its process had been killed: what is on record can be taken up again. */
  cut(): void {
    this.#isCut = true;
  }

  /** As `RecordLog.write`: resolves when it and all before are on disk. */
  async write(entry: LogEntry, signal?: AbortSignal): Promise<void> {
    this.add(entry);
    await this.#log.flush(signal);
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.#log.flush(signal);
  }

  /** Resolves when what was added so far is on disk, or cannot be for now. Never rejects. */
  rest(): Promise<void> {
    return this.#log.rest();
  }

  /** Writes what is left, trying once more at most. Never rejects. */
  close(): Promise<void> {
    return this.#log.close();
  }
}

/** Says which calls of an answer lose a secret on the way to the disk. */
function withHidden(entry: LogEntry, redact: Redact): LogEntry {
  if (entry.type !== 'said' || entry.message.role !== 'assistant') return entry;
  const calls = entry.message.toolCalls ?? [];
  const hidden = calls.filter(({ arguments: args }) => redact(args) !== args).map(({ id }) => id);
  return hidden.length > 0 ? { ...entry, hidden } : entry;
}
