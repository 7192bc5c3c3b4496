/** What a fault of a provider means: the code for a status, an error object, or something thrown. */

import { messageOf, type TroupeErrorCode } from '../../domain/errors.js';

/** A fault as it was found. Its message may hold anything that the provider sent: it is cleaned before it goes anywhere. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly code: TroupeErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: TroupeErrorCode, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An answer whose status is not a success; the text is the start of its body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

/** `nowMs` is what a date in `Retry-After` is compared with. */
export function faultOfStatus(answer: HttpAnswer, nowMs: number): ProviderFault {
  const { status } = answer;
  const error = errorIn(parsed(answer.text));
  const told = error === undefined ? answer.text : textOf(error);
  const retryAfterMs = retryAfterIn(answer.headers, nowMs);
  const code = reasonIn(error) ?? codeOfStatus(status);
  return new ProviderFault(code, `HTTP ${status}${told.trim() === '' ? '' : `: ${told}`}`, retryAfterMs);
}

/**
 * For an error told in a body or a stream whose status was a success. One that names no known reason is taken for a passing
 * trouble of the provider.
 */
export function faultOfErrorObject(error: unknown): ProviderFault {
  const status = numberIn(error, 'status') ?? numberIn(error, 'code');
  const byStatus = status !== undefined && status >= 400 && status < 600 ? codeOfStatus(status) : undefined;
  const code = reasonIn(error) ?? byStatus ?? kindIn(error) ?? 'model_unavailable';
  return new ProviderFault(code, `the provider reports an error: ${textOf(error)}`);
}

/** The error that a body holds, if it is the body of an error. */
export function errorIn(body: unknown): unknown {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (!isObject(first)) return undefined;
  if (first.error !== undefined && first.error !== null) return first.error;
  return typeof first.message === 'string' || typeof first.detail === 'string' ? first : undefined;
}

function codeOfStatus(status: number): TroupeErrorCode {
  if (status === 401 || status === 403) return 'model_auth';
  if (status === 402) return 'quota_exceeded';
  if (status === 429) return 'rate_limited';
  if (status === 408 || status === 409 || status >= 500) return 'model_unavailable';
  return 'bad_response';
}

/** Reasons so plain that they count more than the status: providers send them with several. */
function reasonIn(error: unknown): TroupeErrorCode | undefined {
  const words = wordsOf(error);
  const told = isObject(error) ? wordIn(error, 'message') : '';
  if (/insufficient_quota|billing|insufficient_credit|credit_balance/.test(words)) return 'quota_exceeded';
  if (/context_length|context_window/.test(words) || /maximum context length/i.test(told)) return 'context_overflow';
  if (/content_filter|content_policy/.test(words)) return 'model_refused';
  return undefined;
}

/** Kinds of error that providers name where there is no status to go by. */
function kindIn(error: unknown): TroupeErrorCode | undefined {
  const words = wordsOf(error);
  if (/rate_limit|resource_exhausted|too_many_requests/.test(words)) return 'rate_limited';
  if (/invalid_api_key|authentication|permission_(?:error|denied)|unauthenticated/.test(words)) return 'model_auth';
  if (/invalid_request|invalid_argument|not_found/.test(words)) return 'bad_response';
  return undefined;
}

function wordsOf(error: unknown): string {
  if (!isObject(error)) return '';
  return `${wordIn(error, 'code')} ${wordIn(error, 'type')} ${wordIn(error, 'status')}`.toLowerCase();
}

function textOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!isObject(error)) return String(error);
  for (const key of ['message', 'detail', 'error']) {
    const text = error[key];
    if (typeof text === 'string' && text !== '') return [wordIn(error, 'code'), text].filter(Boolean).join(': ');
  }
  try {
    return JSON.stringify(error);
  } catch {
    return 'an object nested too deep to show';
  }
}

/** A timer takes no more; servers that name more mean something else. */
const MAX_BELIEVED_MS = 2_147_483_000;

/** How long the headers ask to wait, in ms: `retry-after-ms`, or `retry-after` in seconds or as a date. Garbage and the past are nothing. */
export function retryAfterIn(headers: HttpAnswer['headers'], nowMs: number): number | undefined {
  return (
    believed(decimal(headers.get('retry-after-ms')), 1) ??
    believed(decimal(headers.get('retry-after')), 1_000) ??
    believed(untilDate(headers.get('retry-after'), nowMs), 1)
  );
}

function believed(value: number | undefined, unitMs: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = Math.ceil(value * unitMs);
  return ms <= MAX_BELIEVED_MS ? ms : undefined;
}

function decimal(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}(?:\.\d{1,15})?$/.test(text.trim()) ? Number(text) : undefined;
}

function untilDate(text: string | null, nowMs: number): number | undefined {
  if (text === null || !/^[A-Za-z]{3,9},? /.test(text.trim())) return undefined; // Date.parse also takes bare numbers for years
  const ms = Date.parse(text) - nowMs;
  return ms > 0 ? ms : undefined;
}

const CONNECTION_CODE =
  /^(?:E(?:CONN|TIMEDOUT|PIPE|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|NETDOWN|PROTO)|UND_ERR_|ERR_(?:SSL|TLS|HTTP2|STREAM))/;
const CONNECTION_WORDS =
  /terminated|fetch failed|socket hang up|connection (?:error|closed|reset|refused)|network|timed? ?out|other side closed/i;

/** Whether something thrown looks like trouble on the way to the provider, which may pass. Looks at most 5 causes deep. */
export function isConnectionLike(thrown: unknown): boolean {
  for (const cause of causesOf(thrown)) {
    if (!isObject(cause)) continue;
    if (CONNECTION_CODE.test(wordIn(cause, 'code'))) return true;
    if (/^(?:APIConnection|Abort|Timeout|ConnectTimeout|Socket)/.test(wordIn(cause, 'name'))) return true;
    if (CONNECTION_WORDS.test(wordIn(cause, 'message'))) return true;
  }
  return false;
}

/** What was thrown and the causes behind it, from the outside in. */
export function causesOf(thrown: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let cause = thrown; cause !== undefined && cause !== null && causes.length < 5; ) {
    causes.push(cause);
    cause = isObject(cause) ? cause.cause : undefined;
  }
  return causes;
}

/** The messages of what was thrown and of its causes, each once. */
export function storyOf(thrown: unknown): string {
  return [...new Set(causesOf(thrown).map(messageOf))].join(': ') || messageOf(thrown);
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function wordIn(object: Readonly<Record<string, unknown>>, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}

function numberIn(value: unknown, key: string): number | undefined {
  const number = isObject(value) ? Number(value[key] ?? Number.NaN) : Number.NaN;
  return Number.isInteger(number) ? number : undefined;
}
