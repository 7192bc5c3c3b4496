/** Subagents as actors of a user's own machine: what XState invokes, spawns, stops, persists and restores. */

import type { AnyActorRef } from 'xstate';
import { prepareOutputSchema } from '../../activities/llm/index.js';
import { configOfLogic, type LogicInputOf, type LogicOverrides, parseLogicOverrides } from '../../config/index.js';
import type { StructuredOf } from '../../domain/schema.js';
import type { OrchestratorCore } from '../core.js';
import { LogicRun } from './logic-run.js';
import {
  initialSnapshot,
  nextSnapshot,
  persistedSnapshot,
  type RunEvent,
  restoredSnapshot,
  withoutAnswered,
} from './logic-snapshot.js';
import type { SubAgentLogic, SubAgentLogicEvent, SubAgentLogicSnapshot } from './logic-types.js';

/** By what a logic is made with: typed answers for a zod schema, no need of input for a prompt. */
export type SubAgentLogicOf<Overrides extends LogicOverrides> = SubAgentLogic<
  StructuredOf<Overrides['outputSchema']>,
  LogicInputOf<Overrides>
>;

/** @throws TroupeError `config_invalid`, `unknown_agent`, `closed`. */
export function subagentLogic<const Overrides extends LogicOverrides>(
  core: OrchestratorCore,
  agentType: string,
  given: Overrides,
): SubAgentLogicOf<Overrides> {
  const overrides = parseLogicOverrides(agentType, given);
  core.checkOpen();
  core.scope.runtime.definitionOf(agentType, overrides.agentDirs);
  if (overrides.outputSchema !== undefined) prepareOutputSchema(overrides.outputSchema);

  const runs = new WeakMap<AnyActorRef, LogicRun>();
  const newRunId = () => (core.keeping ? crypto.randomUUID() : undefined);
  const logic: SubAgentLogic<unknown, unknown> = {
    getInitialSnapshot: (_, input) => initialSnapshot(input, newRunId()),
    start: ({ status, input, context }, { self, emit }) => {
      if (status !== 'active') return;
      const run = new LogicRun({
        core,
        config: () => configOfLogic(agentType, overrides, input),
        runId: context.runId,
        tell: (event) => (self as AnyActorRef).send(event), // its own events are in no published type
        emit,
      });
      runs.set(self, run);
    },
    transition: (snapshot, event: SubAgentLogicEvent | RunEvent | { type: 'xstate.stop' }, { self }) => {
      if (snapshot.status !== 'active') return snapshot;
      switch (event.type) {
        case 'xstate.stop': // XState v5 tells an actor so when its state is left, or its system stopped
          runs.get(self)?.stop();
          runs.delete(self);
          return stopped(snapshot);
        case 'troupe.changed':
        case 'troupe.ended':
        case 'troupe.failed':
          return nextSnapshot(snapshot, event);
        case 'PAUSE':
        case 'RESUME':
        case 'CANCEL':
        case 'STEER':
        case 'APPROVE':
        case 'DENY': {
          const context = runs.get(self)?.take(event) ?? withoutAnswered(snapshot.context, event);
          return { ...snapshot, context };
        }
        default:
          return snapshot;
      }
    },
    getPersistedSnapshot: persistedSnapshot,
    restoreSnapshot: (saved) =>
      restoredSnapshot(saved, (former) => (core.keeping ? (former ?? newRunId()) : undefined)),
  };
  return logic as unknown as SubAgentLogicOf<Overrides>; // its schema has checked what it is typed by
}

function stopped({ context, input }: SubAgentLogicSnapshot): SubAgentLogicSnapshot {
  return { status: 'stopped', output: undefined, error: undefined, context, input };
}
