/** From the journal of a subagent to the events that it told while it lived, as far as the journal knows. */

import { activityOf, type SubagentEmitted, type SubagentSnapshot, stateOf } from '../../machines/index.js';
import type { Activity } from '../domain/activity.js';
import type { LifecycleState } from '../domain/lifecycle.js';
import { MAX_PARALLEL_TOOLS } from '../domain/limits.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import { NO_USAGE, type Usage, withRequestBilled, withRequestSent } from '../domain/usage.js';
import { type AgentEventBody, completedBody } from '../events/index.js';
import { type ChartStep, foldLog, type LogRecord, replayChart, type SpawnedRecord } from '../subagent/index.js';
import type { FocusEvent } from './protocol.js';
import type { StoredLog } from './stored-logs.js';

type Body = AgentEventBody | { type: 'steered'; text: string } | { type: 'billed'; usage: Usage };
export type StoredEvent = Exclude<FocusEvent, { type: 'gap' }>;

/** @returns in order, without offsets, which count over all subagents. */
export function eventsOfLog(log: StoredLog): StoredEvent[] {
  const [spawned] = log.records;
  return spawned?.type === 'spawned' ? new Teller(log, spawned).tell() : [];
}

class Teller {
  readonly #log: StoredLog;
  readonly #spawned: SpawnedRecord;
  readonly #events: StoredEvent[] = [];
  readonly #names = new Map<string, string>();
  readonly #args = new Map<string, unknown>();
  readonly #startedAt = new Map<string, number>();
  #state: LifecycleState = 'pending';
  #activity: Activity = { activityType: 'idle' };
  #hasStarted = false;
  #messageCount = 1;
  #usage: Usage = NO_USAGE;
  #epoch = 0;
  #seq = 0;

  constructor(log: StoredLog, spawned: SpawnedRecord) {
    this.#log = log;
    this.#spawned = spawned;
  }

  tell(): StoredEvent[] {
    const { records } = this.#log;
    const folded = foldLog(records, this.#spawned);
    const counts = new Set(folded.places);
    let next = 0;
    const tellUpTo = (place: number) => {
      for (; next <= place; next++) {
        const record = records[next];
        if (record && counts.has(next)) this.#record(record);
      }
    };
    replayChart(this.#chartInput(), folded, (step) => {
      tellUpTo(step.record);
      this.#step(step, records[step.record]?.t ?? folded.createdAt);
    });
    tellUpTo(records.length - 1);
    return this.#events;
  }

