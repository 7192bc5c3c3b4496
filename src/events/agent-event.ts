/** Every event of a subagent: one flat union, discriminated by `type`, with one schema for what comes in from outside. */

import { z } from 'zod';
import type { Activity } from '../domain/activity.js';
import type { ErrorInfo as DomainErrorInfo, TroupeErrorCode } from '../domain/errors.js';
import { LIFECYCLE_STATES } from '../domain/lifecycle.js';
import { TASK_STATUSES, type Task } from '../domain/tool.js';
import type { Usage } from '../domain/usage.js';

const count = z.int().nonnegative();
const code = z.custom<TroupeErrorCode>((value) => typeof value === 'string' && value !== '', 'expected an error code');
const errorInfo: z.ZodType<DomainErrorInfo> = z.object({ code, message: z.string() });
const lifecycleState = z.enum(LIFECYCLE_STATES);
const endCause = z.enum(['user', 'parent', 'timeout', 'budget', 'shutdown']);

const usage: z.ZodType<Usage> = z.object({
  inputTokens: count,
  outputTokens: count,
  totalTokens: count,
  cachedTokens: count.exactOptional(),
  requests: count,
  repairs: count,
  costUsd: z.number().nonnegative().exactOptional(),
  unknownRequests: count,
  estimatedTokens: count.exactOptional(),
  estimatedCostUsd: z.number().nonnegative().exactOptional(),
});
const task: z.ZodType<Task> = z.object({
  content: z.string(),
  status: z.enum(TASK_STATUSES),
});
const callInFlight = z.object({ toolId: z.string(), toolName: z.string(), args: z.unknown() });
const activity: z.ZodType<Activity> = z.discriminatedUnion('activityType', [
  z.object({ activityType: z.literal('idle') }),
  z.object({ activityType: z.literal('requesting_llm'), messageCount: count }),
  z.object({
    activityType: z.literal('calling_tool'),
    toolName: z.string(),
    args: z.unknown(),
    calls: z.array(callInFlight).readonly(),
  }),
  z.object({
    activityType: z.literal('waiting_for_control'),
    reason: z.string(),
    requests: z.array(z.string()).readonly().exactOptional(),
  }),
]);
const signal = z.enum(['pause', 'resume', 'cancel', 'steer', 'approve', 'deny']);

