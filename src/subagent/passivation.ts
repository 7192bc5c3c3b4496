/** When the conversation of a subagent may leave memory, and how it comes back. */

import { isWaiting } from '../../machines/index.js';
import { TroupeError } from '../domain/errors.js';
import type { LiveSubagent } from './live-subagent.js';

/** Nothing of it is in flight that could need the conversation, and there is one in memory. */
export function mayPassivate({ actor, asidesInFlight, callsOnChildren, log, transcript }: LiveSubagent): boolean {
  if (!log || transcript.isAway || asidesInFlight > 0) return false;
  return isWaiting(actor.getSnapshot(), callsOnChildren);
}

/** Lets it go. It is asked for again by whoever needs it; all else about the subagent is as before. */
export function passivate({ log, transcript }: LiveSubagent): void {
  if (log?.holdsConversation) transcript.leave();
}

/**
 * Brings it back, if it is away.
 * @returns in how many ms to try again, because the store fails; undefined when it is there. Rejects with the reason of the signal.
 * @throws TroupeError `store_corrupt`, `store_version`; `store_io` where `onPersistError` is `fail`.
 */
export async function recall({ id, log, transcript }: LiveSubagent, signal: AbortSignal): Promise<number | undefined> {
  signal.throwIfAborted();
  if (!log || !transcript.isAway) return undefined;
  const read = await orAborted(log.readBack(), signal);
  if ('retryInMs' in read) return read.retryInMs;
  if (transcript.comeBack(read.entries)) return undefined;
  throw new TroupeError(
    'store_corrupt',
    `the journal of ${id} no longer holds what was said; something else changed it, so restore it from a copy`,
  );
}

async function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
