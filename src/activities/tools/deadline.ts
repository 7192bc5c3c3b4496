/** How a tool's own time limit and its call's signal become one signal. */

import type { ToolContext } from '../../domain/tool.js';

export interface Deadline {
  /** Aborts when the call does, or when the time is over. */
  readonly signal: AbortSignal;
  /** Whether it was the time. */
  readonly expired: () => boolean;
  /** Frees timer and listener. */
  readonly end: () => void;
}

export function startDeadline(context: ToolContext, limitMs: number): Deadline {
  const controller = new AbortController();
  let expired = false;
  const onAbort = () => controller.abort(context.signal.reason);
  if (context.signal.aborted) onAbort();
  context.signal.addEventListener('abort', onAbort, { once: true });
  const timer = context.clock.setTimeout(() => {
    expired = !context.signal.aborted;
    controller.abort(new Error(`stopped after ${limitMs} ms`));
  }, limitMs);
  return {
    signal: controller.signal,
    expired: () => expired,
    end: () => {
      context.clock.clearTimeout(timer);
      context.signal.removeEventListener('abort', onAbort);
    },
  };
}
