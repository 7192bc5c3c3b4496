/** The same work as `raw.ts`, done by subagents. `subagents.ts turn|delta <base url>` */

import { fileURLToPath } from 'node:url';
import { Agent, defineTool, Orchestrator, openai } from 'troupe';
import { z } from 'zod';
import { measure, measureOnDemand } from '../measure.js';

const [, , workload = 'turn', baseURL = ''] = process.argv;
const echo = defineTool({
  name: 'echo',
  description: 'Gives back its text.',
  input: z.object({ text: z.string() }),
  readOnly: true,
  run: ({ text }) => text,
});

async function troupe(model: string) {
  const agentDirs = [fileURLToPath(new URL('../agents', import.meta.url))];
  const agent = await Agent.create(undefined, {
    agentDirs,
    defaultModel: openai({ model, apiKey: 'bench', baseURL, maxResponseBytes: 2 ** 30 }),
  });
  const orchestrator = Orchestrator.create(agent);
  let characters = 0;
  orchestrator.events$.subscribe((event) => {
    if (event.type === 'text_delta') characters += event.text.length;
  });
  const run = async () => {
    const subagent = orchestrator.spawnSubagent({ agentType: 'bench', prompt: 'go', tools: [echo] });
    return subagent.wait();
  };
  return { run, close: () => orchestrator.close(), characters: () => characters };
}

if (workload === 'turn') {
  const { run, close } = await troupe('turns:20');
  for (let i = 0; i < 200; i++) await run(); // until the code is compiled
  const RUNS = 20;
  await measureOnDemand(async () => {
    const { cpuMs } = await measure(async () => {
      for (let i = 0; i < RUNS; i++) await run();
    });
    return cpuMs / (RUNS * 21);
  });
  await close();
} else {
  const DELTAS = 50_000;
  const { run, close, characters } = await troupe(`deltas:${DELTAS}`);
  await run();
  await measureOnDemand(async () => {
    const before = characters();
    const { cpuMs } = await measure(async () => {
      await run();
      if (characters() - before !== DELTAS * 5) throw new Error(`read ${characters() - before} characters`);
    });
    return (cpuMs * 1000) / DELTAS;
  });
  await close();
}
