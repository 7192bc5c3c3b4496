/** The orchestrator's chart with the simplest effects: a list of who waits in line, and a map of what each has of a slot. */

import { type Actor, createActor } from 'xstate';
import { type OrchestratorMachineEvent, orchestratorMachine, type SubagentOutput } from '../../machines/index.js';

type Slot = 'none' | 'held' | 'lent' | 'returning' | 'ended';

export class House {
  readonly actor: Actor<typeof orchestratorMachine>;
  readonly slots = new Map<string, Slot>();
  /** First in line first. */
  readonly line: string[] = [];
  /** `a starts`, `a goes on`, `a ends`. */
  readonly log: string[] = [];

  constructor(limit: number, queues: boolean) {
    const slotOf = (event: OrchestratorMachineEvent) => this.slots.get(idOf(event));
    const machine = orchestratorMachine.provide({
      guards: {
        someoneWaits: () => this.line.length > 0,
        holdsSlot: ({ event }) => slotOf(event) === 'held',
        hasLentSlot: ({ event }) => slotOf(event) === 'lent',
      },
      actions: {
        createSubagent: ({ event }) => {
          this.slots.set(idOf(event), 'none');
          this.line.push(idOf(event));
        },
        rejoinQueue: ({ event }) => {
          if (slotOf(event) === 'none' && !this.line.includes(idOf(event))) this.line.push(idOf(event));
        },
        startNext: () => {
          const id = this.line.shift() ?? 'nobody';
          this.log.push(this.slots.get(id) === 'returning' ? `${id} goes on` : `${id} starts`);
          this.slots.set(id, 'held');
        },
        lendSlot: ({ event }) => this.slots.set(idOf(event), 'lent'),
        askSlotBack: ({ event }) => {
          const ahead = this.line.filter((id) => this.slots.get(id) === 'returning').length;
          this.line.splice(ahead, 0, idOf(event));
          this.slots.set(idOf(event), 'returning');
        },
        settleSubagent: ({ event }) => {
          this.leave(idOf(event));
          this.slots.set(idOf(event), 'ended');
          this.log.push(`${idOf(event)} ends`);
        },
        cancelAll: () => {
          for (const id of this.ids((slot) => slot !== 'ended')) this.end(id);
        },
      },
    });
    this.actor = createActor(machine, { input: { limit, queues } }).start();
  }

  send(...events: readonly OrchestratorMachineEvent[]): void {
    for (const event of events) this.actor.send(event);
  }

  spawn(...ids: readonly string[]): void {
    for (const id of ids) this.send({ type: 'SPAWN', id });
  }

  /** What xstate sends when a subagent has ended, or broke. */
  end(id: string, error?: Error): void {
    if (error) this.send({ type: `xstate.error.actor.${id}`, actorId: id, error });
    else this.send({ type: `xstate.done.actor.${id}`, actorId: id, output: {} as SubagentOutput }); // not looked at here
  }

  /** One in line is held. */
  leave(id: string): void {
    if (this.line.includes(id)) this.line.splice(this.line.indexOf(id), 1);
  }

  ids(matches: (slot: Slot) => boolean): string[] {
    return [...this.slots].filter(([, slot]) => matches(slot)).map(([id]) => id);
  }

  get holding(): string[] {
    return this.ids((slot) => slot === 'held');
  }

  get counters(): { slotsInUse: number; live: number } {
    const { slotsInUse, live } = this.actor.getSnapshot().context;
    return { slotsInUse, live };
  }
}

function idOf(event: OrchestratorMachineEvent): string {
  if ('actorId' in event) return event.actorId;
  return 'id' in event ? event.id : '';
}
