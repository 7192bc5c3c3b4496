/** From the events of one subagent to what was said and done, block by block: one event at a time. */

import type { ErrorInfo } from '../../domain/errors.js';
import type { Task } from '../../domain/tool.js';
import type { FocusEvent } from '../protocol.js';
import { several } from './format.js';

export interface ToolCall {
  readonly toolId: string;
  readonly toolName: string;
  readonly args: unknown;
  output: string;
  /** How often its output began anew: what was told last is not what was streamed. */
  restarts: number;
  status: 'running' | 'done' | 'failed';
  startedAt: number;
  durationMs?: number;
  exitCode?: number;
}

export interface TurnBlock {
  readonly kind: 'turn';
  readonly turn: number;
  readonly startedAt: number;
  endedAt?: number;
  reasoning: string;
  text: string;
  /** How often it began anew: what was streamed before is void. */
  restarts: number;
  readonly calls: ToolCall[];
}

export interface MessageBlock {
  readonly kind: 'prompt' | 'steered' | 'answer';
  readonly title: string;
  readonly text: string;
}

export interface NoteBlock {
  readonly kind: 'note';
  readonly tone: 'plain' | 'bad' | 'good';
  /** Absent where it was told only afterwards. */
  readonly time?: number;
  readonly text: string;
}

export type Block = TurnBlock | MessageBlock | NoteBlock;

export class Transcript {
  readonly blocks: Block[] = [];
  /** Those that changed since they were last shown. */
  readonly dirty = new Set<Block>();
  config: Readonly<Record<string, unknown>> = {};
  tasks: readonly Task[] = [];
  end: { readonly output: string; readonly error?: ErrorInfo; readonly durationMs: number } | undefined;
  readonly #calls = new Map<string, ToolCall>();
  readonly #turnOfCall = new Map<string, TurnBlock>();
  #turn: TurnBlock | undefined;
  #epoch = 0;

