import { fileURLToPath } from 'node:url';
import { Agent, defineTool, Orchestrator } from '../src/index.js';
import { z } from 'zod';
const echo = defineTool({ name: 'echo', description: 'x', input: z.object({ text: z.string() }), readOnly: true, run: ({ text }) => text });
const provider: any = {
  name: 'local', model: 'm',
  async *stream(request: any) {
    const turn = request.messages.filter((m: any) => m.role === 'tool').length;
    if (turn < 20) { yield { type: 'tool_call', id: 'c' + turn, name: 'echo', arguments: '{"text":"hi"}' }; yield { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 } }; yield { type: 'finish', reason: 'tool_calls' }; }
    else { yield { type: 'text_delta', text: 'done' };  yield { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 } }; yield { type: 'finish', reason: 'stop' }; }
  },
};
const agent = await Agent.create(undefined, { agentDirs: ['/work/main/bench/agents'], defaultModel: provider });
const orchestrator = Orchestrator.create(agent);
let n = 0; orchestrator.events$.subscribe(() => { n++; });
const run = () => orchestrator.spawnSubagent({ agentType: 'bench', prompt: 'go', tools: [echo] }).wait();
for (let i = 0; i < 400; i++) await run();
const out: number[] = [];
for (let r = 0; r < 5; r++) {
  const c = process.cpuUsage();
  for (let i = 0; i < 300; i++) await run();
  const d = process.cpuUsage(c); out.push((d.user + d.system) / (300 * 21));
}
out.sort((a, b) => a - b);
console.log('us/turn', out.map((x) => x.toFixed(0)).join(' '), 'events', n);
await orchestrator.close();
