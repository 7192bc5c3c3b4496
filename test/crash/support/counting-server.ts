/** A model server that answers by the script of each conversation, and notes what is asked that must not be. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface WireMessage {
  readonly role: string;
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly id: string }[];
}

interface WireTurn {
  readonly text?: string;
  readonly calls?: readonly (readonly [name: string, args: object])[];
}

export interface CountingServer {
  readonly url: string;
  /** Prompts of which something was asked. */
  readonly conversations: ReadonlySet<string>;
  /** How often each turn was asked for, by conversation. */
  readonly asked: ReadonlyMap<string, readonly number[]>;
  readonly problems: readonly string[];
  /** Resolves when one comes in. */
  nextRequest(): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * @param turnOf What the model says in this turn, counted from 0.
 * @param delayMs Of the next answer.
 * @param release Resolves when this conversation may be answered.
 */
export async function countingServer(
  turnOf: (prompt: string, turn: number) => WireTurn,
  delayMs: () => number,
  release: (prompt: string) => Promise<void> = async () => {},
): Promise<CountingServer> {
  const asked = new Map<string, number[]>();
  const problems: string[] = [];
  const conversations = new Set<string>();
  const take = (prompt: string, messages: readonly WireMessage[]): WireTurn => {
    const turn = messages.filter(({ role }) => role === 'assistant').length;
    const counts = asked.get(prompt) ?? [];
    asked.set(prompt, counts);
    conversations.add(prompt);
    if (turn < counts.length - 1)
      problems.push(`${prompt}: turn ${turn} was asked again behind turn ${counts.length - 1}`);
    if (turn > counts.length) problems.push(`${prompt}: turn ${turn} came before turn ${counts.length}`);
    counts[turn] = (counts[turn] ?? 0) + 1;
    problems.push(...faultsIn(messages).map((fault) => `${prompt}, turn ${turn}: ${fault}`));
    return turnOf(prompt, turn);
  };
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece);
    } catch {
      return; // killed while it asked
    }
    const { messages } = JSON.parse(Buffer.concat(pieces).toString()) as { messages: WireMessage[] };
    const prompt = messages.find(({ role }) => role === 'user')?.content ?? '';
    const turn = take(prompt, messages);
    await release(prompt);
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(wire(turn));
    }, delayMs());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    conversations,
    asked,
    problems,
    nextRequest: () => once(server, 'request'),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function faultsIn(messages: readonly WireMessage[]): string[] {
  const faults: string[] = [];
  let open = 0;
  for (const { role, content, tool_calls: calls } of messages) {
    if (role === 'tool') open -= 1;
    else if (open !== 0) faults.push('calls and results do not match');
    else open = calls?.length ?? 0;
    if (role === 'tool' && content?.includes('no result yet')) faults.push('a call without result');
  }
  return faults;
}

function wire({ text, calls = [] }: WireTurn): string {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const toolCalls = calls.map(([name, args], index) => ({
    index,
    id: `w${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));
  const said = chunk({ role: 'assistant', content: text ?? '' });
  const called = toolCalls.length > 0 ? chunk({ tool_calls: toolCalls }) : '';
  return `${said}${called}${chunk({}, calls.length > 0 ? 'tool_calls' : 'stop')}data: [DONE]\n\n`;
}
