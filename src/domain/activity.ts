/** What a live subagent does at this moment, as users read it. */

export interface ToolCallInFlight {
  readonly toolId: string;
  readonly toolName: string;
  readonly args: unknown;
}

export type Activity =
  | { readonly activityType: 'idle' }
  | { readonly activityType: 'requesting_llm'; readonly messageCount: number }
  | {
      readonly activityType: 'calling_tool';
      /** Of the oldest call in flight. */
      readonly toolName: string;
      readonly args: unknown;
      /** All calls in flight. */
      readonly calls: readonly ToolCallInFlight[];
    }
  | {
      readonly activityType: 'waiting_for_control';
      readonly reason: string;
      /** Ids of the approvals that are open. */
      readonly requests?: readonly string[];
    };
