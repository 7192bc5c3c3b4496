/** A model of its own on loopback: asks each conversation for one tool call, then answers; counts every request. */

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

/** How long it thinks, in ms: one after the other, so that at any moment some are in flight and some are not. */
const LATENCIES_MS: readonly number[] = [20, 50, 30, 60, 40];

export interface ModelServer {
  readonly baseURL: string;
  /** A line for each request that came, `<prompt>/<answers before>`: the same line twice is the same request. */
  readonly requests: readonly string[];
  close(): void;
}

interface Body {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** @param toolName Of the tool that is to be called with `{ task }`, the prompt. */
export async function startModelServer(toolName: string): Promise<ModelServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { messages } = JSON.parse(Buffer.concat(parts).toString()) as Body; // the only client is ours
      const prompt = messages.find(({ role }) => role === 'user')?.content ?? '';
      const turn = messages.filter(({ role }) => role === 'assistant').length;
      const latencyMs = LATENCIES_MS[requests.length % LATENCIES_MS.length];
      requests.push(`${prompt}/${turn}`);
      setTimeout(() => (turn === 0 ? sendCall(response, toolName, prompt) : sendText(response, prompt)), latencyMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { baseURL: `http://127.0.0.1:${address.port}/v1`, requests, close };
}

function sendCall(response: ServerResponse, name: string, task: string): void {
  const call = { index: 0, id: 'c0', type: 'function', function: { name, arguments: JSON.stringify({ task }) } };
  send(response, { role: 'assistant', content: null, tool_calls: [call] }, 'tool_calls');
}

function sendText(response: ServerResponse, task: string): void {
  send(response, { role: 'assistant', content: `${task} is done` }, 'stop');
}

/** One answer as a stream of chunks. */
export function send(response: ServerResponse, delta: object, finish: string): void {
  const chunk = (choices: object[], more = {}) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'demo', choices, ...more })}\n\n`;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(
    chunk([{ index: 0, delta, finish_reason: null }]) +
      chunk([{ index: 0, delta: {}, finish_reason: finish }]) +
      chunk([], { usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }) +
      'data: [DONE]\n\n',
  );
}
