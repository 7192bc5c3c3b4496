/** A model server that misbehaves in one named way for each path: what providers, gateways and networks do on bad days. */

import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

interface LoggedRequest {
  readonly scenario: string;
  readonly host: string;
  /** Tells connections apart. */
  readonly clientPort: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export interface FaultyServer {
  /** What a client of this scenario takes for its base URL. */
  url(scenario: Scenario): string;
  readonly requests: readonly LoggedRequest[];
  /** How the first exchange of this scenario ended: `left` where the client went before the answer was over. */
  ending(scenario: Scenario): Promise<'answered' | 'left'>;
  /** Closes every socket, also those that a scenario leaves open. */
  close(): Promise<void>;
}

interface Exchange {
  readonly response: ServerResponse;
  readonly headers: IncomingHttpHeaders;
  /** How many requests of this scenario came before. */
  readonly earlier: number;
  readonly port: number;
  /** Runs until the server closes or the client leaves. */
  readonly every: (ms: number, run: () => void) => void;
}

export const HELLO = 'Hello world';
const MB = 1024 * 1024;

function data(value: unknown): string {
  return `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
}

function chunk(delta: unknown, finish: string | null = null, index = 0): string {
  return data({ id: 'c1', object: 'chat.completion.chunk', choices: [{ index, delta, finish_reason: finish }] });
}

const call = (index: number, id: string, name: string, args: string) => ({
  tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }],
});
const usage = (input: unknown = 7, output: unknown = 2) =>
  data({
    choices: [],
    usage: { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: { cached_tokens: 3 } },
  });
const DONE = data('[DONE]');
const WHOLE = [
  chunk({ role: 'assistant', content: 'Hello' }),
  chunk({ content: ' world' }),
  chunk({}, 'stop'),
  usage(),
  DONE,
];

function stream({ response }: Exchange, ...pieces: (string | Buffer)[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const piece of pieces) response.write(piece);
}

const streamed =
  (...pieces: (string | Buffer)[]) =>
  (exchange: Exchange) => {
    stream(exchange, ...pieces);
    exchange.response.end();
  };
const streamedAndLeftOpen =
  (...pieces: string[]) =>
  (exchange: Exchange) =>
    stream(exchange, ...pieces);
const answered =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  ({ response }: Exchange) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
const limited = (headers: Record<string, string>) =>
  answered(429, '{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}', headers);
const completion = (message: unknown, finish: string | null = 'stop') =>
  JSON.stringify({
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: finish }],
    usage: { prompt_tokens: 7, completion_tokens: 2 },
  });

const scenarios = {
  whole: streamed(...WHOLE),
  cut_clean: streamed(chunk({ content: 'Hel' })),
  cut_clean_in_tool: streamed(chunk(call(0, 'a', 'bash', '{"command":"rm -rf build'))),
  cut_clean_mid_line: streamed(chunk({ content: 'Hel' }), 'data: {"choices":[{"ind'),
  cut_reset: (exchange: Exchange) => {
    stream(exchange, chunk({ content: 'Hel' }));
    setImmediate(() => exchange.response.socket?.resetAndDestroy());
  },
  reset_before_headers: ({ response }: Exchange) => {
    response.socket?.resetAndDestroy();
  },
  silence: streamedAndLeftOpen(chunk({ content: 'Hel' })),
  silent_for_abort: streamedAndLeftOpen(chunk({ content: 'Hel' })),
  silence_in_tool: streamedAndLeftOpen(chunk(call(0, 'a', 'bash', '{"comm'))),
  hang: () => {},
  headers_only: streamedAndLeftOpen(),
  comments: (exchange: Exchange) => {
    stream(exchange, chunk({ content: 'Hel' }));
    exchange.every(10, () => exchange.response.write(': still here\n\n'));
  },
  drip: (exchange: Exchange) => {
    stream(exchange);
    exchange.every(10, () => exchange.response.write(chunk({ content: '.' })));
  },
  limited_seconds: limited({ 'retry-after': '3' }),
  limited_long: limited({ 'retry-after': '300' }),
  limited_date: ({ response }: Exchange) =>
    limited({ 'retry-after': new Date(Date.now() + 30_000).toUTCString() })({ response } as Exchange), // limited reads nothing else
  limited_ms: limited({ 'retry-after-ms': '1500', 'retry-after': '9' }),
  limited_garbage: limited({ 'retry-after': 'soon-ish' }),
  quota: answered(429, '{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}'),
  once_500: (exchange: Exchange) =>
    exchange.earlier === 0 ? answered(500, '{"error":{"message":"oops"}}')(exchange) : streamed(...WHOLE)(exchange),
  page_503: answered(503, `<html>\u001b[31m<h1>Down</h1>${'x'.repeat(2000)}</html>`, {
    'content-type': 'text/html',
    'retry-after': '2',
  }),
  huge_500: ({ response }: Exchange) => {
    response.writeHead(500);
    response.write(Buffer.alloc(4 * MB, 120)); // and never ends
  },
  key_401: ({ response, headers }: Exchange) =>
    answered(
      401,
      JSON.stringify({
        error: { message: `Incorrect key ${headers.authorization?.slice(7)} given`, code: 'invalid_api_key' },
      }),
    )({
      response,
    } as Exchange), // answered reads nothing else
  forbidden: answered(403, '{"error":{"message":"not for you"}}'),
  forbidden_again: answered(403, '{"error":"not for you"}'),
  too_long: answered(400, '{"error":{"message":"too long","code":"context_length_exceeded"}}'),
  not_found: answered(404, '{"error":{"message":"no such model"}}'),
  conflict: answered(409, ''),
  redirect: ({ response, port }: Exchange) => {
    response.writeHead(307, { location: `http://localhost:${port}/whole/v1/chat/completions` }).end();
  },
  page_200: answered(200, '<!doctype html><title>Login</title>', { 'content-type': 'text/html' }),
  whole_json: answered(200, completion({ role: 'assistant', content: HELLO })),
  whole_json_calls: answered(
    200,
    completion({ role: 'assistant', content: null, tool_calls: call(0, 'a', 'ls', '{}').tool_calls }, 'tool_calls'),
  ),
  whole_json_as_events: answered(200, completion({ role: 'assistant', content: HELLO }), {
    'content-type': 'text/event-stream',
  }),
  error_object: answered(200, '{"error":{"message":"upstream failed","code":502}}'),
  empty_body: answered(200, ''),
  broken_json: answered(200, '{"choices":[{"mess'),
  json_null: answered(200, 'null'),
  empty_choices: answered(200, '{"choices":[]}'),
  no_choices: answered(200, '{"object":"chat.completion"}'),
  null_message: answered(200, completion(null)),
  stream_empty: streamed(),
  stream_no_choices: streamed(data({ object: 'chat.completion.chunk' }), DONE),
  stream_empty_choices: streamed(data({ choices: [] }), DONE),
  null_delta: streamed(chunk(null), chunk({}, 'stop'), DONE),
  broken_line: streamed(chunk({ content: 'Hel' }), 'data: {"choices":\n\n', ...WHOLE),
  data_error: streamed(chunk({ content: 'Hel' }), data({ error: { message: 'overloaded', type: 'server_error' } })),
  data_error_quota: streamed(data({ error: { message: 'pay', code: 'insufficient_quota' } })),
  event_error: streamed(chunk({ content: 'Hel' }), 'event: error\ndata: {"reason":"who knows"}\n\n'),
  event_error_text: streamed(chunk({ content: 'Hel' }), 'event: error\ndata: it broke\n\n'),
  done_and_open: streamedAndLeftOpen(...WHOLE),
  finish_and_open: streamedAndLeftOpen(chunk({ content: HELLO }), chunk({}, 'stop')),
  usage_and_open: streamedAndLeftOpen(chunk({ content: HELLO }), chunk({}, 'stop'), usage()),
  end_is_late: (exchange: Exchange) => {
    stream(exchange, ...WHOLE.slice(0, -1));
    setTimeout(() => exchange.response.end(DONE), 20);
  },
  no_usage: streamed(chunk({ content: HELLO }), chunk({}, 'stop'), DONE),
  done_without_finish: streamed(chunk({ content: HELLO }), DONE),
  length_with_calls: streamed(
    chunk({ content: 'I will' }),
    chunk(call(0, 'a', 'bash', '{"comma')),
    chunk({}, 'length'),
    DONE,
  ),
  two_finishes: streamed(chunk({ content: 'Hello' }), chunk({}, 'stop'), chunk({ content: ' world' }, 'length'), DONE),
  second_choice: streamed(
    chunk({ content: 'Hello' }),
    chunk({ content: 'Salut' }, null, 1),
    chunk({}, 'length', 1),
    chunk({ content: ' world' }, 'stop'),
    DONE,
  ),
  two_calls_one_index: streamed(
    chunk(call(0, 'a', 'read', '{"file_path":"a"}')),
    chunk(call(0, 'b', 'read', '{"file_path":"b"}')),
    chunk({}, 'tool_calls'),
    DONE,
  ),
  huge_index: streamed(
    chunk(call(0, 'a', 'ls', '{}')),
    chunk(call(4_294_967_295, 'b', 'ls', '{}')),
    chunk({}, 'tool_calls'),
    DONE,
  ),
  call_pieces: streamed(
    chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'grep', arguments: '' } }] }),
    chunk({ tool_calls: [{ index: 1, id: 'b', function: { name: 'ls' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"pattern":' } }] }),
    chunk({ tool_calls: [{ index: 1, function: { arguments: '{}' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '"x"}' } }] }, 'tool_calls'),
    usage(),
    DONE,
  ),
  call_without_name: streamed(
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }),
    chunk({}, 'stop'),
    DONE,
  ),
  announced_call_missing: streamed(chunk({}, 'tool_calls'), DONE),
  empty_answer: streamed(chunk({ content: '' }, 'stop'), usage(), DONE),
  filtered: streamed(chunk({ content: 'Well' }), chunk({}, 'content_filter'), usage(), DONE),
  refused: streamed(chunk({ refusal: 'I will not' }), chunk({}, 'stop'), usage(), DONE),
  reasoning: streamed(chunk({ reasoning_content: 'hm' }), chunk({ content: HELLO }, 'stop'), usage(), DONE),
  huge_line: streamed('data: {"x":"', 'x'.repeat(2 * MB)),
  too_large: (exchange: Exchange) => {
    stream(exchange);
    exchange.every(1, () => exchange.response.write(chunk({ content: 'x'.repeat(20_000) })));
  },
  gzip_bomb: ({ response }: Exchange) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    response.end(gzipSync(chunk({ content: 'x'.repeat(1000) }).repeat(20_000)));
  },
  crlf: streamed(WHOLE.join('').replaceAll('\n', '\r\n')),
  byte_order_mark: streamed('\ufeff', ...WHOLE),
  no_space: streamed(...WHOLE.map((piece) => piece.replace('data: ', 'data:'))),
  wrong_type: ({ response }: Exchange) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(WHOLE.join(''));
  },
  split_utf8: (exchange: Exchange) => {
    const bytes = Buffer.from(chunk({ content: 'naïve 😀 ok' }, 'stop') + DONE);
    const cut = bytes.indexOf(Buffer.from('😀')) + 2;
    stream(exchange, bytes.subarray(0, cut));
    setImmediate(() => exchange.response.end(bytes.subarray(cut)));
  },
  no_role: streamed(chunk({ content: HELLO }), chunk({}, 'stop'), usage(), DONE),
  negative_usage: streamed(chunk({ content: HELLO }), chunk({}, 'stop'), usage(-5, '7'), DONE),
  responses_cut: streamed(data({ type: 'response.output_text.delta', delta: 'Hel' })),
  responses_failed: streamed(
    data({ type: 'response.failed', response: { status: 'failed', error: { code: 'server_error', message: 'oops' } } }),
  ),
  responses_incomplete: streamed(
    data({ type: 'response.output_text.delta', delta: 'Hel' }),
    data({
      type: 'response.incomplete',
      response: {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ type: 'function_call', call_id: 'a', name: 'ls', arguments: '{"pa' }],
        usage: { input_tokens: 4, output_tokens: 9 },
      },
    }),
  ),
  responses_and_open: streamedAndLeftOpen(
    data({ type: 'response.output_text.delta', delta: HELLO }),
    data({
      type: 'response.completed',
      response: { status: 'completed', output: [], usage: { input_tokens: 7, output_tokens: 2 } },
    }),
  ),
  responses_error: streamed(
    'event: error\n',
    data({ type: 'error', code: 'rate_limit_exceeded', message: 'slow down' }),
  ),
  responses_whole_json: answered(
    200,
    JSON.stringify({
      status: 'completed',
      error: null,
      output: [{ type: 'message', content: [{ type: 'output_text', text: HELLO }] }],
      usage: { input_tokens: 4, output_tokens: 2 },
    }),
  ),
} satisfies Record<string, (exchange: Exchange) => void>;

