/** How events are shown: each as a line of JSON, or those that a person follows, in words. */

import type { AgentEvent } from '../events/index.js';
import type { Terminal } from './terminal.js';

export function printAsJson({ out }: Terminal): (event: AgentEvent) => void {
  return (event) => out(JSON.stringify(event));
}

export function printAsLines({ say, input }: Terminal): (event: AgentEvent) => void {
  return (event) => {
    if (event.type === 'permission_request' && input) return; // the question says it
    const text = lineOf(event);
    if (text !== undefined) say('subagentId' in event ? `${event.subagentId}  ${text}` : text, true);
  };
}

/** Undefined for what is of no interest to who looks on. */
function lineOf(event: AgentEvent): string | undefined {
  switch (event.type) {
    case 'subagent_started':
      return ['started', event.agentType, event.description].join(' ').trimEnd();
    case 'subagent_state_changed':
      if (event.to === 'paused') return 'paused';
      return event.from === 'paused' && event.to === 'running' ? 'goes on' : undefined;
    case 'subagent_progress':
      return `step ${event.step}${event.totalSteps === undefined ? '' : ` of ${event.totalSteps}`}: ${event.message}`;
    case 'tool_start':
      return `${event.toolName} ${JSON.stringify(event.args)}`;
    case 'tool_end':
      return event.isError ? `${event.toolName} failed: ${event.toolOutput ?? ''}` : undefined;
    case 'permission_request':
      return `asks for ${event.toolName} ${JSON.stringify(event.args)}`;
    case 'permission_resolved':
      return `${event.requestId}: ${event.decision} by ${event.by}`;
    case 'retry':
      return `tries again in ${event.delayMs} ms: ${event.reason}`;
    case 'persist_failed':
      return `cannot be saved (${event.code})`;
    case 'store_recovered':
      return `a record that a crash had torn was left out (${event.tornBytes} bytes)`;
    case 'gap':
      return `${event.missed} events were missed`;
    case 'subagent_completed': {
      const { state, error, durationMs, usage } = event;
      const why = error ? [error.code === state ? error.message : `${error.code}: ${error.message}`] : [];
      const seconds = (durationMs / 1000).toFixed(1);
      return `${[state, ...why].join(': ')}, in ${seconds} s, ${usage.totalTokens} tokens`;
    }
    default:
      return undefined;
  }
}
