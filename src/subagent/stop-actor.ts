/** How an actor ends without an end: its parent lets go of it, and what it had in flight is aborted. */

import type { AnyActorRef } from 'xstate';

/** As XState v5 stops a child, which is not in its published type; `stop()` is for actors without a parent. */
export function stopActor(actor: AnyActorRef): void {
  (actor as AnyActorRef & { _stop(): void })._stop();
}
