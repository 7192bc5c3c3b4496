/** The parent machine as its children see it. */

import type { AnyActorRef, AnyEventObject } from 'xstate';

const END = /^(xstate\.(?:done|error)\.actor)\..*$/;

/**
 * XState v5 keeps what it has found out about a type of event for as long as the machine lives, and each child's end is a
 * type of its own. So the ends of all children are told by one type here; who ended is in `actorId`.
 */
export function parentRef(actor: AnyActorRef): AnyActorRef {
  // How an actor of XState v5 is handed an event; left out of its published type.
  const parent = actor as AnyActorRef & { _send(event: AnyEventObject): void };
  const send = (event: AnyEventObject) => {
    if (actor.getSnapshot().status !== 'active') return; // it was stopped by hand: nobody counts any more
    parent._send({ ...event, type: event.type.replace(END, '$1.subagent') });
  };
  return Object.create(actor, { _send: { value: send } });
}
