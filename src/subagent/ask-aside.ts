/** A side question (`btw`): answered from a copy of the history, without tools, leaving no trace in it. */

import type { ModelTurn } from '../activities/llm/index.js';
import { delay } from '../domain/clock.js';
import { TroupeError, type TroupeErrorCode, toErrorInfo } from '../domain/errors.js';
import type { TokenUsage } from '../domain/usage.js';
import { type Attempt, asideKey, attemptRequest } from './attempt-request.js';
import type { LiveSubagent } from './live-subagent.js';
import { recall } from './passivation.js';

/** A side question whose first request has just left. */
export interface Aside {
  /** Of the subagent. */
  readonly id: string;
  /** Without the secrets that are known. */
  readonly question: string;
  /** Ms since the epoch. */
  readonly askedAt: number;
  /** Never rejects. */
  readonly ended: Promise<AsideEnd>;
}

/** Answered, or failed with a code. */
export type AsideEnd = { readonly endedAt: number } & (
  | { readonly answer: string; readonly usage?: TokenUsage }
  | { readonly code: TroupeErrorCode }
);

export interface AsideHost {
  /** A request of it is no longer in flight. */
  onSettled(): void;
  onAsked(aside: Aside): void;
}

/**
 * Waits for the subagent to run: no request starts while it is paused or pending, and none is tried again.
 * @throws TroupeError `wrong_state` when the subagent ends before the answer is there; else as a turn fails.
 */
export async function askAside(subagent: LiveSubagent, question: string, host: AsideHost): Promise<string> {
  const { redact, clock } = subagent.environment;
  const ended = new AbortController();
  const end = () => ended.abort(endedBefore(subagent, question));
  const subscription = subagent.actor.subscribe({ complete: end, error: end });
  if (subagent.outcome) end();
  subagent.asidesOpen += 1;
  let tellEnd: ((end: AsideEnd) => void) | undefined;
  const onSend = () => {
    if (tellEnd) return; // it is tried again
    const asideEnded = new Promise<AsideEnd>((resolve) => {
      tellEnd = resolve;
    });
    host.onAsked({ id: subagent.id, question: redact(question), askedAt: clock.now(), ended: asideEnded });
  };
  try {
    const { text, usage } = await answerTo(subagent, {
      question,
      signal: ended.signal,
      onSend,
      onSettled: host.onSettled,
    });
    const answer = redact(text);
    tellEnd?.({ endedAt: clock.now(), answer, ...(usage ? { usage } : {}) });
    subagent.publish({ type: 'btw_answer', question: redact(question), answer });
    return answer;
  } catch (error) {
    tellEnd?.({ endedAt: clock.now(), code: toErrorInfo(error).code });
    throw error;
  } finally {
    subagent.asidesOpen -= 1;
    subscription.unsubscribe();
  }
}

interface Asked {
  readonly question: string;
  readonly signal: AbortSignal;
  readonly onSend: () => void;
  readonly onSettled: () => void;
}

async function answerTo(subagent: LiveSubagent, asked: Asked): Promise<ModelTurn> {
  const { signal } = asked;
  for (let attempt = 1; ; ) {
    // Looked at again each time: it may have been paused in the tick in which it was resumed.
    while (subagent.state !== 'running') await nextChange(subagent, signal);
    signal.throwIfAborted();
    subagent.asidesInFlight += 1;
    const result = await attemptAside(subagent, asked, attempt).finally(() => {
      subagent.asidesInFlight -= 1;
      asked.onSettled();
    });
    if (result.kind === 'answered') return result.turn;
    if (result.kind === 'failed') {
      subagent.publish({ type: 'retry', attempt, delayMs: result.delayMs, reason: result.reason });
      attempt += 1;
    }
    await delay(subagent.environment.clock, result.delayMs, signal);
  }
}

async function attemptAside(
  subagent: LiveSubagent,
  { question, signal, onSend }: Asked,
  attempt: number,
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
    onSend,
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
