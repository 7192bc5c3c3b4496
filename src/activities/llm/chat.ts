/** The chat completions dialect: what is asked, and how its chunks are read. */

import type { Message } from '../../domain/message.js';
import type { FinishReason, ModelChunk, ModelRequest } from '../../domain/model.js';
import type { TokenUsage } from '../../domain/usage.js';
import { type Answer, type Dialect, formatOf, type RequestSettings } from './answer.js';
import { partsOf } from './content-parts.js';
import { errorIn, faultOfErrorObject, isObject, ProviderFault } from './faults.js';
import { tokenUsageOf } from './usage.js';
import { wireIdsOf, wireNameOf } from './wire-ids.js';

export const chatDialect: Dialect = {
  api: 'chat',
  body: chatBody,
  answer: () => new ChatAnswer(),
};

function chatBody(request: ModelRequest, settings: RequestSettings): Readonly<Record<string, unknown>> {
  const { model, maxOutputTokens, outputLimitKey, temperature } = settings;
  const system = request.system === '' ? [] : [{ role: 'system', content: request.system }];
  const wireIds = wireIdsOf(request.messages);
  return {
    model,
    messages: [...system, ...request.messages.map((message) => chatMessage(message, wireIds))],
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map(({ name, description, parameters }) => ({
            type: 'function',
            function: { name, description, parameters },
          })),
        }),
    ...(request.toolChoice === undefined
      ? {}
      : { tool_choice: { type: 'function', function: { name: request.toolChoice.name } } }),
    ...(request.output === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: formatOf(request.output) } }),
    ...(maxOutputTokens === undefined ? {} : { [outputLimitKey]: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function chatMessage(message: Message, wireIds: ReadonlyMap<string, string>): object {
  if (message.role === 'user') return { role: 'user', content: message.content };
  if (message.role === 'tool') {
    return {
      role: 'tool',
      tool_call_id: wireIds.get(message.toolCallId) ?? message.toolCallId,
      content: message.content,
    };
  }
  if (!message.toolCalls?.length) return { role: 'assistant', content: message.content };
  return {
    role: 'assistant',
    content: message.content === '' ? null : message.content,
    tool_calls: message.toolCalls.map((call) => ({
      id: wireIds.get(call.id) ?? call.id,
      type: 'function',
      function: { name: wireNameOf(call.name), arguments: call.arguments.trim() === '' ? '{}' : call.arguments },
    })),
  };
}

interface CallPieces {
  id: string;
  name: string;
  arguments: string;
}

class ChatAnswer implements Answer {
  #finish: FinishReason | undefined;
  #isRefused = false;
  #sawChoice = false;
  #sawData = false;
  #sawUsage = false;
  #usage: TokenUsage | undefined;
  readonly #calls: CallPieces[] = [];
  /** By index as it was written: one of 4 billion must not make an array of that length. */
  readonly #callByIndex = new Map<unknown, CallPieces>();

  get state(): Answer['state'] {
    if (this.#finish === undefined) return 'open';
    return this.#sawUsage ? 'complete' : 'finished';
  }

  take(data: unknown, _name: string, out: ModelChunk[]): void {
    this.#sawData = true;
    if (!isObject(data))
      throw new ProviderFault('bad_response', `the stream holds ${JSON.stringify(data)} in place of a chunk`);
    if (data.error !== undefined && data.error !== null) throw faultOfErrorObject(data.error);
    const { choices, usage } = data;
    if (Array.isArray(choices)) {
      for (const choice of choices) this.#takeChoice(choice, 'delta', out);
    } else if (!isObject(usage)) {
      const error = errorIn(data);
      if (error !== undefined) throw faultOfErrorObject(error);
      throw new ProviderFault('bad_response', `the stream holds a chunk without choices: ${JSON.stringify(data)}`);
    }
    if (isObject(usage)) this.#takeUsage(usage);
  }

  takeWhole(body: unknown, out: ModelChunk[]): void {
    const error = errorIn(body);
    if (error !== undefined) throw faultOfErrorObject(error);
    const choices = isObject(body) ? body.choices : undefined;
    if (!isObject(body) || !Array.isArray(choices) || choices.length === 0) {
      throw new ProviderFault('bad_response', `the answer has no choices: ${JSON.stringify(body)}`);
    }
    for (const choice of choices) this.#takeChoice(choice, 'message', out);
    if (this.#finish === undefined) throw new ProviderFault('bad_response', 'the answer has no finish reason');
    if (isObject(body.usage)) this.#takeUsage(body.usage);
  }

  end(out: ModelChunk[]): void {
    if (this.#finish === undefined) {
      if (this.#sawData && !this.#sawChoice) throw new ProviderFault('bad_response', 'the answer has no choices');
      throw new ProviderFault('model_unavailable', 'the stream ended without a finish reason');
    }
    for (const { id, name, arguments: args } of this.#calls) {
      out.push({ type: 'tool_call', ...(id === '' ? {} : { id }), name, arguments: args });
    }
    if (this.#usage !== undefined) out.push({ type: 'usage', usage: this.#usage });
    out.push({ type: 'finish', reason: this.#isRefused ? 'refusal' : this.#finish });
  }

  #takeChoice(choice: unknown, key: 'delta' | 'message', out: ModelChunk[]): void {
    if (!isObject(choice)) throw new ProviderFault('bad_response', 'the answer holds a choice that is no object');
    if (choice.index !== undefined && choice.index !== 0) return; // only one was asked for
    this.#sawChoice = true;
    // Some gateways send whole messages in a stream, some send choices with nothing but verdicts of a filter.
    const content = choice[key] === undefined ? choice.message : choice[key];
    if (isObject(content)) this.#takeContent(content, out);
    else if (content !== undefined || key === 'message')
      throw new ProviderFault('bad_response', `the answer's ${key} is ${content}`);
    const reason = choice.finish_reason;
    if (typeof reason === 'string' && reason !== '') this.#finish ??= finishOf(reason);
  }

  #takeContent(content: Readonly<Record<string, unknown>>, out: ModelChunk[]): void {
    const { content: text, tool_calls: pieces, refusal } = content;
    if (typeof text === 'string') {
      if (text !== '') out.push({ type: 'text_delta', text });
    } else if (text !== undefined && text !== null) {
      this.#takeParts(text, out);
    }
    if (
      pieces === undefined &&
      refusal === undefined &&
      content.reasoning_content === undefined &&
      content.reasoning === undefined
    )
      return;
    const reasoning = content.reasoning_content ?? content.reasoning;
    if (typeof reasoning === 'string' && reasoning !== '') out.push({ type: 'reasoning_delta', text: reasoning });
    if (typeof refusal === 'string' && refusal !== '') this.#takeRefusal(refusal, out);
    if (Array.isArray(pieces)) for (const [place, piece] of pieces.entries()) this.#takeCallPiece(piece, place);
  }

  #takeRefusal(text: string, out: ModelChunk[]): void {
    this.#isRefused = true;
    out.push({ type: 'text_delta', text });
  }

  #takeParts(content: unknown, out: ModelChunk[]): void {
    for (const part of partsOf(content)) {
      if (part.text === '') continue;
      if (part.type === 'refusal') this.#takeRefusal(part.text, out);
      else out.push({ type: part.type === 'thinking' ? 'reasoning_delta' : 'text_delta', text: part.text });
    }
  }

  #takeCallPiece(piece: unknown, place: number): void {
    if (!isObject(piece)) throw new ProviderFault('bad_response', 'the answer holds a tool call that is no object');
    const index = piece.index ?? place;
    const id = typeof piece.id === 'string' ? piece.id : '';
    let call = this.#callByIndex.get(index);
    // Gateways number whole calls all with 0: an id that was not seen at this index begins a call of its own.
    if (call === undefined || (id !== '' && call.id !== '' && id !== call.id)) {
      call = { id, name: '', arguments: '' };
      this.#calls.push(call);
      this.#callByIndex.set(index, call);
    }
    if (call.id === '') call.id = id;
    const called = isObject(piece.function) ? piece.function : {};
    if (typeof called.name === 'string' && called.name !== call.name) call.name += called.name; // some repeat it, some cut it
    if (typeof called.arguments === 'string') call.arguments += called.arguments;
    else if (isObject(called.arguments)) call.arguments += JSON.stringify(called.arguments);
  }

  #takeUsage(usage: Readonly<Record<string, unknown>>): void {
    const details = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
    this.#usage = tokenUsageOf(usage.prompt_tokens, usage.completion_tokens, details.cached_tokens) ?? this.#usage;
    // Some report as they go: only what comes with the finish reason, or behind it, is the last word.
    if (this.#finish !== undefined) this.#sawUsage = true;
  }
}

function finishOf(reason: string): FinishReason {
  switch (reason) {
    case 'tool_calls':
    case 'function_call':
    case 'tool_use':
      return 'tool_calls';
    case 'length':
    case 'max_tokens':
      return 'length';
    case 'content_filter':
      return 'content_filter';
    case 'refusal':
      return 'refusal';
    case 'error':
      throw new ProviderFault('model_unavailable', 'the provider broke the answer off with finish reason "error"');
    default:
      return 'stop'; // every dialect has its own words for an ordinary end
  }
}
