/** Which ids and names go back to a provider: its own where it gave some, always unique, always of its alphabet. */

import type { Message, ModelToolCall } from '../../domain/message.js';

/** The id on the wire for each of our call ids. Providers refuse a conversation in which two calls have one id. */
export function wireIdsOf(messages: readonly Message[]): ReadonlyMap<string, string> {
  const idByCall = new Map<string, string>();
  const taken = new Set<string>();
  for (const message of messages) {
    if (message.role !== 'assistant') continue;
    for (const call of message.toolCalls ?? []) {
      const wireId = unusedOf(call, taken);
      taken.add(wireId);
      idByCall.set(call.id, wireId);
    }
  }
  return idByCall;
}

function unusedOf({ id, providerId }: ModelToolCall, taken: ReadonlySet<string>): string {
  const wanted = providerId || id;
  if (!taken.has(wanted)) return wanted;
  let unused = `${wanted}-${id}`;
  while (taken.has(unused)) unused += '-';
  return unused;
}

/** A model may have called what no tool is named; said back as it was, it would make every later request fail. */
export function wireNameOf(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'unnamed';
}
