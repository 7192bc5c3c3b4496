/** Events as short lines that a person can read. */

import type { AgentEvent } from '../../src/events/index.js';

/** Each event as one line: who, what, and what there is to say of it. */
export function lines(events: readonly AgentEvent[], id?: string): string[] {
  return events.filter((event) => id === undefined || event.subagentId === id).map(lineOf);
}

export function lineOf(event: AgentEvent): string {
  const said = detail(event);
  return said === '' ? event.type : `${event.type} ${said}`;
}

function detail(event: AgentEvent): string {
  switch (event.type) {
    case 'subagent_started':
      return event.agentType;
    case 'subagent_state_changed':
      return `${event.from} > ${event.to}`;
    case 'subagent_activity_changed': {
      const { activity } = event;
      if (activity.activityType === 'requesting_llm') return `requesting_llm ${activity.messageCount}`;
      if (activity.activityType === 'calling_tool') {
        return `calling_tool ${activity.calls.map(({ toolName, toolId }) => `${toolName}/${toolId}`).join(' ')}`;
      }
      return activity.activityType === 'idle' ? 'idle' : `waiting_for_control (${activity.reason})`;
    }
    case 'start':
      return event.prompt ?? '';
    case 'turn_start':
      return String(event.turn);
    case 'turn_end':
      return `${event.turn}, ${event.totalTokens} tokens`;
    case 'text_delta':
    case 'reasoning_delta':
      return event.text;
    case 'tool_start':
      return `${event.toolName}/${event.toolId} ${JSON.stringify(event.args)}`;
    case 'tool_output_delta':
      return `${event.toolId} ${event.text}`;
    case 'tool_end':
      return `${event.toolName}/${event.toolId} ${event.isError ? 'failed: ' : ''}${event.toolOutput} (${event.durationMs} ms)`;
    case 'end':
      return `${event.totalTokens} tokens`;
    case 'error':
      return `${event.code}: ${event.error}`;
    case 'subagent_progress':
      return `${event.step}/${event.totalSteps} ${event.message}`;
    case 'subagent_completed':
      return `${event.state}${event.by ? ` by ${event.by}` : ''}: ${event.output} (${event.durationMs} ms)`;
    case 'control_signal_received':
      return event.signal;
    case 'control_signal_applied':
      return `${event.signal} ${event.accepted ? 'accepted' : `refused (${event.reason})`}`;
    case 'permission_request':
      return `${event.requestId} ${event.toolName} ${JSON.stringify(event.args)}`;
    case 'permission_resolved':
      return `${event.requestId} ${event.decision} by ${event.by}`;
    case 'retry':
      return `${event.attempt}: ${event.reason}`;
    case 'turn_retry':
      return String(event.turn);
    case 'btw_answer':
      return `${event.question} ${event.answer}`;
    case 'tasks_updated':
      return event.tasks.map(({ content, status }) => `${content}: ${status}`).join(', ');
    case 'step_replayed':
      return `${event.taskId} of ${event.workflowId}`;
    case 'persist_failed':
      return `${event.code}, again in ${event.retryInMs} ms`;
    case 'store_recovered':
      return `${event.tornBytes} bytes torn`;
    case 'gap':
      return `${event.missed}`;
  }
}
