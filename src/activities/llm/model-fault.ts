/** How a failed turn is told: the error of a model request, with what the turn had cost and streamed. */

import { RateLimitedError, TroupeError, type TroupeErrorCode } from '../../domain/errors.js';
import type { TokenUsage } from '../../domain/usage.js';

interface FaultDetails {
  /** Tokens that the provider reported before the turn failed. */
  readonly usage?: TokenUsage;
  /** The text that had come; a refusal's is what the model said. */
  readonly text?: string;
  readonly streamedText?: boolean;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export class ModelFault extends TroupeError {
  readonly usage?: TokenUsage;
  /** The text of the turn until it failed. */
  readonly text: string;
  /** Something was handed to `onText` or `onReasoning`, so readers have to be told that it is void. */
  readonly streamedText: boolean;
  /** How long the provider asked to wait, in ms. */
  readonly retryAfterMs?: number;

  constructor(code: TroupeErrorCode, message: string, details: FaultDetails = {}) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause });
    this.text = details.text ?? '';
    this.streamedText = details.streamedText ?? this.text !== '';
    if (details.usage !== undefined) this.usage = details.usage;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
  }
}

/** How long the provider asked to wait, in ms; absent where it did not say. */
export function retryAfterOf(error: unknown): number | undefined {
  return error instanceof RateLimitedError || error instanceof ModelFault ? error.retryAfterMs : undefined;
}
