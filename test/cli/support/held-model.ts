/** A model server on loopback that answers a request when the test says so. */

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { send } from '../../../src/cli/demo/model-server.js';

export interface HeldRequest {
  readonly messages: readonly { readonly role: string; readonly content: string | null }[];
  /** The client went before the answer. */
  readonly left: Promise<void>;
  answer(text: string): void;
  call(name: string, args: object): void;
  refuse(status: number, message: string): void;
}

export interface HeldModel {
  /** An agent config that names it. */
  readonly config: string;
  /** A folder of the test. */
  readonly folder: string;
  /** How many have come. */
  readonly count: number;
  /** The first that nobody has taken; waits for it. */
  next(): Promise<HeldRequest>;
}

export const KEY = 'sk-test-0123456789abcdefghij0123456789';

export async function startHeldModel(): Promise<HeldModel> {
  const arrived: HeldRequest[] = [];
  const waiting: ((request: HeldRequest) => void)[] = [];
  let count = 0;
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { messages } = JSON.parse(Buffer.concat(parts).toString());
    count += 1;
    const held: HeldRequest = {
      messages,
      left: once(response, 'close').then(() => {}),
      answer: (content) => send(response, { role: 'assistant', content }, 'stop'),
      call: (name, args) => {
        const call = {
          index: 0,
          id: `c${count}`,
          type: 'function',
          function: { name, arguments: JSON.stringify(args) },
        };
        send(response, { role: 'assistant', content: null, tool_calls: [call] }, 'tool_calls');
      },
      refuse: (status, message) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message } }));
      },
    };
    const taker = waiting.shift();
    if (taker) taker(held);
    else arrived.push(held);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), 'troupe-cli-'));
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });
  const config = join(folder, 'agent.yaml');
  await writeFile(
    config,
    `providers:\n  local:\n    base_url: http://127.0.0.1:${port}/v1\n    api_key: ${KEY}\n    models: { m: {} }\n`,
  );
  return {
    config,
    folder,
    get count() {
      return count;
    },
    next: () =>
      new Promise((resolve) => {
        const first = arrived.shift();
        if (first) resolve(first);
        else waiting.push(resolve);
      }),
  };
}
