/** How a caller's XState inspector is let in: it hears of all actors, and what it throws stays out of them. */

import { type AnyActorRef, type InspectionEvent, isMachineSnapshot, type Subscription } from 'xstate';
import { messageOf, TroupeError } from '../domain/errors.js';

type Inspector = (event: InspectionEvent) => void;

export interface Inspected {
  readonly root: AnyActorRef;
  /** In the order of spawning; those that live. */
  readonly subagents: readonly AnyActorRef[];
}

/**
 * Tells it of every actor that is there, as XState does when one is created, and from then on of all that happens.
 * @param inspect A function or an observer, as XState takes it.
 * @throws TroupeError `config_invalid` for anything else.
 */
export function letInspectorIn(
  inspect: unknown,
  { root, subagents }: Inspected,
  onError: (error: TroupeError) => void,
): Subscription {
  const look = guarded(inspectorOf(inspect), onError);
  const tellOf = (actorRef: AnyActorRef): void => {
    look({ type: '@xstate.actor', rootId: root.sessionId, actorRef });
    for (const child of childrenOf(actorRef)) tellOf(child);
  };
  for (const actor of [root, ...subagents]) tellOf(actor);
  return root.system.inspect(look);
}

function childrenOf(actor: AnyActorRef): AnyActorRef[] {
  const snapshot: unknown = actor.getSnapshot();
  if (!isMachineSnapshot(snapshot)) return [];
  const { children } = snapshot as { children: Readonly<Record<string, AnyActorRef | undefined>> }; // of a machine not known here
  return Object.values(children).filter((child) => child !== undefined);
}

function guarded(look: Inspector, onError: (error: TroupeError) => void): Inspector {
  return (event) => {
    try {
      look(event);
    } catch (cause) {
      onError(new TroupeError('bug', `inspect threw: ${messageOf(cause)}`, { cause }));
    }
  };
}

function inspectorOf(inspect: unknown): Inspector {
  if (typeof inspect === 'function') return (event) => inspect(event);
  if (typeof inspect === 'object' && inspect !== null && 'next' in inspect) {
    const { next } = inspect;
    if (typeof next === 'function') return (event) => next.call(inspect, event);
  }
  throw new TroupeError('config_invalid', 'inspect: expected a function or an observer with next, as XState takes it');
}
