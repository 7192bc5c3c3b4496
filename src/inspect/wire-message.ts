/** The messages of `@statelyai/inspect` 0.7, as far as they are looked into here. */

import { z } from 'zod';
import type { StatelyInspectionEvent } from './stately.js';

/** Beside what is named here, a message holds what it tells of, such as a definition. */
const Message = z.looseObject({
  type: z.enum(['@xstate.actor', '@xstate.event', '@xstate.snapshot']),
  sessionId: z.string().min(1),
  _version: z.string(),
  rootId: z.string().nullish(),
  parentId: z.string().nullish(),
  sourceId: z.string().nullish(),
  snapshot: z.looseObject({ status: z.string().optional() }).nullish(),
  event: z.looseObject({ type: z.string() }).nullish(),
});
export type WireMessage = z.output<typeof Message>;

/** @returns undefined for what is no message of an inspector. */
export function parseWireMessage(text: string): WireMessage | undefined {
  try {
    return Message.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // no JSON
  }
}

/** With ids that no other process has. */
export function prefixed(message: StatelyInspectionEvent, prefix: string): WireMessage {
  const id = (sessionId: string | undefined) => (sessionId === undefined ? undefined : `${prefix}${sessionId}`);
  return {
    ...(message as unknown as WireMessage), // its snapshot and event are plain data: nothing else went in
    sessionId: `${prefix}${message.sessionId}`,
    rootId: id(message.rootId),
    parentId: id('parentId' in message ? message.parentId : undefined),
    sourceId: id('sourceId' in message ? message.sourceId : undefined),
  };
}
