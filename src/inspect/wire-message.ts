/** The messages of `@statelyai/inspect` 0.7, as far as they are looked into here. */

import { z } from 'zod';

/** Beside what is named here, a message holds what it tells of: an event, a definition. */
const Message = z.looseObject({
  type: z.enum(['@xstate.actor', '@xstate.event', '@xstate.snapshot']),
  sessionId: z.string().min(1),
  _version: z.string(),
  rootId: z.string().nullish(),
  parentId: z.string().nullish(),
  sourceId: z.string().nullish(),
  snapshot: z.looseObject({ status: z.string().optional() }).nullish(),
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

/** An actor that does nothing any more. A snapshot without a status is one of a program of its own. */
export function tellsOfEnd({ type, snapshot }: WireMessage): boolean {
  return type === '@xstate.snapshot' && (snapshot?.status ?? 'active') !== 'active';
}
