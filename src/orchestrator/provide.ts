/** Gives the orchestrator's chart its effects; the counters stay in the chart. */

import { type OrchestratorMachineEvent, orchestratorMachine } from '../../machines/index.js';
import type { Entry } from './entry.js';
import type { WaitingLine } from './waiting-line.js';

export interface OrchestratorEffects {
  readonly line: WaitingLine;
  entryOf(id: string): Entry | undefined;
  isPlanned(id: string): boolean;
  create(id: string): void;
  /** Gives the slot that was taken to this one. */
  start(id: string): void;
  settle(id: string, defect?: unknown): void;
  cancelAll(): void;
  /** Does the work when the transition is over: an actor that is sent to or started within another's action is told off by XState. */
  after(work: () => void): void;
}

/** Ranks below every place in the order of spawning: who lent a slot is in the middle of its work and goes first. */
const RETURNING_RANK = -(2 ** 52);

const isNew = (
  event: OrchestratorMachineEvent,
): event is Extract<OrchestratorMachineEvent, { type: 'SPAWN' | 'RESTORE' }> =>
  event.type === 'SPAWN' || event.type === 'RESTORE';

export function provideOrchestrator(effects: OrchestratorEffects) {
  const { line } = effects;
  let returns = 0;
  const entryOf = (event: OrchestratorMachineEvent): Entry | undefined => {
    if ('actorId' in event) return effects.entryOf(event.actorId);
    return 'id' in event ? effects.entryOf(event.id) : undefined;
  };
  return orchestratorMachine.provide({
    guards: {
      isPlanned: ({ event }) => isNew(event) && effects.isPlanned(event.id),
      someoneWaits: () => !line.isEmpty,
      // Whoever sends these by hand changes nothing: a slot is lent while a call waits for children, and no longer.
      holdsSlot: ({ event }) => {
        const entry = entryOf(event);
        return entry?.slot === 'held' && (event.type !== 'LEND' || entry.lenders > 0);
      },
      hasLentSlot: ({ event }) => {
        const entry = entryOf(event);
        return entry?.slot === 'lent' && entry.lenders === 0;
      },
    },
    actions: {
      createSubagent: ({ event }) => {
        if (isNew(event)) effects.create(event.id);
      },
      rejoinQueue: ({ event }) => {
        const entry = entryOf(event);
        if (entry?.slot === 'none' && (entry.state === 'pending' || entry.live?.isQueued))
          line.add(entry.id, entry.order);
      },
      startNext: () => {
        const id = line.next() ?? '';
        effects.after(() => effects.start(id));
      },
      lendSlot: ({ event }) => {
        const entry = entryOf(event);
        if (entry) entry.slot = 'lent';
      },
      askSlotBack: ({ event }) => {
        const entry = entryOf(event);
        if (!entry) return;
        entry.slot = 'returning';
        line.add(entry.id, RETURNING_RANK + returns++);
      },
      settleSubagent: ({ event }) => {
        if ('actorId' in event) effects.settle(event.actorId, 'error' in event ? event.error : undefined);
      },
      cancelAll: () => effects.after(() => effects.cancelAll()),
    },
  });
}
