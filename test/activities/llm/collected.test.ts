import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openai, readTurn } from '../../../src/activities/llm/index.js';
import { realClock } from '../../../src/domain/clock.js';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

describe('after a garbage collection', () => {
  let server: Server;
  let sent = '';
  let closed: Promise<unknown>;
  let collecting: NodeJS.Timeout;

  beforeEach(async () => {
    server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(sent); // and then silence, the connection open
    });
    closed = new Promise((resolve) => {
      server.on('connection', (socket: Socket) => socket.once('close', resolve));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    collecting = setInterval(collect, 20);
  });
  afterEach(() => {
    clearInterval(collecting);
    server.closeAllConnections();
    server.close();
  });

  const ask = (signal: AbortSignal, onText: () => void = () => {}) => {
    const { port } = server.address() as AddressInfo;
    const baseURL = `http://127.0.0.1:${port}/v1`;
    const provider = openai({ model: 'm', apiKey: 'none-at-all', baseURL, idleTimeoutMs: 300 }, {});
    const request = { system: 's', messages: [{ role: 'user' as const, content: 'go' }], tools: [] };
    return readTurn(provider, request, { signal, clock: realClock, onText, onReasoning: () => {} });
  };

  it('silence in the middle of an answer still ends at its time limit, and the connection is closed', async () => {
    sent = chunk({ content: 'some' });
    await expect(ask(new AbortController().signal)).rejects.toMatchObject({ code: 'model_unavailable' });
    await closed;
  });

  it('a cancel still closes the connection', async () => {
    sent = chunk({ content: 'some' });
    const controller = new AbortController();
    const asked = ask(controller.signal, () => setTimeout(() => controller.abort(new Error('enough')), 100));
    await expect(asked).rejects.toThrow('enough');
    await closed;
  });

  it('a complete answer whose connection stays open is an answer', async () => {
    sent = chunk({ content: 'all' }) + chunk({}, 'stop');
    await expect(ask(new AbortController().signal)).resolves.toMatchObject({ text: 'all', finishReason: 'stop' });
    await closed;
  });
});
