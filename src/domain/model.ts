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

/** The form that the text of an answer must have. */
export interface OutputRequest {
  /** 1 to 64 letters, digits, `_` or `-`. */
  readonly name: string;
  /** Always of one object. */
  readonly schema: JsonSchema;
  /** The schema keeps to the rules of the strict mode: every property required, nothing else allowed. */
  readonly strict?: boolean;
}

export interface ModelRequest {
  readonly system: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
  /** Only for a provider whose `structuredOutput` is `native`. */
  readonly output?: OutputRequest;
  /** The tool that must be called; the model's own choice by default. */
  readonly toolChoice?: { readonly name: string };
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
  /** Characters of text, reasoning and calls in one answer, above which it is `output_limit`; 16 M by default. */
  readonly maxResponseBytes?: number;
  readonly price?: ModelPrice;
  /** Providers that bear the same object are held back together after a 429 of any of them; without it, each by itself. */
  readonly limiterKey?: object;
  /** Whether it heeds `output` in a request (`native`); by default it is asked to call a tool with the answer. */
  readonly structuredOutput?: 'native' | 'tool';
  /**
   * Streams one answer. Throws a `TroupeError` whose code tells what to do: `model_unavailable` and `rate_limited` are tried
   * again, everything else ends the run. On abort it stops at once; what it does then is not looked at.
   */
  stream(request: ModelRequest, options: ModelStreamOptions): AsyncIterable<ModelChunk>;
}
