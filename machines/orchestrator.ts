/** The parent of all subagents: who may run now, who waits for a slot, and the way to the end. */

import { and, assign, not, setup } from 'xstate';
import type { SubagentOutput } from './subagent-types.js';

/** Counters only: the subagents themselves stand in a Map beside the snapshot, so that a spawn costs the same at 10 and 10,000. */
export interface OrchestratorContext {
  readonly limit: number;
  /** At the limit: wait in the queue, or be refused. */
  readonly queues: boolean;
  readonly slotsInUse: number;
  /** Subagents that have not ended. */
  readonly live: number;
}

export interface OrchestratorInput {
  readonly limit: number;
  readonly queues: boolean;
}

export type OrchestratorMachineEvent =
  | { readonly type: 'SPAWN'; readonly id: string }
  /** One that lived before comes back: at the limit it waits, whatever is done with new ones. */
  | { readonly type: 'RESTORE'; readonly id: string }
  /** One in the queue may go again: it was held. */
  | { readonly type: 'READY'; readonly id: string }
  /** A subagent waits for its children: its slot is free meanwhile. */
  | { readonly type: 'LEND'; readonly id: string }
  | { readonly type: 'TAKE_BACK'; readonly id: string }
  | { readonly type: 'CLOSE' }
  /** All is at rest and saved: it goes on elsewhere. */
  | { readonly type: 'SUSPEND' }
  | { readonly type: `xstate.done.actor.${string}`; readonly actorId: string; readonly output: SubagentOutput }
  | { readonly type: `xstate.error.actor.${string}`; readonly actorId: string; readonly error: unknown };

const notProvided = () => {
  throw new Error('a placeholder of the orchestrator chart: provide it');
};

function initialContext({ input }: { input: OrchestratorInput }): OrchestratorContext {
  return { limit: input.limit, queues: input.queues, slotsInUse: 0, live: 0 };
}

export const orchestratorMachine = setup({
  types: {
    context: {} as OrchestratorContext,
    input: {} as OrchestratorInput,
    events: {} as OrchestratorMachineEvent,
  },
  guards: {
    hasSlot: ({ context }) => context.slotsInUse < context.limit,
    queues: ({ context }) => context.queues,
    isEmpty: ({ context }) => context.live === 0,
    /** Provided: someone is ready and has no slot. */
    someoneWaits: () => false,
    /** Provided: the subagent of this event has a slot. */
    holdsSlot: () => false,
    /** Provided: the subagent of this event has lent its slot. */
    hasLentSlot: () => false,
    /** Provided: everything about the new subagent is known. */
    isPlanned: () => true,
    mayStart: and(['hasSlot', 'someoneWaits']),
    mayAdmit: and(['isPlanned', 'hasSlot', not('someoneWaits')]),
    mayQueue: and(['isPlanned', 'queues']),
  },
  actions: {
    countSpawn: assign({ live: ({ context }) => context.live + 1 }),
    countEnd: assign({ live: ({ context }) => context.live - 1 }),
    takeSlot: assign({ slotsInUse: ({ context }) => context.slotsInUse + 1 }),
    freeSlot: assign({ slotsInUse: ({ context }) => context.slotsInUse - 1 }),
    /** Provided: creates the actor and puts it into the queue. */
    createSubagent: notProvided,
    /** Provided: back into the queue, at its old place. */
    rejoinQueue: notProvided,
    /** Provided: gives the slot to the first in line. */
    startNext: notProvided,
    /** Provided: remembers that the slot is lent. */
    lendSlot: notProvided,
    /** Provided: in line for a slot, ahead of the queue. */
    askSlotBack: notProvided,
    /** Provided: keeps the outcome, ends the children, drops the actor. */
    settleSubagent: notProvided,
    /** Provided: cancels all that has not ended. */
    cancelAll: notProvided,
  },
}).createMachine({
  id: 'orchestrator',
  context: initialContext,
  initial: 'open',
  on: {
    'xstate.done.actor.*': [
      { guard: 'holdsSlot', actions: ['freeSlot', 'countEnd', 'settleSubagent'] },
      { actions: ['countEnd', 'settleSubagent'] },
    ],
    'xstate.error.actor.*': [
      { guard: 'holdsSlot', actions: ['freeSlot', 'countEnd', 'settleSubagent'] },
      { actions: ['countEnd', 'settleSubagent'] },
    ],
    LEND: { guard: 'holdsSlot', actions: ['freeSlot', 'lendSlot'] },
    TAKE_BACK: { guard: 'hasLentSlot', actions: 'askSlotBack' },
  },
  states: {
    open: {
      always: { guard: 'mayStart', actions: ['takeSlot', 'startNext'] },
      on: {
        SPAWN: [
          { guard: 'mayAdmit', actions: ['countSpawn', 'createSubagent'] },
          { guard: 'mayQueue', actions: ['countSpawn', 'createSubagent'] },
        ],
        RESTORE: { guard: 'isPlanned', actions: ['countSpawn', 'createSubagent'] },
        READY: { actions: 'rejoinQueue' },
        CLOSE: { target: 'closing' },
        SUSPEND: { target: 'closed' },
      },
    },
    closing: {
      entry: 'cancelAll',
      always: { guard: 'isEmpty', target: 'closed' },
    },
    closed: { type: 'final' },
  },
});
