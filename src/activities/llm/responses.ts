/** The responses dialect: what is asked, and how its events are read. Only `response.completed` is a success. */

import type { Message } from '../../domain/message.js';
import type { FinishReason, ModelChunk, ModelRequest } from '../../domain/model.js';
import type { TokenUsage } from '../../domain/usage.js';
import { type Answer, type Dialect, formatOf, type RequestSettings } from './answer.js';
import { partsOf } from './content-parts.js';
import { errorIn, faultOfErrorObject, isObject, ProviderFault } from './faults.js';
import { tokenUsageOf } from './usage.js';
import { wireIdsOf, wireNameOf } from './wire-ids.js';

export const responsesDialect: Dialect = {
  api: 'responses',
  body: responsesBody,
  answer: () => new ResponsesAnswer(),
};

function responsesBody(request: ModelRequest, settings: RequestSettings): Readonly<Record<string, unknown>> {
  const { model, maxOutputTokens, temperature } = settings;
  const wireIds = wireIdsOf(request.messages);
  return {
    model,
    ...(request.system === '' ? {} : { instructions: request.system }),
    input: request.messages.flatMap((message) => inputItems(message, wireIds)),
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map(({ name, description, parameters }) => ({
            type: 'function',
            name,
            description,
            parameters,
            strict: false,
          })),
        }),
    ...(request.toolChoice === undefined ? {} : { tool_choice: { type: 'function', name: request.toolChoice.name } }),
    ...(request.output === undefined ? {} : { text: { format: { type: 'json_schema', ...formatOf(request.output) } } }),
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    store: false, // the conversation is ours to keep; each request carries all of it
    stream: true,
  };
}

function inputItems(message: Message, wireIds: ReadonlyMap<string, string>): object[] {
  if (message.role === 'user') return [{ role: 'user', content: message.content }];
  if (message.role === 'tool') {
    const callId = wireIds.get(message.toolCallId) ?? message.toolCallId;
    return [{ type: 'function_call_output', call_id: callId, output: message.content }];
  }
  const calls = (message.toolCalls ?? []).map((call) => ({
    type: 'function_call',
    call_id: wireIds.get(call.id) ?? call.id,
    name: wireNameOf(call.name),
    arguments: call.arguments.trim() === '' ? '{}' : call.arguments,
  }));
  const isTextNeeded = message.content !== '' || calls.length === 0;
  return isTextNeeded ? [{ role: 'assistant', content: message.content }, ...calls] : calls;
}

class ResponsesAnswer implements Answer {
  #finish: FinishReason | undefined;
  #isRefused = false;
  #sawText = false;
  #usage: TokenUsage | undefined;
  #calls: ModelChunk[] = [];

  get state(): Answer['state'] {
    return this.#finish === undefined ? 'open' : 'complete';
  }

  take(data: unknown, _name: string, out: ModelChunk[]): void {
    if (!isObject(data))
      throw new ProviderFault('bad_response', `the stream holds ${JSON.stringify(data)} in place of an event`);
    switch (data.type) {
      case 'response.output_text.delta':
        this.#takeText(data.delta, out);
        return;
      case 'response.refusal.delta':
        this.#isRefused = true;
        this.#takeText(data.delta, out);
        return;
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        if (typeof data.delta === 'string' && data.delta !== '')
          out.push({ type: 'reasoning_delta', text: data.delta });
        return;
      case 'response.output_item.done':
        this.#takeCall(data.item);
        return;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        this.#takeResponse(data.response, out);
        return;
      default: {
        const error =
          data.type === 'error' ? (data.error ?? data) : typeof data.type === 'string' ? undefined : errorIn(data);
        if (error !== undefined) throw faultOfErrorObject(error);
      }
    }
  }

  takeWhole(body: unknown, out: ModelChunk[]): void {
    const isResponse = isObject(body) && typeof body.status === 'string' && Array.isArray(body.output);
    const error = isResponse ? undefined : errorIn(body);
    if (error !== undefined) throw faultOfErrorObject(error);
    this.#takeResponse(body, out);
  }

  end(out: ModelChunk[]): void {
    if (this.#finish === undefined) {
      throw new ProviderFault('model_unavailable', 'the stream ended without response.completed');
    }
    out.push(...this.#calls);
    if (this.#usage !== undefined) out.push({ type: 'usage', usage: this.#usage });
    out.push({ type: 'finish', reason: this.#finish });
  }

  #takeText(text: unknown, out: ModelChunk[]): void {
    if (typeof text !== 'string') {
      throw new ProviderFault('bad_response', `the answer's text is no text: ${JSON.stringify(text)}`);
    }
    if (text === '') return;
    this.#sawText = true;
    out.push({ type: 'text_delta', text });
  }

  #takeCall(item: unknown): void {
    if (!isObject(item) || item.type !== 'function_call') return;
    const id = item.call_id ?? item.id;
    this.#calls.push({
      type: 'tool_call',
      ...(typeof id === 'string' && id !== '' ? { id } : {}),
      name: typeof item.name === 'string' ? item.name : '',
      arguments: isObject(item.arguments) ? JSON.stringify(item.arguments) : String(item.arguments ?? ''),
    });
  }

  /** The response as a whole, at its end. What it holds in `output` is the last word on the calls. */
  #takeResponse(response: unknown, out: ModelChunk[]): void {
    if (!isObject(response)) throw new ProviderFault('bad_response', `the response is ${JSON.stringify(response)}`);
    this.#takeUsage(response.usage);
    if (response.status === 'failed' || (response.error !== undefined && response.error !== null)) {
      throw faultOfErrorObject(response.error ?? 'the response failed for no reason told');
    }
    const output: readonly unknown[] = Array.isArray(response.output) ? response.output : [];
    if (output.length > 0) {
      this.#calls = [];
      for (const item of output) this.#takeCall(item);
      if (!this.#sawText) this.#takeMessages(output, out);
    }
    this.#finish = this.#finishOf(response);
  }

  #takeMessages(output: readonly unknown[], out: ModelChunk[]): void {
    for (const item of output) {
      if (!isObject(item) || item.type !== 'message' || item.content === undefined || item.content === null) continue;
      for (const { type, text } of partsOf(item.content)) {
        if (type === 'refusal') this.#isRefused = true;
        if (type !== 'thinking') this.#takeText(text, out);
      }
    }
  }

  #takeUsage(usage: unknown): void {
    if (!isObject(usage)) return;
    const details = isObject(usage.input_tokens_details) ? usage.input_tokens_details : {};
    this.#usage = tokenUsageOf(usage.input_tokens, usage.output_tokens, details.cached_tokens);
  }

  #finishOf(response: Readonly<Record<string, unknown>>): FinishReason {
    if (response.status === 'incomplete') {
      const reason = isObject(response.incomplete_details) ? response.incomplete_details.reason : undefined;
      if (reason === 'max_output_tokens') return 'length';
      if (reason === 'content_filter') return 'content_filter';
      throw new ProviderFault('bad_response', `the response is incomplete (${reason ?? 'no reason told'})`);
    }
    if (response.status !== 'completed') {
      throw new ProviderFault('bad_response', `the response ended with status ${JSON.stringify(response.status)}`);
    }
    if (this.#isRefused) return 'refusal';
    return this.#calls.length > 0 ? 'tool_calls' : 'stop';
  }
}
