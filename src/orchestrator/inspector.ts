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
    switch (event.type) {
      case '@xstate.actor':
        return event;
      case '@xstate.event':
        return { ...event, event: redactValue(event.event, redact) };
      case '@xstate.action': // what is emitted may hold texts; the parameters of other actions may hold actors
        return { ...event, action: withoutSecrets(event.action, isEmit(event.action) ? ['params'] : [], redact) };
      default:
        return {
          ...event,
          event: redactValue(event.event, redact),
          snapshot: withoutSecrets(event.snapshot, WORK, redact),
        };
    }
  };
  return (event) => {
    try {
      look(harmless(event));
    } catch (cause) {
      onError(new TroupeError('bug', `inspect threw: ${messageOf(cause)}`, { cause }));
    }
  };
}

function isEmit({ type }: { readonly type: string }): boolean {
  return type === 'xstate.emit';
}

/** Of a snapshot: what it holds of the work. The rest is the chart, and actors. */
const WORK = ['context', 'input', 'output', 'error'];

function withoutSecrets<Holder>(
  holder: Holder,
  keys: readonly string[],
  redact: SubagentEnvironment['redact'],
): Holder {
  if (typeof holder !== 'object' || holder === null) return holder;
  const parts: object = { ...holder };
  let isChanged = false;
  for (const key of keys) {
    const part = Reflect.get(holder, key);
    const shown = redactValue(part, redact);
    if (shown !== part) isChanged = Reflect.set(parts, key, shown);
  }
  return isChanged ? (parts as Holder) : holder; // the same, with other texts
}

function inspectorOf(inspect: unknown): Inspector {
  if (typeof inspect === 'function') return (event) => inspect(event);
  if (typeof inspect === 'object' && inspect !== null && 'next' in inspect) {
    const { next } = inspect;
    if (typeof next === 'function') return (event) => next.call(inspect, event);
  }
  throw new TroupeError('config_invalid', 'inspect: expected a function or an observer with next, as XState takes it');
}
