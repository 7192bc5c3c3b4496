/** What models answer in the tests of the charts. */

import type { ModelTurnResult, PlannedCall, RetryLater } from '../../machines/index.js';
import { TroupeError, type TroupeErrorCode } from '../../src/domain/errors.js';

export function call(callId: string, more: Partial<PlannedCall> = {}): PlannedCall {
  return { callId, name: 'read', args: {}, alone: false, ...more };
}

/** A turn that asks for calls. */
export function wants(text: string, ...calls: readonly PlannedCall[]): ModelTurnResult {
  return turn({ text, calls, malformedReset: calls.length > 0 });
}

/** A final answer. */
export function answer(text: string, truncated = false): ModelTurnResult {
  return turn({ text, answered: true, truncated });
}

/** A turn whose last calls could not be read; `calls` before them could. */
export function malformed(malformedCount: number, ...calls: readonly PlannedCall[]): ModelTurnResult {
  return turn({ malformedCount, calls, malformedReset: calls.length > 0 });
}

export function retryLater(delayMs: number, countsAsAttempt = true): RetryLater {
  return { kind: 'retry_later', delayMs, countsAsAttempt };
}

function turn(more: Partial<ModelTurnResult>): ModelTurnResult {
  const plain = { text: '', answered: false, truncated: false, calls: [], malformedCount: 0, malformedReset: false };
  return { kind: 'turn', ...plain, ...more };
}

export function failure(code: TroupeErrorCode, message: string): TroupeError {
  return new TroupeError(code, message);
}
