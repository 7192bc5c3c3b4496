/** What XState tells an inspector, taken down as it is at that moment: a message is made of it only when somebody listens. */

import type { AnyEventObject, InspectionEvent } from 'xstate';
import type { Happening } from './backlog.js';
import { harmlessCopy, type Tidying } from './harmless.js';

/** What is used of an actor. */
interface ActorLike {
  readonly id?: string;
  readonly sessionId: string;
  readonly logic?: unknown;
  readonly _parent?: ActorLike | undefined;
  getSnapshot(): unknown;
}

export interface Observed extends Happening {
  readonly rootId: string;
  readonly snapshot?: Readonly<Record<string, unknown>> & { readonly status?: string };
  readonly event?: AnyEventObject;
  readonly sourceId?: string | undefined;
  /** Of `@xstate.actor`. */
  readonly actor?: Pick<ActorLike, 'id' | 'logic'> & { readonly parentId: string | undefined };
}

/** Undefined for what the Stately inspector does not show: single actions and microsteps. */
export function observe(event: InspectionEvent): Observed | undefined {
  const { rootId, type } = event;
  const actorRef = event.actorRef as unknown as ActorLike; // an actor, or what stands for one
  const base = { rootId, sessionId: actorRef.sessionId };
  switch (type) {
    case '@xstate.actor': {
      const { id, logic, _parent } = actorRef;
      const named = id === undefined ? {} : { id };
      const observed = {
        ...base,
        type,
        actor: { ...named, logic, parentId: _parent?.sessionId },
        ...snapshotOf(actorRef),
      };
      // While it is being created it has no snapshot; it has one before anything else can be done.
      if (!('snapshot' in observed)) queueMicrotask(() => Object.assign(observed, snapshotOf(actorRef)));
      return observed;
    }
    case '@xstate.event':
      return { ...base, type, event: event.event, sourceId: event.sourceRef?.sessionId };
    case '@xstate.snapshot':
      return { ...base, type, event: event.event, snapshot: event.snapshot as Record<string, unknown> }; // whatever its logic made
    default:
      return undefined;
  }
}

function snapshotOf(actorRef: ActorLike): Pick<Observed, 'snapshot'> {
  try {
    const snapshot = actorRef.getSnapshot() as Observed['snapshot']; // whatever its logic made
    return snapshot ? { snapshot } : {};
  } catch {
    return {}; // XState's development build throws where there is none yet
  }
}

/** Of a snapshot: what it holds of the work. All else are names of the chart. */
const WORK = new Set(['context', 'input', 'output', 'error']);
const MAX_NAME_LENGTH = 1_000;

/** The same as XState told it, but of plain and harmless data, with actors that only say who they are. */
export function retell(observed: Observed, tidying: Tidying): InspectionEvent {
  const { type, rootId, sessionId, sourceId, actor } = observed;
  const naming = { ...tidying, maxTextLength: MAX_NAME_LENGTH };
  const event = observed.event && {
    ...copyOfParts(observed.event, () => tidying),
    type: tidying.redact(observed.event.type),
  };
  const snapshot = copyOfParts(shapeOf(observed.snapshot), (key) => (WORK.has(key) ? tidying : naming));
  const parent = actor?.parentId === undefined ? undefined : { sessionId: actor.parentId };
  const named = actor && { ...actor, logic: withoutSecrets(actor.logic, tidying) };
  const actorRef = { sessionId, ...named, _parent: parent, getSnapshot: () => snapshot };
  const sourceRef = sourceId === undefined ? undefined : { sessionId: sourceId };
  return { type, rootId, actorRef, sourceRef, event, snapshot } as unknown as InspectionEvent; // as far as it is read
}

/** Of each redactor, since a chart is told of as often as it has actors. */
const definitions = new WeakMap<Tidying['redact'], WeakMap<object, unknown>>();

/** What defines a chart may hold what its author has written into it: it is told whole, but for secrets. */
function withoutSecrets(logic: unknown, { redact }: Tidying): unknown {
  if (typeof logic !== 'object' || logic === null || !('config' in logic)) return logic;
  const { config } = logic;
  if (typeof config !== 'object' || config === null) return logic;
  const known = definitions.get(redact) ?? new WeakMap<object, unknown>();
  definitions.set(redact, known);
  if (!known.has(config)) {
    const whole = { redact, maxTextLength: Number.POSITIVE_INFINITY, maxItems: Number.POSITIVE_INFINITY };
    known.set(config, harmlessCopy(config, whole));
  }
  return { config: known.get(config) };
}

/** A machine's snapshot says by itself what is to be seen of it. */
function shapeOf(snapshot: unknown): object {
  if (typeof snapshot !== 'object' || snapshot === null) return { status: 'active' };
  const shown: unknown = 'toJSON' in snapshot && typeof snapshot.toJSON === 'function' ? snapshot.toJSON() : snapshot;
  return typeof shown === 'object' && shown !== null ? shown : {};
}

function copyOfParts(parts: object, tidyingOf: (key: string) => Tidying): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parts).map(([key, part]) => [key, harmlessCopy(part, tidyingOf(key))]));
}
