/** A run that goes on, as pages see it: one reader of its events for all of them. */

import type { Subscription } from 'rxjs';
import type { ControlResult } from '../domain/lifecycle.js';
import type { SubAgentInfo } from '../domain/outcome.js';
import type { AgentEvent } from '../events/index.js';
import type { Orchestrator } from '../orchestrator/index.js';
import { Board } from './board.js';
import { applyControl, type Control } from './control.js';
import { FocusLog } from './focus-log.js';
import type { FocusPart, Hello, Place, Row } from './protocol.js';
import { IDLE, newRow, rowActivity } from './row.js';
import type { FramePart, MonitorSource, View } from './source.js';

/** Subagents that come between two looks for those that are listed no more. */
const SWEEP_EVERY = 200;

export class LiveSource implements MonitorSource {
  readonly endsWhenRead = false;
  readonly #orchestrator: Orchestrator;
  readonly #name: string;
  readonly #board = new Board();
  readonly #subscription: Subscription;
  readonly #logs = new Map<string, FocusLog>();
  /** Their rows are to be held against what the orchestrator says of them. */
  readonly #stale = new Set<string>();
  #spawned = 0;
  #isOver = false;
  #onChange: () => void = () => {};

  constructor(orchestrator: Orchestrator, name: string) {
    this.#orchestrator = orchestrator;
    this.#name = name;
    this.#subscription = orchestrator.replay$(1).subscribe({
      next: (event) => this.#take(event),
      complete: () => {
        this.#isOver = true;
        this.#onChange();
      },
    });
    for (const info of orchestrator.listSubagents()) this.#list(info);
    this.#forgetReleased();
  }

  /** Subagents that some page has chosen. */
  get openLogs(): number {
    return this.#logs.size;
  }

  hello(): Hello {
    return { kind: 'live', name: this.#name, board: this.#board.id };
  }

  watch({ focus }: View): () => void {
    if (focus === undefined) return () => {};
    (this.#logs.get(focus) ?? this.#openLog(focus)).readers += 1;
    let isWatching = true;
    return () => {
      if (!isWatching) return;
      isWatching = false;
      const log = this.#logs.get(focus);
      if (!log) return; // all are closed
      log.readers -= 1;
      if (log.readers > 0) return;
      log.close();
      this.#logs.delete(focus);
    };
  }

  frameAfter(place: Place | undefined, { focus }: View): FramePart | undefined {
    this.#refresh();
    const board = this.#board;
    const known = place?.board === board.id ? place : { board: board.id, version: 0, offset: 0 };
    const rows = board.after(known.version);
    const events = focus === undefined ? undefined : this.#focusAfter(focus, known.offset);
    const isNew = place?.board !== board.id;
    if (!rows && !events && !isNew) return undefined;
    return {
      frame: {
        ...(isNew || rows?.reset ? { reset: true } : {}),
        now: Date.now(),
        rows: rows?.rows ?? [],
        gone: rows?.gone ?? [],
        ...(events ? { focus: events.part } : {}),
        ...(this.#isOver ? { isOver: true } : {}),
      },
      place: {
        board: board.id,
        version: rows?.version ?? board.version,
        offset: events?.offset ?? known.offset,
      },
    };
  }

  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  control(control: Control): Promise<ControlResult> {
    return applyControl(this.#orchestrator.getHandle(control.id), control);
  }

  close(): void {
    this.#subscription.unsubscribe();
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
    this.#onChange = () => {};
  }

  #take(event: AgentEvent): void {
    if (event.type === 'gap') return; // what it would have said, the orchestrator says
    if (event.type === 'subagent_started') {
      this.#spawned += 1;
      if (this.#spawned % SWEEP_EVERY === 0) this.#forgetReleased();
    }
    if (!this.#board.apply(event)) return;
    this.#stale.add(event.subagentId);
    this.#onChange();
  }

  #openLog(id: string): FocusLog {
    const log = new FocusLog(id, this.#orchestrator.getHandle(id), () => this.#onChange());
    this.#logs.set(id, log);
    return log;
  }

  #focusAfter(focus: string, offset: number): { readonly part: FocusPart; readonly offset: number } | undefined {
    const log = this.#logs.get(focus);
    if (log?.isKnown !== false || !this.#board.row(focus)) return log?.after(offset);
    const known = this.#openLog(focus); // it was chosen before it was spawned
    known.readers = log.readers;
    return known.after(offset);
  }

  /** What an event cannot say, or history has lost, the orchestrator knows at any time. */
  #refresh(): void {
    for (const id of this.#stale) {
      const info = this.#orchestrator.getSubagentInfo(id);
      const row = this.#board.row(id);
      if (!row) continue;
      if (info) this.#board.set(withInfo(row, info));
      else this.#board.remove(id);
    }
    this.#stale.clear();
  }

  #list(info: SubAgentInfo): void {
    const { id: subagentId, parentId, createdAt: time } = info;
    const row =
      this.#board.row(subagentId) ??
      newRow({ subagentId, time, ...(parentId === undefined ? {} : { parentId }) }, this.#board.nextOrder());
    this.#board.set(withInfo(row, info));
  }

  /** Ended ones leave the orchestrator without an event. */
  #forgetReleased(): void {
    const listed = new Set(this.#orchestrator.getAllStates().map(({ id }) => id));
    for (const id of [...this.#board.ids]) {
      if (!listed.has(id)) this.#board.remove(id);
    }
  }
}

function withInfo(row: Row, info: SubAgentInfo): Row {
  const { agentType, description, state, currentActivity, detached, depth, turn, usage, createdAt, updatedAt } = info;
  return {
    ...row,
    agentType,
    description,
    state,
    activity: currentActivity ? rowActivity(currentActivity) : IDLE,
    detached,
    depth,
    turn,
    usage,
    createdAt,
    updatedAt,
    ...(currentActivity === undefined && row.endedAt === undefined ? { endedAt: updatedAt } : {}),
    ...(info.error ? { error: info.error } : {}),
  };
}
