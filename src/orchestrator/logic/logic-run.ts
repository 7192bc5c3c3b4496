/** One run of an actor logic: its subagent is spawned or taken up, listened to, steered, and cancelled when the actor stops. */

import type { Subscription } from 'rxjs';
import type { SubAgentConfig } from '../../config/index.js';
import { messageOf, TroupeError } from '../../domain/errors.js';
import type { SubAgentInfo, SubAgentOutcome } from '../../domain/outcome.js';
import type { AgentEvent, ControlMessage } from '../../events/index.js';
import type { OrchestratorCore } from '../core.js';
import type { Entry } from '../entry.js';
import type { SubAgentHandle } from '../handle.js';
import { takeSignal } from '../take-signal.js';
import { cutRecords, KeptRun } from './kept-run.js';
import { contextOf, type RunEvent } from './logic-snapshot.js';
import type { SubAgentLogicContext, SubAgentLogicEvent } from './logic-types.js';

export interface LogicRunOptions {
  readonly core: OrchestratorCore;
  /** @throws TroupeError `config_invalid`. */
  readonly config: () => SubAgentConfig;
  /** Its name in the store, where there is one. */
  readonly runId: string | undefined;
  /** Sends it to the actor. */
  readonly tell: (event: RunEvent) => void;
  readonly emit: (event: AgentEvent) => void;
}

/** Events that may change the snapshot: about ten a turn, and none for a delta. */
const CHANGES: ReadonlySet<AgentEvent['type']> = new Set([
  'subagent_state_changed',
  'subagent_activity_changed',
  'turn_start',
  'turn_end',
  'tasks_updated',
  'permission_request',
  'permission_resolved',
]);

export class LogicRun {
  readonly #options: LogicRunOptions;
  /** Signals that came before there was a subagent to take them. */
  readonly #early: SubAgentLogicEvent[] = [];
  #handle: SubAgentHandle | undefined;
  #entry: Entry | undefined;
  #opening: Promise<KeptRun> | undefined;
  #kept: KeptRun | undefined;
  #events: Subscription | undefined;
  #isStopped = false;
  /** The actor is about to be told where the subagent stands. */
  #isTelling = false;

  /**
   * Begins in a microtask: actors start within transitions, and those of the orchestrator, which may have led to this one, let nobody
   * spawn. One that is stopped at once, as by React's strict mode, never begins.
   */
  constructor(options: LogicRunOptions) {
    this.#options = options;
    queueMicrotask(() => void this.#begin());
  }

  /** @returns where the subagent stands now: an observer that answers what it sees must not see it again. */
  take(event: SubAgentLogicEvent): SubAgentLogicContext | undefined {
    const handle = this.#handle;
    if (!handle) {
      this.#early.push(event);
      return undefined;
    }
    if (event.type === 'CANCEL') {
      void handle.cancel(event.reason, { cascade: event.cascade !== false });
    } else {
      const { type, ...fields } = event;
      const signal = { signal: type.toLowerCase(), ...fields } as ControlMessage; // the same words, and the same fields
      takeSignal(handle, signal, (told) => this.#options.core.hub.publish(handle.id, told));
    }
    return this.#contextOf(handle);
  }

  /** Its actor was stopped: from now on nothing works for it. What a store has of it can be taken up again. */
  stop(): void {
    this.#isStopped = true;
    this.#events?.unsubscribe();
    if (this.#kept && this.#entry) cutRecords(this.#entry);
    this.#entry?.live?.actor.send({ type: 'CANCEL', by: 'parent', reason: 'its actor was stopped' });
    if (this.#kept) this.#kept.close();
    else if (this.#opening) KeptRun.abandon(this.#options.runId ?? '', this.#opening);
  }

  async #begin(): Promise<void> {
    if (this.#isStopped) return;
    const { core, runId } = this.#options;
    try {
      const config = this.#options.config();
      if (runId === undefined) return this.#follow(core.spawn(config));
      this.#opening = KeptRun.open(core, runId, config);
      this.#kept = await this.#opening;
      if (this.#isStopped) return;
      const found = this.#kept.takeUp(config);
      if ('handle' in found)
        this.#follow(found.handle); // at once: its first events are on their way
      else this.#end(found.info, await found.outcome);
    } catch (cause) {
      const error = cause instanceof TroupeError ? cause : new TroupeError('bug', messageOf(cause), { cause });
      if (!this.#isStopped) this.#options.tell({ type: 'troupe.failed', error });
      this.#kept?.close();
    }
  }

  #follow(handle: SubAgentHandle): void {
    this.#handle = handle;
    this.#entry = this.#options.core.supervisor.entries.get(handle.id);
    this.#events = handle.events$.subscribe({
      next: (event) => {
        this.#options.emit(event);
        if (CHANGES.has(event.type)) this.#tellSoon();
      },
      complete: () => void handle.outcome().then((outcome) => this.#end(handle.info(), outcome)),
    });
    for (const event of this.#early.splice(0)) this.take(event);
    this.#tellSoon();
  }

  /** Once for all that happens in one go. */
  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      const handle = this.#handle;
      if (!handle || handle.isDone() || this.#isStopped) return;
      this.#options.tell({ type: 'troupe.changed', context: this.#contextOf(handle) });
    });
  }

  #contextOf(handle: SubAgentHandle): SubAgentLogicContext {
    return contextOf(handle.info(), this.#options.runId, handle.isDone() ? undefined : handle.actor);
  }

  #end(info: SubAgentInfo, outcome: SubAgentOutcome): void {
    if (this.#isStopped) return;
    // One that was suspended with its session has not ended: its actor stays as it is, to be persisted.
    if (outcome.error?.code !== 'closed') {
      this.#options.tell({ type: 'troupe.ended', context: contextOf(info, this.#options.runId), outcome });
    }
    this.#kept?.close();
  }
}