export type Scenario = keyof typeof scenarios;

/** Listens on a free port of loopback. */
export async function startFaultyServer(): Promise<FaultyServer> {
  const requests: LoggedRequest[] = [];
  const intervals = new Set<NodeJS.Timeout>();
  const told = new EventEmitter();
  const endings = new Map<string, 'answered' | 'left'>();
  const server = createServer((request, response) => {
    const scenario = request.url?.split('/')[1] ?? '';
    const pieces: Buffer[] = [];
    response.on('error', () => {}); // clients leave in the middle: that is what is tested
    request.on('error', () => {});
    response.on('close', () => {
      if (!endings.has(scenario)) endings.set(scenario, response.writableFinished ? 'answered' : 'left');
      told.emit(scenario);
    });
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const earlier = requests.filter((logged) => logged.scenario === scenario).length;
      requests.push({
        scenario,
        host: request.headers.host ?? '',
        clientPort: request.socket.remotePort ?? 0,
        headers: request.headers,
        body: JSON.parse(Buffer.concat(pieces).toString() || '{}'),
      });
      const every = (ms: number, run: () => void) => {
        const interval = setInterval(run, ms);
        intervals.add(interval);
        response.on('close', () => clearInterval(interval));
      };
      if (!(scenario in scenarios)) return void response.writeHead(404).end();
      const play: (exchange: Exchange) => void = scenarios[scenario as Scenario]; // its presence was checked above
      play({ response, headers: request.headers, earlier, port, every });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // of a server that listens on a port
  return {
    requests,
    url: (scenario) => `http://127.0.0.1:${port}/${scenario}/v1`,
    ending: async (scenario) => {
      if (!endings.has(scenario)) await once(told, scenario);
      return endings.get(scenario) ?? 'left';
    },
    close: () =>
      new Promise((resolve) => {
        for (const interval of intervals) clearInterval(interval);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