  /** The turn limit of its agent is not stored; that it was reached is told by the last record. */
  #chartInput() {
    const { id, config } = this.#spawned;
    const number = (key: string) => (typeof config[key] === 'number' ? config[key] : null);
    return {
      id,
      maxSteps: number('maxSteps') ?? Number.MAX_SAFE_INTEGER,
      maxParallelTools: MAX_PARALLEL_TOOLS,
      timeoutMs: number('timeoutMs'),
      approvalMs: null,
    };
  }

  #publish(time: number, body: Body): void {
    const { parentId } = this.#spawned;
    this.#seq += 1;
    const envelope = {
      subagentId: this.#log.id,
      epoch: this.#epoch,
      seq: this.#seq,
      offset: this.#seq,
      time,
      v: 1 as const,
    };
    this.#events.push({ ...envelope, ...(parentId === undefined ? {} : { parentId }), ...body });
  }

  #record(record: LogRecord): void {
    const { t } = record;
    switch (record.type) {
      case 'spawned': {
        const { agentType, description } = record.config;
        const texts = { agentType: String(agentType ?? ''), description: String(description ?? '') };
        this.#publish(t, { type: 'subagent_started', ...texts, config: record.config });
        break;
      }
      case 'said':
        this.#said(record);
        break;
      case 'calling':
        this.#startedAt.set(record.callId, t);
        this.#publish(t, { type: 'tool_start', ...this.#callOf(record.callId), args: this.#args.get(record.callId) });
        break;
      case 'settled': {
        this.#messageCount += 1;
        const durationMs = t - (this.#startedAt.get(record.callId) ?? t);
        const { content: toolOutput, isError } = record;
        this.#publish(t, { type: 'tool_end', ...this.#callOf(record.callId), toolOutput, durationMs, isError });
        break;
      }
      case 'sent':
        this.#usage = withRequestSent(this.#usage, record);
        if (record.turn !== undefined) this.#publish(t, { type: 'turn_start', turn: record.turn });
        break;
      case 'billed':
        this.#usage = withRequestBilled(this.#usage, record);
        this.#publish(t, { type: 'billed', usage: this.#usage });
        break;
      case 'tasks':
        this.#publish(t, { type: 'tasks_updated', tasks: record.tasks });
        break;
      case 'restored':
        this.#epoch = record.epoch;
        this.#seq = 0;
        this.#tellStanding(t); // in its new life it is told again where it stands
        break;
      case 'ended':
        this.#ended(t, record.outcome as unknown as SubAgentOutcome); // written as one
        break;
      default:
        break;
    }
  }

  #said({ t, message, steered }: Extract<LogRecord, { type: 'said' }>): void {
    this.#messageCount += 1;
    if (message.role === 'user') {
      if (steered) this.#publish(t, { type: 'steered', text: message.content });
      return;
    }
    for (const { id, name, arguments: text } of message.toolCalls ?? []) {
      this.#names.set(id, name);
      this.#args.set(id, parsed(text));
    }
    if (message.content !== '') this.#publish(t, { type: 'text_delta', text: message.content });
  }

  #callOf(toolId: string): { readonly toolName: string; readonly toolId: string } {
    return { toolName: this.#names.get(toolId) ?? '', toolId };
  }

  #step({ snapshot, emitted }: ChartStep, time: number): void {
    for (const told of emitted) this.#emitted(told, time);
    this.#tellState(stateOf(snapshot), time);
    this.#tellActivity(snapshot, time);
  }

  #tellState(to: LifecycleState, time: number): void {
    if (to === this.#state) return;
    const from = this.#state;
    this.#state = to;
    this.#publish(time, { type: 'subagent_state_changed', from, to });
    if (to !== 'running' || this.#hasStarted) return;
    this.#hasStarted = true;
    const { prompt } = this.#spawned.config;
    this.#publish(time, { type: 'start', ...(typeof prompt === 'string' ? { prompt } : {}) });
  }

  #tellActivity(snapshot: SubagentSnapshot, time: number): void {
    if (snapshot.status !== 'active') return;
    const activity = activityOf(snapshot, this.#messageCount);
    if (JSON.stringify(activity) === JSON.stringify(this.#activity)) return;
    this.#activity = activity;
    this.#publish(time, { type: 'subagent_activity_changed', activity });
  }

  #tellStanding(time: number): void {
    if (this.#state === 'pending') return;
    this.#publish(time, { type: 'subagent_state_changed', from: 'pending', to: this.#state });
  }

  #emitted(told: SubagentEmitted, time: number): void {
    switch (told.type) {
      case 'signal': {
        const signal = told.signal.type.toLowerCase() as Lowercase<typeof told.signal.type>;
        const { accepted, reason } = told;
        this.#publish(time, { type: 'control_signal_received', signal });
        this.#publish(time, { type: 'control_signal_applied', signal, accepted, ...(reason ? { reason } : {}) });
        break;
      }
      case 'turn_ended': {
        const { totalTokens } = this.#usage;
        this.#publish(time, { type: 'turn_end', turn: told.turn, totalTokens, usage: this.#usage });
        break;
      }
      case 'permission_request': {
        const { requestId, call, reason, rule } = told;
        const { callId: toolId, name: toolName, args } = call;
        const extra = rule === undefined ? {} : { rule };
        this.#publish(time, {
          type: 'permission_request',
          requestId,
          toolId,
          toolName,
          args,
          ...extra,
          preview: reason,
        });
        break;
      }
      case 'permission_resolved': {
        const { requestId, decision, by } = told;
        this.#publish(time, { type: 'permission_resolved', requestId, decision, by });
        break;
      }
      default:
        break; // what it said and was answered has records of its own
    }
  }

  #ended(time: number, outcome: SubAgentOutcome): void {
    const { state, error } = outcome;
    this.#tellState(state, time);
    if (error && state === 'failed') this.#publish(time, { type: 'error', error: error.message, code: error.code });
    this.#publish(time, completedBody(outcome));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // as the model wrote it
  }
}
