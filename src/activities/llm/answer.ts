/** What the two dialects of the API have in common: how a request is sent and how an answer is read. */

import type { ModelChunk, ModelRequest, OutputRequest } from '../../domain/model.js';

export type ApiName = 'chat' | 'responses';

/** What the caller's options say of each request. */
export interface RequestSettings {
  readonly model: string;
  readonly maxOutputTokens?: number | undefined;
  /** Name of the limit above in the chat API; servers other than the original know only the old one. */
  readonly outputLimitKey: 'max_completion_tokens' | 'max_tokens';
  readonly temperature?: number | undefined;
}

/** The form of an answer, as both dialects spell it. */
export function formatOf({ name, schema, strict = false }: OutputRequest): object {
  return { name, schema, strict };
}

export interface Dialect {
  readonly api: ApiName;
  body(request: ModelRequest, settings: RequestSettings): Readonly<Record<string, unknown>>;
  answer(): Answer;
}

/** One answer while it comes in. Its methods throw `ProviderFault` where what came is no answer. */
export interface Answer {
  /** `finished`: only usage is missing; `complete`: nothing is. */
  readonly state: 'open' | 'finished' | 'complete';
  /** Takes one event of the stream; what it means is pushed to `out`. `name` is empty for an event without one. */
  take(data: unknown, name: string, out: ModelChunk[]): void;
  /** Takes a whole answer that came in place of a stream. */
  takeWhole(body: unknown, out: ModelChunk[]): void;
  /** Pushes what is known only at the end: calls, usage, the finish reason. */
  end(out: ModelChunk[]): void;
}