  apply(event: FocusEvent): void {
    if (event.type !== 'gap' && event.epoch > this.#epoch) {
      this.#epoch = event.epoch;
      this.#note(event.time, 'taken up again by another process');
    }
    switch (event.type) {
      case 'subagent_started':
        this.config = event.config;
        if (typeof event.config.prompt === 'string') {
          this.#add({ kind: 'prompt', title: 'Prompt', text: event.config.prompt });
        }
        break;
      case 'turn_start':
        if (this.#turn?.turn === event.turn && this.#turn.endedAt === undefined) break; // asked again
        this.#begin(event.turn, event.time);
        break;
      case 'turn_end':
        if (this.#turn) this.#touch(this.#turn).endedAt = event.time;
        break;
      case 'turn_retry': {
        const turn = this.#current(event.time);
        turn.text = '';
        turn.reasoning = '';
        turn.restarts += 1;
        this.#touch(turn);
        this.#note(event.time, 'the answer broke off and is asked for again');
        break;
      }
      case 'text_delta': {
        const turn = this.#touch(this.#current(event.time));
        turn.text += event.text;
        break;
      }
      case 'reasoning_delta': {
        const turn = this.#touch(this.#current(event.time));
        turn.reasoning += event.text;
        break;
      }
      case 'tool_start':
        this.#call(event.toolId, event.toolName, event.args, event.time);
        break;
      case 'tool_output_delta': {
        const call = this.#calls.get(event.toolId);
        if (call) call.output += event.text;
        this.#touchCall(event.toolId);
        break;
      }
      case 'tool_end': {
        const call = this.#calls.get(event.toolId) ?? this.#call(event.toolId, event.toolName, undefined, event.time);
        call.status = event.isError ? 'failed' : 'done';
        if (event.toolOutput !== undefined) {
          if (!event.toolOutput.startsWith(call.output)) call.restarts += 1;
          call.output = event.toolOutput;
        }
        if (event.exitCode !== undefined) call.exitCode = event.exitCode;
        call.durationMs = event.durationMs;
        this.#touchCall(event.toolId);
        break;
      }
      case 'steered':
        this.#add({ kind: 'steered', title: 'Steered in', text: event.text });
        break;
      case 'btw_answer':
        this.#add({ kind: 'steered', title: `Asked aside: ${event.question}`, text: event.answer });
        break;
      case 'tasks_updated':
        this.tasks = event.tasks;
        break;
      case 'retry':
        this.#note(
          event.time,
          `request failed, tried again in ${Math.round(event.delayMs)} ms: ${event.reason}`,
          'bad',
        );
        break;
      case 'control_signal_applied':
        this.#note(event.time, `${event.signal} ${event.accepted ? 'taken' : `refused: ${event.reason ?? ''}`}`);
        break;
      case 'permission_request':
        this.#note(event.time, `asks for approval of ${event.toolName} (${event.requestId})`);
        break;
      case 'permission_resolved':
        this.#note(
          event.time,
          `${event.requestId}: ${event.decision === 'allow' ? 'allowed' : 'denied'} by ${event.by}`,
        );
        break;
      case 'persist_failed':
        this.#note(event.time, `the store could not write: ${event.code}`, 'bad');
        break;
      case 'store_recovered':
        this.#note(event.time, `a torn record of ${event.tornBytes} bytes was left out`);
        break;
      case 'subagent_progress':
        this.#note(
          event.time,
          `step ${event.step}${event.totalSteps ? ` of ${event.totalSteps}` : ''}: ${event.message}`,
        );
        break;
      case 'gap':
        if (event.epoch === undefined)
          this.#note(event.time, `${several(event.missed, 'earlier event is', 'earlier events are')} not kept`, 'bad');
        else this.#note(undefined, `${several(event.missed, 'event')} of a former life, in another process`);
        break;
      case 'subagent_completed': {
        const { output, error, durationMs, success } = event;
        this.end = { output, durationMs, ...(error ? { error } : {}) };
        this.#breakOff(event.time);
        if (error) this.#note(event.time, `${error.code}: ${error.message}`, success ? 'plain' : 'bad');
        if (success && output !== this.#turn?.text) this.#add({ kind: 'answer', title: 'Answer', text: output });
        if (success) this.#note(event.time, 'completed', 'good');
        break;
      }
      default:
        break;
    }
  }

  /** What was in flight at the end goes on no more. */
  #breakOff(time: number): void {
    const turn = this.#turn;
    if (!turn) return;
    this.#touch(turn).endedAt ??= time;
    for (const call of turn.calls) {
      if (call.status !== 'running') continue;
      call.status = 'failed';
      call.durationMs = time - call.startedAt;
    }
  }

  #add(block: Block): void {
    this.blocks.push(block);
    this.dirty.add(block);
  }

  #touch<One extends Block>(block: One): One {
    this.dirty.add(block);
    return block;
  }

  #note(time: number | undefined, text: string, tone: NoteBlock['tone'] = 'plain'): void {
    this.#add({ kind: 'note', tone, text, ...(time === undefined ? {} : { time }) });
  }

  #begin(turn: number, startedAt: number): TurnBlock {
    const block: TurnBlock = { kind: 'turn', turn, startedAt, reasoning: '', text: '', restarts: 0, calls: [] };
    this.#turn = block;
    this.#add(block);
    return block;
  }

  /** The beginning of a turn may not be kept any more. */
  #current(time: number): TurnBlock {
    return this.#turn ?? this.#begin(0, time);
  }

  #call(toolId: string, toolName: string, args: unknown, startedAt: number): ToolCall {
    const turn = this.#current(startedAt);
    const call: ToolCall = { toolId, toolName, args, output: '', restarts: 0, status: 'running', startedAt };
    this.#calls.set(toolId, call);
    this.#turnOfCall.set(toolId, turn);
    turn.calls.push(call);
    this.#touch(turn);
    return call;
  }

  #touchCall(toolId: string): void {
    const turn = this.#turnOfCall.get(toolId);
    if (turn) this.#touch(turn);
  }
}
