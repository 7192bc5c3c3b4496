/** A fake chat-completions server for measurements, in a process of its own: no latency but where it says so. Prints its port. */

import { createServer, type ServerResponse } from 'node:http';

interface Body {
  /** `turns:<n>`: n turns with a tool call each, then text; `deltas:<n>`: text in n pieces; `text:<n>`: n bytes, late; `silent`: headers, then nothing. */
  readonly model: string;
  readonly messages: readonly { readonly role: string }[];
}

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const USAGE = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } })}\n\n`;
const DONE = 'data: [DONE]\n\n';

function answer({ model, messages }: Body, response: ServerResponse): void {
  const [kind, count = '0'] = model.split(':');
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (kind === 'silent') {
    response.write(chunk({ role: 'assistant', content: '' }));
    return;
  }
  if (kind === 'turns') {
    const turn = messages.filter(({ role }) => role === 'tool').length;
    if (turn < Number(count)) {
      const call = {
        index: 0,
        id: `c${turn}`,
        type: 'function',
        function: { name: 'echo', arguments: '{"text":"hi"}' },
      };
      response.end(
        chunk({ role: 'assistant', content: null, tool_calls: [call] }) + chunk({}, 'tool_calls') + USAGE + DONE,
      );
      return;
    }
    response.end(chunk({ role: 'assistant', content: 'done' }) + chunk({}, 'stop') + USAGE + DONE);
    return;
  }
  if (kind === 'text') {
    const piece = chunk({ content: 'word '.repeat(Number(count)).slice(0, Number(count) / TEXT_PIECES) });
    setTimeout(() => response.end(piece.repeat(TEXT_PIECES) + chunk({}, 'stop') + USAGE + DONE), TEXT_LATENCY_MS);
    return;
  }
  void stream(Number(count), response);
}

const TEXT_PIECES = 16;
const TEXT_LATENCY_MS = 20;

const PIECES_PER_WRITE = 50;
async function stream(count: number, response: ServerResponse): Promise<void> {
  const piece = chunk({ content: 'word ' });
  for (let sent = 0; sent < count; sent += PIECES_PER_WRITE) {
    const pieces = Math.min(PIECES_PER_WRITE, count - sent);
    if (!response.write(piece.repeat(pieces))) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end(chunk({}, 'stop') + USAGE + DONE);
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => answer(JSON.parse(Buffer.concat(parts).toString()) as Body, response));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`${address.port}\n`);
});
