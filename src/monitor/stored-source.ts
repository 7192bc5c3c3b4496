/** A stored run, as pages see it: any step of it, forward and back, and nothing can be changed. */

import { randomUUID } from 'node:crypto';
import { TroupeError } from '../domain/errors.js';
import type { ControlResult } from '../domain/lifecycle.js';
import type { FocusPart, Hello, Place } from './protocol.js';
import type { FramePart, MonitorSource, View } from './source.js';
import type { StoredLogs } from './stored-logs.js';
import { StoredRun } from './stored-run.js';

/** Events of one frame. */
const MAX_SENT = 500;

export class StoredSource implements MonitorSource {
  readonly endsWhenRead = true;
  readonly #name: string;
  readonly #read: () => Promise<StoredLogs>;
  #run: StoredRun;
  #board = randomUUID();

  private constructor(name: string, read: () => Promise<StoredLogs>, logs: StoredLogs) {
    this.#name = name;
    this.#read = read;
    this.#run = new StoredRun(logs);
  }

  /** @param read Called again for each page that comes: another process may have gone on. Rejects as the store does. */
  static async open(name: string, read: () => Promise<StoredLogs>): Promise<StoredSource> {
    return new StoredSource(name, read, await read());
  }

  async hello(isNew: boolean): Promise<Hello> {
    if (isNew) await this.#readAgain();
    const { steps, problems } = this.#run;
    return {
      kind: 'stored',
      name: this.#name,
      board: this.#board,
      steps,
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

  async #readAgain(): Promise<void> {
    const next = new StoredRun(await this.#read());
    if (next.steps === this.#run.steps) return;
    this.#run = next;
    this.#board = randomUUID();
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
