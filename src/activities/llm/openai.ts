/** Models behind the OpenAI API, or any server that speaks it. */

import { z } from 'zod';
import { MAX_TIMER_MS } from '../../domain/clock.js';
import { RateLimitedError, TroupeError } from '../../domain/errors.js';
import {
  DEFAULT_FIRST_BYTE_TIMEOUT_MS,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_MAX_RESPONSE_BYTES,
  DEFAULT_MAX_RETRIES,
  DEFAULT_TURN_TIMEOUT_MS,
} from '../../domain/limits.js';
import type { ModelProvider } from '../../domain/model.js';
import { readGiven } from '../../domain/read-given.js';
import type { Dialect, RequestSettings } from './answer.js';
import { chatDialect } from './chat.js';
import { createTextCleaner } from './fault-text.js';
import { causesOf, faultOfStatus, isConnectionLike, isObject, ProviderFault, storyOf } from './faults.js';
import { ModelFault } from './model-fault.js';
import { type ClientOptions, createPost, HttpFault } from './openai-client.js';
import { responsesDialect } from './responses.js';
import { streamAnswer } from './stream-answer.js';

const durationMs = z.int().positive().max(MAX_TIMER_MS);

function fitsHeader(name: string, value: string): boolean {
  try {
    new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}
const NO_HEADER_TEXT = 'expected a text that an HTTP header can hold: one line of Latin letters';
const headerText = z
  .string()
  .min(1)
  .refine((text) => fitsHeader('x', text), NO_HEADER_TEXT);

export const OpenAiOptions = z.strictObject({
  model: z.string().min(1),
  /** OPENAI_API_KEY by default; may be missing where there is a base URL. */
  apiKey: headerText.optional(),
  /** OPENAI_BASE_URL by default, else the service itself. */
  baseURL: z
    .url({ protocol: /^https?$/, error: 'expected an http(s) URL' })
    .refine(isWithoutLogin, 'expected a URL without a login; use apiKey or headers')
    .optional(),
  api: z.enum(['chat', 'responses']).default('chat'),
  /**
   * How an answer in a form is asked for: `native` by the service's own JSON Schema mode, `tool` by a tool that takes the answer.
   * `native` at api.openai.com by default, `tool` at every other server: many lack the former, or pass over it in silence.
   */
  structuredOutput: z.enum(['native', 'tool']).optional(),
  organization: headerText.optional(),
  project: headerText.optional(),
  /** Sent with each request. Their values are taken for secrets. */
  headers: z
    .record(
      z.string().refine((name) => fitsHeader(name, ''), 'expected the name of an HTTP header'),
      z.string().refine((value) => fitsHeader('x', value), NO_HEADER_TEXT),
    )
    .default({}),
  /** Shown in errors; `openai/` and the model by default. */
  name: z.string().min(1).optional(),
  /** USD per million tokens. */
  price: z.strictObject({ inputCost: z.number().nonnegative(), outputCost: z.number().nonnegative() }).optional(),
  maxOutputTokens: z.int().positive().optional(),
  temperature: z.number().nonnegative().optional(),
  /** Until the first data of the answer, in ms. Node's own fetch gives up after 300,000. */
  firstByteTimeoutMs: durationMs.default(DEFAULT_FIRST_BYTE_TIMEOUT_MS),
  /** Between two pieces of data, in ms; comments do not count. Node's own fetch gives up after 300,000. */
  idleTimeoutMs: durationMs.default(DEFAULT_IDLE_TIMEOUT_MS),
  /** The whole answer, in ms. */
  turnTimeoutMs: durationMs.default(DEFAULT_TURN_TIMEOUT_MS),
  /** Attempts after the first, made around this provider. */
  maxRetries: z.int().nonnegative().default(DEFAULT_MAX_RETRIES),
  /** One object for all models of an account: after a 429 of one they are held back together. */
  limiterKey: z.custom<object>((value) => typeof value === 'object' && value !== null, 'expected an object').optional(),
  /** After decompression. */
  maxResponseBytes: z.int().positive().default(DEFAULT_MAX_RESPONSE_BYTES),
});
export type OpenAiOptions = z.input<typeof OpenAiOptions>;

const SERVICE_URL = 'https://api.openai.com/v1';
/** Servers of one's own mostly want none, but the client insists on a key. */
const NO_KEY = 'none';

/**
 * A model behind the OpenAI API: chat completions (the default; any compatible server) or responses. The environment is read once, here;
 * the `openai` package is loaded at the first request.
 * @throws TroupeError `config_invalid` for bad options, or where neither a key nor a base URL is known.
 */
export function openai(
  options: OpenAiOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ModelProvider {
  const settings = readGiven(() => parseOptions(withEnvironment(options, env)), 'openai options');
  const { apiKey, baseURL, headers, price, limiterKey } = settings;
  if (apiKey === undefined && baseURL === undefined) {
    throw new TroupeError(
      'config_invalid',
      `openai ${settings.model}: no API key; give apiKey or set OPENAI_API_KEY, or give baseURL for a server of your own, or use offline(), which needs neither`,
    );
  }
  const client: ClientOptions = {
    apiKey: apiKey ?? NO_KEY,
    baseURL: baseURL ?? SERVICE_URL,
    organization: settings.organization,
    project: settings.project,
    headers,
  };
  const request: RequestSettings = {
    model: settings.model,
    maxOutputTokens: settings.maxOutputTokens,
    outputLimitKey: knowsNewLimit(client.baseURL) ? 'max_completion_tokens' : 'max_tokens',
    temperature: settings.temperature,
  };
  const dialect: Dialect = settings.api === 'chat' ? chatDialect : responsesDialect;
  const name = settings.name ?? `openai/${settings.model}`;
  const post = createPost(client, dialect.api);
  const clean = createTextCleaner([client.apiKey, ...Object.values(headers)]);
  const toError = (thrown: unknown, nowMs: number) => errorOf(thrown, nowMs, name, clean);
  const provider: ModelProvider = {
    name,
    maxRetries: settings.maxRetries,
    maxResponseBytes: settings.maxResponseBytes,
    ...(price === undefined ? {} : { price }),
    structuredOutput: settings.structuredOutput ?? (isTheService(client.baseURL) ? 'native' : 'tool'),
    ...(limiterKey === undefined ? {} : { limiterKey }),
    stream(modelRequest, streamOptions) {
      const send = (signal: AbortSignal) => post(dialect.body(modelRequest, request), signal);
      return streamAnswer({ send, answer: dialect.answer(), limits: settings, toError }, streamOptions);
    },
  };
  secrets.set(provider, apiKey === undefined ? Object.values(headers) : [apiKey, ...Object.values(headers)]);
  return provider;
}

/** Beside the providers, so that nobody who prints one prints its key. */
const secrets = new WeakMap<ModelProvider, readonly string[]>();

/** What a provider must not let anyone see: to be registered for redaction. */
export function secretsOf(provider: ModelProvider): readonly string[] {
  return secrets.get(provider) ?? [];
}

/** Names no text that was not cleaned, and keeps no cause that might hold some. */
function errorOf(thrown: unknown, nowMs: number, name: string, clean: (text: string) => string): TroupeError {
  const fault = faultIn(thrown, nowMs);
  if (fault === undefined) {
    const code = isConnectionLike(thrown) ? 'model_unavailable' : 'bad_response';
    return new TroupeError(code, `${name}: ${clean(storyOf(thrown))}`);
  }
  const { code, retryAfterMs } = fault;
  const message = `${name}: ${clean(fault.message)}${code === 'model_auth' ? '; check the API key and what it may use' : ''}`;
  if (code === 'rate_limited') return new RateLimitedError(message, retryAfterMs);
  return retryAfterMs === undefined ? new TroupeError(code, message) : new ModelFault(code, message, { retryAfterMs });
}

/** The client wraps what its fetch throws. */
function faultIn(thrown: unknown, nowMs: number): ProviderFault | undefined {
  for (const cause of causesOf(thrown)) {
    if (cause instanceof ProviderFault) return cause;
    if (cause instanceof HttpFault) return faultOfStatus(cause.answer, nowMs);
  }
  return undefined;
}

function parseOptions(options: unknown): z.output<typeof OpenAiOptions> {
  const parsed = OpenAiOptions.safeParse(options);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || '(root)'}: ${message}`,
  );
  throw new TroupeError('config_invalid', `openai options: ${issues.join('; ')}`);
}

/** Empty variables count as not set. */
function withEnvironment(options: unknown, env: Readonly<Record<string, string | undefined>>): unknown {
  if (!isObject(options)) return options;
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = env;
  return {
    ...options,
    ...(options.apiKey === undefined && apiKey ? { apiKey } : {}),
    ...(options.baseURL === undefined && baseURL ? { baseURL } : {}),
  };
}

function isWithoutLogin(url: string): boolean {
  if (!URL.canParse(url)) return true; // told by the check before
  const { username, password } = new URL(url);
  return username === '' && password === '';
}

/** Of any region. */
function isTheService(baseURL: string): boolean {
  return /(?:^|\.)api\.openai\.com$/.test(new URL(baseURL).hostname);
}

function knowsNewLimit(baseURL: string): boolean {
  return /(?:^|\.)(?:openai\.com|azure\.com)$/.test(new URL(baseURL).hostname);
}
