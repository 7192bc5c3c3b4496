/** From the events of a subagent to its row: pure, one event at a time. */

import type { Activity } from '../domain/activity.js';
import { isFinal } from '../domain/lifecycle.js';
import { NO_USAGE } from '../domain/usage.js';
import { visibleText } from '../domain/visible-text.js';
import type { EventEnvelope, SubAgentEvent } from '../events/index.js';
import type { OpenRequest, RecordedEvent, Row, RowActivity } from './protocol.js';
import { closed, isOpen, opened, type Spans } from './spans.js';
import { toolLabel } from './texts.js';

export const IDLE: RowActivity = { type: 'idle', label: '' };
/** Characters of what a person is to judge. */
const MAX_ARGS = 10_000;

export function newRow(event: Pick<EventEnvelope, 'subagentId' | 'parentId' | 'time'>, order: number): Row {
  return {
    id: event.subagentId,
    order,
    ...(event.parentId === undefined ? {} : { parentId: event.parentId }),
    depth: 0,
    detached: false,
    agentType: '',
    description: '',
    state: 'pending',
    activity: IDLE,
    turn: 0,
    usage: NO_USAGE,
    createdAt: event.time,
    updatedAt: event.time,
    requests: [],
    spans: [],
  };
}

/** @param version Of the board after this event. @returns the same row where the event changes nothing of it. */
export function foldRow(row: Row, event: SubAgentEvent | RecordedEvent, version: number): Row {
  const changed = change(row, event, version);
  return changed === undefined ? row : { ...row, ...changed, updatedAt: event.time };
}

function change(row: Row, event: SubAgentEvent | RecordedEvent, version: number): Partial<Row> | undefined {
  const { time } = event;
  switch (event.type) {
    case 'subagent_started': {
      const { agentType, description, config } = event;
      return { agentType, description, detached: config.detached === true };
    }
    case 'subagent_state_changed':
      return { state: event.to, spans: spansOfState(row, event, version) };
    case 'subagent_activity_changed':
      return {
        activity: rowActivity(event.activity),
        spans: spansOfActivity(row, event.activity, time, version),
        requests: stillOpen(row.requests, event.activity),
      };
    case 'turn_start':
      return { turn: event.turn };
    case 'turn_end':
      return { turn: event.turn, ...(event.usage ? { usage: event.usage } : {}) };
    case 'billed':
      return { usage: event.usage };
    case 'tool_start':
      return {
        activity: { type: 'calling_tool', label: toolLabel(event.toolName, event.args) },
        spans: opened(row.spans, 'tool', toolSpan(event), time, version),
      };
    case 'tool_end':
      return { spans: closed(row.spans, time, version, ({ label }) => label === toolSpan(event)) };
    case 'retry':
      return { spans: retrySpan(row, event, version) };
    case 'permission_request': {
      const { requestId, toolName, args, rule, preview, expiresAt } = event;
      const request: OpenRequest = {
        requestId,
        toolName,
        args: argsText(args),
        ...(rule === undefined ? {} : { rule }),
        ...(preview === undefined ? {} : { preview: preview.slice(0, MAX_ARGS) }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      };
      return { requests: [...row.requests.filter((open) => open.requestId !== requestId), request] };
    }
    case 'permission_resolved':
      return { requests: row.requests.filter(({ requestId }) => requestId !== event.requestId) };
    case 'error':
      return { error: { code: event.code, message: event.error } };
    case 'subagent_completed':
      return {
        state: event.state,
        activity: IDLE,
        usage: event.usage,
        endedAt: time,
        requests: [],
        spans: closed(row.spans, time, version, () => true),
        ...(event.error ? { error: event.error } : {}),
        ...(event.by ? { by: event.by } : {}),
      };
    default:
      return undefined;
  }
}

function argsText(args: unknown): string {
  const text = visibleText(typeof args === 'string' ? args : (JSON.stringify(args, null, 2) ?? ''));
  const more = text.length - MAX_ARGS;
  return more <= 0 ? text : `${text.slice(0, MAX_ARGS)}\n… and ${more} more characters, which are not shown`;
}

/** The name alone would end another call of the same tool. */
function toolSpan({ toolName, toolId }: { readonly toolName: string; readonly toolId: string }): string {
  return `${toolName} · ${toolId}`;
}

function spansOfState(
  { spans }: Row,
  { to, time }: Extract<SubAgentEvent, { type: 'subagent_state_changed' }>,
  version: number,
): Spans {
  if (isFinal(to)) return closed(spans, time, version, () => true);
  if (to === 'paused') return isOpen(spans, 'paused') ? spans : opened(spans, 'paused', 'paused', time, version);
  return closed(spans, time, version, ({ kind }) => kind === 'paused' || (kind === 'queued' && to === 'running'));
}

function spansOfActivity(row: Row, activity: Activity, time: number, version: number): Spans {
  const isWaiting = activity.activityType === 'waiting_for_control';
  const asks = isWaiting && (activity.requests?.length ?? 0) > 0;
  const queues = isWaiting && row.state === 'pending';
  const thinks = activity.activityType === 'requesting_llm';
  const ended = closed(
    row.spans,
    time,
    version,
    ({ kind }) =>
      kind === 'model' || kind === 'retry' || (kind === 'approval' && !asks) || (kind === 'queued' && !queues),
  );
  if (thinks) return opened(ended, 'model', `turn ${row.turn + 1}`, time, version);
  if (asks && !isOpen(ended, 'approval')) return opened(ended, 'approval', 'waits for approval', time, version);
  if (queues && !isOpen(ended, 'queued')) return opened(ended, 'queued', 'queued', time, version);
  return ended;
}

/** The request is not in flight until it is tried again. */
function retrySpan(row: Row, event: Extract<SubAgentEvent, { type: 'retry' }>, version: number): Spans {
  const { time, attempt, delayMs, reason } = event;
  const ended = closed(row.spans, time, version, ({ kind }) => kind === 'model');
  const waits = opened(ended, 'retry', `retry ${attempt}: ${reason}`, time, version);
  const until = closed(waits, time + delayMs, version, ({ kind }) => kind === 'retry');
  return opened(until, 'model', `turn ${row.turn}, again`, time + delayMs, version);
}

export function rowActivity(activity: Activity): RowActivity {
  switch (activity.activityType) {
    case 'calling_tool':
      return {
        type: 'calling_tool',
        label: activity.calls.map(({ toolName, args }) => toolLabel(toolName, args)).join(', '),
      };
    case 'waiting_for_control':
      return { type: 'waiting_for_control', label: activity.reason };
    case 'requesting_llm':
      return { type: 'requesting_llm', label: '' };
    default:
      return IDLE;
  }
}

/** One that was answered while nobody told of it is open no more. */
function stillOpen(requests: readonly OpenRequest[], activity: Activity): readonly OpenRequest[] {
  if (activity.activityType !== 'waiting_for_control' || activity.requests === undefined) return requests;
  const open = new Set(activity.requests);
  return requests.filter(({ requestId }) => open.has(requestId));
}
