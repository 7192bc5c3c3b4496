/** The spans of one subagent: itself, the requests it makes, the tools it runs. */

import {
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { TokenUsage } from '../domain/usage.js';
import type { SubAgentEvent } from '../events/index.js';
import type { Aside, SpawnedSubagent } from '../orchestrator/index.js';
import { hrTime, messages, modelAttributes, usageAttributes } from './attributes.js';

export interface SpansOptions {
  readonly tracer: Tracer;
  readonly content: boolean;
  /** What its span stands below. */
  readonly below: Context;
}

type EventOf<Type extends SubAgentEvent['type']> = Extract<SubAgentEvent, { type: Type }>;

interface Request {
  readonly span: Span;
  /** When the answer was there; its usage is told later, when the turn is over. */
  answeredAt?: number | undefined;
}

export class SubagentSpans {
  readonly #options: SpansOptions;
  readonly #about: Attributes;
  readonly #model: string;
  readonly #span: Span;
  readonly #context: Context;
  #request: Request | undefined;
  readonly #tools = new Map<string, { readonly span: Span; readonly context: Context }>();
  readonly #asides = new Set<Span>();
  /** What earlier spans account for. */
  #usage: TokenUsage;
  #lastTime: number;

  constructor(
    event: EventOf<'subagent_started'>,
    { model, role, conversationId, usage }: SpawnedSubagent,
    options: SpansOptions,
  ) {
    this.#options = options;
    this.#lastTime = event.time;
    this.#usage = usage;
    const { subagentId, parentId, agentType, epoch } = event;
    this.#about = {
      'gen_ai.conversation.id': conversationId,
      'gen_ai.agent.id': subagentId,
      'gen_ai.agent.name': agentType,
      ...modelAttributes(model),
    };
    this.#model = String(this.#about['gen_ai.request.model']);
    const attributes = {
      ...this.#about,
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.description': role,
      'troupe.epoch': epoch,
      ...(parentId === undefined ? {} : { 'troupe.parent.id': parentId }),
    };
    this.#span = this.#start(`invoke_agent ${agentType}`, SpanKind.INTERNAL, event.time, attributes, options.below);
    this.#context = trace.setSpan(options.below, this.#span);
  }

  /** What a child stands below. @param toolId The call that spawned it. */
  contextOf(toolId: string | undefined): Context {
    return (toolId === undefined ? undefined : this.#tools.get(toolId)?.context) ?? this.#context;
  }

  take(event: SubAgentEvent): void {
    this.#lastTime = event.time;
    switch (event.type) {
      case 'start':
        if (event.prompt !== undefined) this.#tell('gen_ai.input.messages', () => messages('user', event.prompt ?? ''));
        break;
      case 'turn_start':
        this.#endRequest(event.time);
        this.#request = { span: this.#startRequest(event) };
        break;
      case 'subagent_activity_changed':
        if (!this.#request) break;
        if (event.activity.activityType === 'requesting_llm') this.#request.answeredAt = undefined;
        else this.#request.answeredAt ??= event.time;
        break;
      case 'retry':
        this.#request?.span.addEvent(
          'retry',
          { 'troupe.retry.attempt': event.attempt, 'troupe.retry.delay_ms': event.delayMs },
          hrTime(event.time),
        );
        break;
      case 'turn_end':
        if (event.usage) {
          this.#request?.span.setAttributes(usageAttributes(event.usage, this.#usage));
          this.#usage = event.usage;
        }
        this.#endRequest(event.time);
        break;
      case 'tool_start':
        this.#startTool(event);
        break;
      case 'tool_end':
        this.#endTool(event);
        break;
      case 'subagent_completed':
        this.#complete(event);
    }
  }

  /** One that the subagent leaves unanswered ends by itself. */
  takeAside({ question, askedAt, ended }: Aside): void {
    const attributes = { ...this.#about, 'gen_ai.operation.name': 'chat', 'troupe.aside': true };
    const span = this.#start(`chat ${this.#model}`, SpanKind.CLIENT, askedAt, attributes);
    this.#tell('gen_ai.input.messages', () => messages('user', question), span);
    this.#asides.add(span);
    void ended.then((end) => {
      if (!this.#asides.delete(span)) return;
      if ('code' in end) fail(span, end.code);
      else {
        if (end.usage) {
          span.setAttributes(usageAttributes(end.usage));
          this.#usage = sum(this.#usage, end.usage); // the next turn tells what has been used since
        }
        this.#tell('gen_ai.output.messages', () => messages('assistant', end.answer), span);
      }
      span.end(hrTime(end.endedAt));
    });
  }

  /** It was suspended, or nobody looks any more. */
  letGo(): void {
    this.#endOpen(this.#lastTime);
    for (const span of this.#asides) span.end(hrTime(this.#lastTime));
    this.#asides.clear();
    this.#span.end(hrTime(this.#lastTime));
  }

  #startRequest({ time, turn }: EventOf<'turn_start'>): Span {
    return this.#start(`chat ${this.#model}`, SpanKind.CLIENT, time, {
      ...this.#about,
      'gen_ai.operation.name': 'chat',
      'troupe.turn': turn,
    });
  }

  #startTool({ time, toolName, toolId, args }: EventOf<'tool_start'>): void {
    const span = this.#start(`execute_tool ${toolName}`, SpanKind.INTERNAL, time, {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': toolName,
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': toolId,
      ...(this.#options.content ? { 'gen_ai.tool.call.arguments': JSON.stringify(args) } : {}),
    });
    this.#tools.set(toolId, { span, context: trace.setSpan(this.#context, span) });
  }

  #endTool({ time, toolId, toolOutput, isError }: EventOf<'tool_end'>): void {
    const span = this.#tools.get(toolId)?.span;
    if (!span) return; // it was answered without running
    this.#tools.delete(toolId);
    if (this.#options.content && toolOutput !== undefined) span.setAttribute('gen_ai.tool.call.result', toolOutput);
    if (isError) fail(span, 'tool_failed');
    span.end(hrTime(time));
  }

  #complete(event: EventOf<'subagent_completed'>): void {
    const { time, state, by, error, usage, output } = event;
    this.#endOpen(time, error?.code);
    this.#span.setAttributes({ ...usageAttributes(usage), 'troupe.state': state, ...(by ? { 'troupe.by': by } : {}) });
    this.#tell('gen_ai.output.messages', () => messages('assistant', output));
    if (state === 'failed' && error) fail(this.#span, error.code, this.#options.content ? error.message : undefined);
    this.#span.end(hrTime(time));
  }

  /** @param code What cut off that which is in flight. */
  #endOpen(time: number, code?: string): void {
    if (code !== undefined && this.#request && this.#request.answeredAt === undefined) fail(this.#request.span, code);
    this.#endRequest(time);
    for (const { span } of this.#tools.values()) {
      if (code !== undefined) fail(span, code);
      span.end(hrTime(time));
    }
    this.#tools.clear();
  }

  #endRequest(time: number): void {
    this.#request?.span.end(hrTime(this.#request.answeredAt ?? time));
    this.#request = undefined;
  }

  #start(name: string, kind: SpanKind, time: number, attributes: Attributes, below = this.#context): Span {
    return this.#options.tracer.startSpan(name, { kind, startTime: hrTime(time), attributes }, below);
  }

  #tell(attribute: string, content: () => string, span = this.#span): void {
    if (this.#options.content) span.setAttribute(attribute, content());
  }
}

function sum(one: TokenUsage, other: TokenUsage): TokenUsage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cachedTokens: (one.cachedTokens ?? 0) + (other.cachedTokens ?? 0),
  };
}

/** @param message What went wrong may quote what was said. */
function fail(span: Span, code: string, message?: string): void {
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
}
