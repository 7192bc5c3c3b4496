/** The one place that knows the `openai` package: it is loaded at the first request, which it makes; reading is ours. */

import type { OpenAI } from 'openai';
import { MAX_TIMER_MS } from '../../domain/clock.js';
import type { ApiName } from './answer.js';
import { type HttpAnswer, ProviderFault } from './faults.js';

export interface ClientOptions {
  readonly apiKey: string;
  readonly baseURL: string;
  readonly organization: string | undefined;
  readonly project: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer whose status is not a success, with the start of its body. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly answer: HttpAnswer;

  constructor(answer: HttpAnswer) {
    super('the status is not a success');
    this.answer = answer;
  }
}

/** Sends a request body; resolves at the headers. Rejects with what the client makes of a `HttpFault`, `ProviderFault` or broken connection. */
export type Post = (body: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<Response>;

/**
 * The client's requests differ in nothing but body and signal: it makes the first one, and later ones go to the same address with
 * the same headers. To have each made anew is a fifth of what a turn costs.
 */
export function createPost(options: ClientOptions, api: ApiName): Post {
  let loading: Promise<OpenAI> | undefined;
  let made: { readonly url: Parameters<typeof fetch>[0]; readonly init: RequestInit } | undefined;
  const makeFirst: typeof fetch = (url, init = {}) => {
    const { body: _body, signal: _signal, headers, ...rest } = init;
    made = { url, init: { ...rest, headers: [...new Headers(headers)] } };
    return fetchSuccess(url, init);
  };
  return async (body, signal) => {
    if (made) return fetchSuccess(made.url, { ...made.init, body: JSON.stringify(body), signal });
    loading ??= createClient(options, makeFirst);
    const client = await loading;
    // The bodies are built by the dialects, whose tests hold them against a server that checks them.
    return api === 'chat'
      ? client.chat.completions.create(body as unknown as ChatBody, { signal }).asResponse()
      : client.responses.create(body as unknown as ResponsesBody, { signal }).asResponse();
  };
}

type ChatBody = OpenAI.Chat.ChatCompletionCreateParamsStreaming;
type ResponsesBody = OpenAI.Responses.ResponseCreateParamsStreaming;

async function createClient(options: ClientOptions, send: typeof fetch): Promise<OpenAI> {
  const { OpenAI } = await import('openai');
  const { apiKey, baseURL, organization, project, headers } = options;
  return new OpenAI({
    apiKey,
    baseURL,
    // What is not given here is read from the environment by the client.
    organization: organization ?? null,
    project: project ?? null,
    adminAPIKey: null,
    webhookSecret: null,
    defaultHeaders: {
      ...withoutHeadersOfEnvironment(process.env.OPENAI_CUSTOM_HEADERS),
      authorization: `Bearer ${apiKey}`,
      ...lowerCased(headers),
    },
    logLevel: 'off',
    maxRetries: 0, // retries stand around the provider, where they can be paused, aborted and told
    timeout: MAX_TIMER_MS, // the client's own ends at the headers; the deadlines of the stream decide
    fetch: send,
    fetchOptions: { redirect: 'error' },
  });
}

/** The client adds the headers of OPENAI_CUSTOM_HEADERS (`Name: value` lines) to each request; null takes one out. */
function withoutHeadersOfEnvironment(lines: string | undefined): Record<string, null> {
  const names = (lines ?? '')
    .split('\n')
    .flatMap((line) => (line.includes(':') ? [line.slice(0, line.indexOf(':')).trim()] : []));
  return Object.fromEntries(names.map((name) => [name.toLowerCase(), null]));
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** More of an error's body is not read. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Like `fetch`, but rejects unless the status is a success, and never reads more of an error than can be shown. */
const fetchSuccess: typeof fetch = async (url, init) => {
  const response = await fetch(url, init).catch((thrown: unknown) => {
    throw isRedirect(thrown)
      ? new ProviderFault(
          'bad_response',
          'the server redirects to another address, which is refused; set baseURL to the final one',
        )
      : thrown;
  });
  if (response.ok) return response;
  throw new HttpFault({ status: response.status, headers: response.headers, text: await startOf(response) });
};

/** Undici, the fetch of Node: `fetch failed`, with a cause that says so. */
function isRedirect(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.cause instanceof Error && thrown.cause.message.includes('redirect');
}

async function startOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let byteCount = 0;
  try {
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      byteCount += bytes.byteLength;
      if (byteCount > MAX_ERROR_BYTES) break; // leaving the loop cancels the body
    }
  } catch {
    // The status tells enough; a body that breaks off adds nothing.
  }
  return text;
}
