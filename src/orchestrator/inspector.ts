/** How a caller's XState inspector is let in: it hears of all actors, sees no secret, and what it throws stays out of them. */

import { type AnyActorRef, type InspectionEvent, isMachineSnapshot, type Subscription } from 'xstate';
import { messageOf, TroupeError } from '../domain/errors.js';
import { redactValue } from '../domain/redact-value.js';
import type { SubagentEnvironment } from '../subagent/index.js';

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
  environment: Pick<SubagentEnvironment, 'redact' | 'onError'>,
): Subscription {
  const look = guarded(inspectorOf(inspect), environment);
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

/** The charts hold no secret; what is sent to an actor directly may. */
function guarded(look: Inspector, { redact, onError }: Pick<SubagentEnvironment, 'redact' | 'onError'>): Inspector {
  const harmless = (event: InspectionEvent): InspectionEvent => {
    if (event.type === '@xstate.event') return { ...event, event: redactValue(event.event, redact) };
    if (event.type !== '@xstate.snapshot') return event;
    return { ...event, event: redactValue(event.event, redact), snapshot: withoutSecrets(event.snapshot, redact) };
  };
  return (event) => {
    try {
      look(harmless(event));
    } catch (cause) {
      onError(new TroupeError('bug', `inspect threw: ${messageOf(cause)}`, { cause }));
    }
  };
}

/** Of a snapshot only what it holds of the work: the rest is the chart, and the actors that run. */
function withoutSecrets<Snapshot extends object>(snapshot: Snapshot, redact: SubagentEnvironment['redact']): Snapshot {
  const parts = { ...snapshot };
  let isChanged = false;
  for (const key of ['context', 'input', 'output', 'error'] as const) {
    const part = Reflect.get(snapshot, key);
    const shown = redactValue(part, redact);
    if (shown !== part) isChanged = Reflect.set(parts, key, shown);
  }
  return isChanged ? parts : snapshot;
}

function inspectorOf(inspect: unknown): Inspector {
  if (typeof inspect === 'function') return (event) => inspect(event);
  if (typeof inspect === 'object' && inspect !== null && 'next' in inspect) {
    const { next } = inspect;
    if (typeof next === 'function') return (event) => next.call(inspect, event);
  }
  throw new TroupeError('config_invalid', 'inspect: expected a function or an observer with next, as XState takes it');
}
