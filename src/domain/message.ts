/** A conversation as it is kept and as it is sent: plain data, the same for every provider. */

/** A call as the model wrote it. `id` is ours and unique in the subagent; `providerId` is what goes back to the provider. */
export interface ModelToolCall {
  readonly id: string;
  readonly providerId?: string;
  readonly name: string;
  /** JSON text as the model wrote it, not yet parsed. */
  readonly arguments: string;
}

export type Message =
  | { readonly role: 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ModelToolCall[] }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly content: string; readonly isError?: boolean };
