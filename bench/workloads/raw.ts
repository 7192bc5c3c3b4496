/** The floor: the openai client and a hand-written loop. `raw.ts turn|delta <base url>` */

import OpenAI from 'openai';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { measure, measureOnDemand } from '../measure.js';

const [, , workload = 'turn', baseURL = ''] = process.argv;
const client = new OpenAI({ apiKey: 'bench', baseURL, maxRetries: 0 });
const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'echo',
      description: 'Gives back its text.',
      parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    },
  },
];

async function run(model: string): Promise<string> {
  const messages: ChatCompletionMessageParam[] = [
    { role: 'system', content: 'You are a bench.' },
    { role: 'user', content: 'go' },
  ];
  for (;;) {
    const stream = await client.chat.completions.create({
      model,
      messages,
      tools,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    const calls = new Map<number, { id: string; name: string; args: string }>();
    for await (const { choices } of stream) {
      const delta = choices[0]?.delta;
      if (delta?.content) text += delta.content;
      for (const piece of delta?.tool_calls ?? []) {
        const call = calls.get(piece.index) ?? { id: '', name: '', args: '' };
        call.id ||= piece.id ?? '';
        call.name ||= piece.function?.name ?? '';
        call.args += piece.function?.arguments ?? '';
        calls.set(piece.index, call);
      }
    }
    if (calls.size === 0) return text;
    messages.push({
      role: 'assistant',
      content: text,
      tool_calls: [...calls.values()].map(({ id, name, args }) => ({
        id,
        type: 'function',
        function: { name, arguments: args },
      })),
    });
    for (const { id, args } of calls.values()) {
      const { text: echoed } = JSON.parse(args) as { text: string };
      messages.push({ role: 'tool', tool_call_id: id, content: echoed });
    }
  }
}

if (workload === 'turn') {
  for (let i = 0; i < 200; i++) await run('turns:20'); // until the code is compiled
  const RUNS = 20;
  await measureOnDemand(async () => {
    const { cpuMs } = await measure(async () => {
      for (let i = 0; i < RUNS; i++) await run('turns:20');
    });
    return cpuMs / (RUNS * 21);
  });
} else {
  const DELTAS = 50_000;
  await run(`deltas:${DELTAS}`);
  await measureOnDemand(async () => {
    const { cpuMs } = await measure(async () => {
      const text = await run(`deltas:${DELTAS}`);
      if (text.length !== DELTAS * 5) throw new Error(`read ${text.length} characters`);
    });
    return (cpuMs * 1000) / DELTAS;
  });
}