/** The fields of each event, without the envelope. */
const bodies = [
  z.object({ type: z.literal('start'), prompt: z.string().exactOptional() }),
  z.object({ type: z.literal('turn_start'), turn: count }),
  z.object({
    type: z.literal('turn_end'),
    turn: count,
    totalTokens: count.exactOptional(),
    usage: usage.exactOptional(),
  }),
  z.object({ type: z.literal('text_delta'), text: z.string() }),
  z.object({ type: z.literal('reasoning_delta'), text: z.string() }),
  z.object({ type: z.literal('tool_start'), toolName: z.string(), toolId: z.string(), args: z.unknown() }),
  z.object({ type: z.literal('tool_output_delta'), toolId: z.string(), text: z.string() }),
  z.object({
    type: z.literal('tool_end'),
    toolName: z.string(),
    toolId: z.string(),
    toolOutput: z.string().exactOptional(),
    exitCode: z.int().exactOptional(),
    durationMs: z.number().nonnegative(),
    isError: z.boolean(),
  }),
  z.object({ type: z.literal('end'), totalTokens: count.exactOptional() }),
  z.object({ type: z.literal('error'), error: z.string(), code }),
  z.object({ type: z.literal('btw_answer'), question: z.string(), answer: z.string() }),
  z.object({
    type: z.literal('subagent_started'),
    agentType: z.string(),
    description: z.string(),
    /** The config as it was given, with defaults; tools by name. */
    config: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal('subagent_state_changed'), from: lifecycleState, to: lifecycleState }),
  z.object({ type: z.literal('subagent_activity_changed'), activity }),
  z.object({
    type: z.literal('subagent_progress'),
    step: count,
    totalSteps: count.exactOptional(),
    message: z.string(),
  }),
  z.object({
    type: z.literal('subagent_completed'),
    success: z.boolean(),
    state: z.enum(['completed', 'failed', 'cancelled']),
    by: endCause.exactOptional(),
    output: z.string(),
    error: errorInfo.exactOptional(),
    durationMs: z.number().nonnegative(),
    usage,
  }),
  z.object({ type: z.literal('tasks_updated'), tasks: z.array(task).readonly() }),
  z.object({ type: z.literal('control_signal_received'), signal }),
  z.object({
    type: z.literal('control_signal_applied'),
    signal,
    accepted: z.boolean(),
    reason: z.string().exactOptional(),
  }),
  z.object({
    type: z.literal('permission_request'),
    requestId: z.string(),
    toolId: z.string(),
    toolName: z.string(),
    args: z.unknown(),
    rule: z.string().exactOptional(),
    preview: z.string().exactOptional(),
    expiresAt: z.number().exactOptional(),
  }),
  z.object({
    type: z.literal('permission_resolved'),
    requestId: z.string(),
    decision: z.enum(['allow', 'deny']),
    /** `timeout`: nobody answered in time. */
    by: z.enum(['user', 'confirm', 'timeout']),
  }),
  z.object({ type: z.literal('retry'), attempt: count, delayMs: z.number().nonnegative(), reason: z.string() }),
  z.object({ type: z.literal('turn_retry'), turn: count }),
  /** The step was not run: its outcome is that of a former run, by the subagent of this event. */
  z.object({ type: z.literal('step_replayed'), taskId: z.string(), workflowId: z.string() }),
  /** Without `retryInMs` it is not tried again by itself. */
  z.object({ type: z.literal('persist_failed'), code, retryInMs: z.number().nonnegative().exactOptional() }),
  /** A crash had torn the last record while it was written; it was left out. */
  z.object({ type: z.literal('store_recovered'), tornBytes: z.int().positive() }),
] as const;

const AgentEventBody = z.discriminatedUnion('type', bodies);
/** An event before it is stamped. */
export type AgentEventBody = z.infer<typeof AgentEventBody>;
export type AgentEventType = AgentEventBody['type'];

/** The fields that an event of each type may have beside the envelope's. */
export const FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  bodies.map(({ shape }) => [shape.type.value, new Set(Object.keys(shape))]),
);

const envelope = z.object({
  subagentId: z.string(),
  parentId: z.string().exactOptional(),
  /** 0, and one more at each restore. */
  epoch: count,
  /** 1, 2, 3, ... without gaps, for each subagent and epoch. */
  seq: z.int().positive(),
  /** The same for the whole orchestrator. */
  offset: z.int().positive(),
  /** Ms since the epoch. */
  time: z.number(),
  v: z.literal(1),
});
export type EventEnvelope = z.infer<typeof envelope>;
/** An event as the subagent published it. */
export type SubAgentEvent = EventEnvelope & AgentEventBody;

/** Told to one reader whose history was cut or who read too slowly; no subagent published it, so it has no `seq` of its own. */
export const GapEvent = z.object({
  type: z.literal('gap'),
  missed: z.int().positive(),
  /** Which events, by `seq`, in a subagent's own stream; absent in an orchestrator's. */
  fromSeq: z.int().positive().exactOptional(),
  toSeq: z.int().positive().exactOptional(),
  /** Which events, by `offset`, in an orchestrator's stream. */
  fromOffset: z.int().positive().exactOptional(),
  toOffset: z.int().positive().exactOptional(),
  /** Absent where the gap spans several subagents. */
  subagentId: z.string().exactOptional(),
  /** Of a former life, from its first event on. `missed` counts those that its records know of: there may have been more. */
  epoch: count.exactOptional(),
  time: z.number(),
  v: z.literal(1),
});
export type GapEvent = z.infer<typeof GapEvent>;

/** What readers get. Keep a default branch: types may be added within `v: 1`. */
export const AgentEvent: z.ZodType<AgentEvent> = z.union([z.intersection(envelope, AgentEventBody), GapEvent]);
export type AgentEvent = SubAgentEvent | GapEvent;

export type ControlSignal = z.infer<typeof signal>;
