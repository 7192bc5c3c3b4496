/** The port to language models. An adapter turns a request into chunks; retries and limits stand around it, not in it. */

import type { Clock } from './clock.js';
import type { Message } from './message.js';
import type { JsonSchema } from './schema.js';
import type { ModelPrice, TokenUsage } from './usage.js';

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonSchema;
}

export interface ModelRequest {
  readonly system: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
}

export type FinishReason = 'stop' | 'tool_calls' | 'length' | 'content_filter' | 'refusal';

/** What a provider streams. Exactly one `finish` makes a turn complete; a stream that ends without it is a fault. */
export type ModelChunk =
  | { readonly type: 'text_delta'; readonly text: string }
  | { readonly type: 'reasoning_delta'; readonly text: string }
  /** A whole call; adapters put the pieces together. `id` is the provider's. */
  | { readonly type: 'tool_call'; readonly id?: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'usage'; readonly usage: TokenUsage }
  | { readonly type: 'finish'; readonly reason: FinishReason };

export interface ModelStreamOptions {
  readonly signal: AbortSignal;
  /** For the provider's own deadlines. */
  readonly clock: Clock;
}

export interface ModelProvider {
  /** Shown in errors, such as `openai/gpt-5-mini`. */
  readonly name: string;
  /** Attempts after the first for faults that may pass; 3 by default. */
  readonly maxRetries?: number;
  readonly price?: ModelPrice;
  /**
   * Streams one answer. Throws a `TroupeError` whose code tells what to do: `model_unavailable` and `rate_limited` are tried
   * again, everything else ends the run. On abort it stops at once; what it does then is not looked at.
   */
  stream(request: ModelRequest, options: ModelStreamOptions): AsyncIterable<ModelChunk>;
}
