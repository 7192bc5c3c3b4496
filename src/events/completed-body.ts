/** The last event of a subagent, as its outcome says it. */

import type { SubAgentOutcome } from '../domain/outcome.js';
import type { AgentEventBody } from './agent-event.js';

export type CompletedBody = Extract<AgentEventBody, { type: 'subagent_completed' }>;

export function completedBody(outcome: SubAgentOutcome): CompletedBody {
  const { state, success, by, output, error, durationMs, usage } = outcome;
  return {
    type: 'subagent_completed',
    success,
    state,
    ...(by ? { by } : {}),
    output,
    ...(error ? { error } : {}),
    durationMs,
    usage,
  };
}
