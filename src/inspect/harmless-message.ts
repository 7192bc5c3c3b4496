/** Makes of what `@statelyai/inspect` would send what may leave: its parts harmless, its ids those of one process among many. */

import { harmlessCopy, type Tidying } from './harmless.js';
import type { StatelyInspectionEvent } from './stately.js';
import type { WireMessage } from './wire-message.js';

/** Of a snapshot: what it holds of the work. All else are names of the chart. */
const WORK = new Set(['context', 'input', 'output', 'error']);
const NAME_LENGTH = 1_000;

/** @param prefix Before each session id; XState counts them anew in each process. */
export function harmlessMessage(sent: StatelyInspectionEvent, tidying: Tidying, prefix: string): WireMessage {
  const named: Tidying = { ...tidying, maxTextLength: NAME_LENGTH };
  const id = (sessionId: string | undefined) => (sessionId === undefined ? undefined : `${prefix}${sessionId}`);
  const base = {
    type: sent.type,
    _version: sent._version,
    createdAt: sent.createdAt,
    id: sent.id,
    sessionId: `${prefix}${sent.sessionId}`,
    rootId: id(sent.rootId),
  };
  switch (sent.type) {
    case '@xstate.actor': {
      const { name, definition, parentId } = sent;
      return {
        ...base,
        name: tidying.redact(name),
        definition,
        parentId: id(parentId),
        snapshot: snapshotOf(sent.snapshot),
      };
    }
    case '@xstate.event':
      return { ...base, sourceId: id(sent.sourceId), event: eventOf(sent.event) };
    case '@xstate.snapshot':
      return { ...base, event: eventOf(sent.event), snapshot: snapshotOf(sent.snapshot) };
  }

  function eventOf({ type, ...payload }: { readonly type: string }) {
    return { type: tidying.redact(type), ...partsOf(payload, () => tidying) };
  }

  function snapshotOf(snapshot: unknown): Record<string, unknown> {
    return partsOf(shapeOf(snapshot), (key) => (WORK.has(key) ? tidying : named));
  }
}

/** A machine's snapshot says by itself what is to be seen of it. */
function shapeOf(snapshot: unknown): object {
  if (typeof snapshot !== 'object' || snapshot === null) return { status: 'active' }; // its actor is being created
  const shown: unknown = 'toJSON' in snapshot && typeof snapshot.toJSON === 'function' ? snapshot.toJSON() : snapshot;
  return typeof shown === 'object' && shown !== null ? shown : {};
}

function partsOf(parts: object, tidyingOf: (key: string) => Tidying): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parts).map(([key, part]) => [key, harmlessCopy(part, tidyingOf(key))]));
}
