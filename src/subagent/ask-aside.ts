/** A side question (`btw`): answered from a copy of the history, without tools, leaving no trace in it. */

import { delay } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import { type Attempt, asideKey, attemptRequest } from './attempt-request.js';
import type { LiveSubagent } from './live-subagent.js';
import { recall } from './passivation.js';

/**
 * Waits for the subagent to run: no request starts while it is paused or pending, and none is tried again.
 * @param onSettled Called when a request of it is no longer in flight.
 * @throws TroupeError `wrong_state` when the subagent ends before the answer is there; else as a turn fails.
 */
export async function askAside(subagent: LiveSubagent, question: string, onSettled: () => void): Promise<string> {
  const ended = new AbortController();
  const end = () => ended.abort(endedBefore(subagent, question));
  const subscription = subagent.actor.subscribe({ complete: end, error: end });
  if (subagent.outcome) end();
  subagent.asidesOpen += 1;
  try {
    const answer = subagent.environment.redact(await answerTo(subagent, question, ended.signal, onSettled));
    subagent.publish({ type: 'btw_answer', question: subagent.environment.redact(question), answer });
    return answer;
  } finally {
    subagent.asidesOpen -= 1;
    subscription.unsubscribe();
  }
}

async function answerTo(
  subagent: LiveSubagent,
  question: string,
  signal: AbortSignal,
  onSettled: () => void,
): Promise<string> {
  for (let attempt = 1; ; ) {
    // Looked at again each time: it may have been paused in the tick in which it was resumed.
    while (subagent.state !== 'running') await nextChange(subagent, signal);
    signal.throwIfAborted();
    subagent.asidesInFlight += 1;
    const result = await attemptAside(subagent, question, attempt, signal).finally(() => {
      subagent.asidesInFlight -= 1;
      onSettled();
    });
    if (result.kind === 'answered') return result.turn.text;
    if (result.kind === 'failed') {
      subagent.publish({ type: 'retry', attempt, delayMs: result.delayMs, reason: result.reason });
      attempt += 1;
    }
    await delay(subagent.environment.clock, result.delayMs, signal);
  }
}

async function attemptAside(
  subagent: LiveSubagent,
  question: string,
  attempt: number,
  signal: AbortSignal,
): Promise<Attempt> {
  const { plan, transcript } = subagent;
  if (transcript.isAway) {
    const delayMs = await recall(subagent, signal);
    if (delayMs !== undefined) return { kind: 'held_back', delayMs };
    if (subagent.state !== 'running') return { kind: 'held_back', delayMs: 0 }; // paused meanwhile
  }
  return attemptRequest(subagent, {
    key: asideKey(subagent),
    attempt,
    signal,
    request: {
      system: plan.system,
      messages: [...transcript.copies(), { role: 'user', content: question }],
      tools: [],
    },
    onText: () => {},
    onReasoning: () => {},
  });
}

function nextChange(subagent: LiveSubagent, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const settle = (act: () => void) => {
      subscription.unsubscribe();
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    const subscription = subagent.actor.subscribe(() => settle(resolve));
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function endedBefore(subagent: LiveSubagent, question: string): TroupeError {
  const asked = JSON.stringify(subagent.environment.redact(question).slice(0, 80));
  return new TroupeError('wrong_state', `${subagent.id} ended before the side question ${asked} was answered`);
}
