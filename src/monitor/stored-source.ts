/** A stored run, as pages see it: any step of it, forward and back, and nothing can be changed. */

import { randomUUID } from 'node:crypto';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { ControlResult } from '../domain/lifecycle.js';
import type { FocusPart, Hello, Place } from './protocol.js';
import type { FramePart, MonitorSource, View } from './source.js';
import type { StoredLogs } from './stored-logs.js';
import { StoredRun } from './stored-run.js';
import { ToldLogs } from './told-logs.js';

/** Events of one frame. */
const MAX_SENT = 500;

export class StoredSource implements MonitorSource {
  readonly endsWhenRead = true;
  readonly #name: string;
  readonly #read: () => Promise<StoredLogs>;
  readonly #told = new ToldLogs();
  #logs: StoredLogs;
  #run: StoredRun;
  #board = randomUUID();
  #reading: Promise<void> | undefined;
  /** Why what is shown may be out of date. */
  #fault: string | undefined;

  private constructor(name: string, read: () => Promise<StoredLogs>, logs: StoredLogs) {
    this.#name = name;
    this.#read = read;
    this.#logs = logs;
    this.#run = new StoredRun({ ...logs, logs: [] });
  }

  /**
   * @param read Called again for each page that comes: another process may have gone on. Rejects as the store does.
   * @param first What it gave already.
   */
  static async open(name: string, read: () => Promise<StoredLogs>, first?: StoredLogs): Promise<StoredSource> {
    const logs = first ?? (await read());
    const source = new StoredSource(name, read, logs);
    await source.#take(logs);
    return source;
  }

  async hello(isNew: boolean): Promise<Hello> {
    if (isNew) {
      this.#reading ??= this.#readAgain().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    const problems = [...(this.#fault === undefined ? [] : [this.#fault]), ...this.#logs.problems];
    return {
      kind: 'stored',
      name: this.#name,
      board: this.#board,
      steps: this.#run.steps,
      ...(problems.length > 0 ? { problems } : {}),
    };
  }

  watch(): () => void {
    return () => {};
  }

  frameAfter(place: Place | undefined, { focus, at }: View): FramePart | undefined {
    const run = this.#run;
    const step = Math.min(run.steps, Math.max(0, at ?? run.steps));
    const isNew = place?.board !== this.#board;
    const known = isNew || !place ? { version: 0, offset: 0 } : place;
    const events = focus === undefined ? undefined : focusAfter(run, focus, { offset: known.offset, step });
    if (!isNew && known.version === step && !events) return undefined;
    const rows = run.rowsAt(step);
    const touched = isNew ? [...rows.keys()] : [...run.touchedBetween(known.version, step)];
    return {
      frame: {
        ...(isNew ? { reset: true } : {}),
        now: run.timeAt(step),
        rows: touched.flatMap((id) => rows.get(id) ?? []),
        gone: touched.filter((id) => !rows.has(id)),
        ...(events ? { focus: events.part } : {}),
      },
      place: { board: this.#board, version: step, offset: events?.offset ?? known.offset },
    };
  }

  onChange(): void {}

  async control(): Promise<ControlResult> {
    throw new TroupeError('wrong_state', 'this run is only looked at: what is stored cannot be steered');
  }

  close(): void {}

  /** What was read before is still shown where the store cannot be read any more. */
  async #readAgain(): Promise<void> {
    try {
      const next = await this.#read();
      this.#fault = undefined;
      const before = this.#logs;
      const isSame = next.logs.length === before.logs.length && next.logs.every((log, at) => log === before.logs[at]);
      this.#logs = next;
      if (isSame) return;
      await this.#take(next);
      this.#board = randomUUID();
    } catch (error) {
      this.#fault = `what has come since could not be read: ${messageOf(error)}`;
    }
  }

  async #take(logs: StoredLogs): Promise<void> {
    this.#run = new StoredRun(logs, await this.#told.eventsOf(logs.logs));
  }
}

function focusAfter(
  run: StoredRun,
  id: string,
  { offset, step }: { readonly offset: number; readonly step: number },
): { readonly part: FocusPart; readonly offset: number } | undefined {
  if (offset > step) return { part: { id, upTo: step, events: [] }, offset: step };
  const missing = run.eventsOf(id, step).filter((event) => event.offset > offset);
  const events = missing.slice(0, MAX_SENT);
  const last = events.at(-1);
  if (!last) return undefined;
  return { part: { id, events }, offset: missing.length > events.length ? last.offset : step };
}
