import { describe, expect, it } from 'vitest';
import { faultOfErrorObject, faultOfStatus, retryAfterIn } from '../../../src/activities/llm/faults.js';
import type { TroupeErrorCode } from '../../../src/domain/errors.js';

const headers = (entries: Record<string, string> = {}) => new Headers(entries);
const NOW = Date.parse('2030-01-01T00:00:00Z');

describe('Retry-After', () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '3' }, 3_000],
    [{ 'retry-after': ' 1.5 ' }, 1_500],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after-ms': '250', 'retry-after': '3' }, 250],
    [{ 'retry-after-ms': 'soon', 'retry-after': '3' }, 3_000],
    [{ 'retry-after': 'Tue, 01 Jan 2030 00:00:10 GMT' }, 10_000],
    [{ 'retry-after': 'Mon, 31 Dec 2029 23:59:00 GMT' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '1e3' }, undefined],
    [{ 'retry-after': 'NaN' }, undefined],
    [{ 'retry-after': 'Infinity' }, undefined],
    [{ 'retry-after': '2147484' }, undefined],
    [{ 'retry-after': '99999999999999999999' }, undefined],
    [{ 'retry-after': '2031' }, 2_031_000],
    [{ 'retry-after': 'later, please' }, undefined],
    [{ 'retry-after': '' }, undefined],
  ])('%o is %s ms', (entries, ms) => {
    expect(retryAfterIn(headers(entries), NOW)).toBe(ms);
  });
});

describe('a status', () => {
  it.each<[number, string, TroupeErrorCode]>([
    [400, '{"error":{"message":"no","type":"invalid_request_error"}}', 'bad_response'],
    [400, '{"error":{"message":"This model\'s maximum context length is 8192 tokens"}}', 'context_overflow'],
    [400, '{"error":{"code":"content_filter","message":"filtered"}}', 'model_refused'],
    [401, '{"error":{"message":"no","type":"invalid_request_error"}}', 'model_auth'],
    [402, '{"error":{"message":"pay"}}', 'quota_exceeded'],
    [403, '', 'model_auth'],
    [404, '[{"error":{"message":"gone"}}]', 'bad_response'],
    [408, '', 'model_unavailable'],
    [409, '', 'model_unavailable'],
    [422, '{"detail":"no"}', 'bad_response'],
    [429, '{"error":{"message":"slow","type":"server_error"}}', 'rate_limited'],
    [429, '{"error":{"type":"insufficient_quota","message":"pay"}}', 'quota_exceeded'],
    [500, '{"error":{"message":"no","type":"invalid_request_error"}}', 'model_unavailable'],
    [529, '{"error":"overloaded"}', 'model_unavailable'],
  ])('%i with %s is %s', (status, text, code) => {
    expect(faultOfStatus({ status, text, headers: headers() }, NOW).code).toBe(code);
  });

  it('is told with the provider’s words, not with its JSON', () => {
    const fault = faultOfStatus(
      { status: 404, text: '{"error":{"code":"no_model","message":"gone"}}', headers: headers() },
      NOW,
    );
    expect(fault.message).toBe('HTTP 404: no_model: gone');
  });
});

describe('an error object under a status of success', () => {
  it.each<[unknown, TroupeErrorCode]>([
    [{ message: 'x', code: 429 }, 'rate_limited'],
    [{ message: 'x', code: '502' }, 'model_unavailable'],
    [{ message: 'x', status: 401 }, 'model_auth'],
    [{ message: 'x', code: 'rate_limit_exceeded' }, 'rate_limited'],
    [{ message: 'x', code: 'context_length_exceeded' }, 'context_overflow'],
    [{ message: 'x', code: 'insufficient_quota' }, 'quota_exceeded'],
    [{ message: 'x', type: 'authentication_error' }, 'model_auth'],
    [{ message: 'x', type: 'invalid_request_error' }, 'bad_response'],
    [{ message: 'x', type: 'server_error' }, 'model_unavailable'],
    ['who knows', 'model_unavailable'],
    [{ a: { b: 1 } }, 'model_unavailable'],
    [7, 'model_unavailable'],
  ])('%o is %s', (error, code) => {
    expect(faultOfErrorObject(error).code).toBe(code);
  });
});
