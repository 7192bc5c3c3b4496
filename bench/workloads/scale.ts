/** Cost of a spawn, heap of one in flight and of one that ended. `scale.ts <count>` */

import { Agent, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';
import { heapBytes, measure, report } from '../measure.js';

const count = Number(process.argv[2] ?? 1000);
const silent = scripted(() => ({ hang: true }));
const agent = await Agent.create(undefined, { defaultModel: silent });

async function round(size: number) {
  const orchestrator = Orchestrator.create(agent, { maxConcurrentSubagents: size, keepEnded: size });
  const before = await heapBytes();
  const { cpuMs } = await measure(async () => {
    for (let i = 0; i < size; i++) orchestrator.spawnSubagent({ agentType: 'general', prompt: 'wait' });
  });
  const inFlight = await heapBytes();
  const cancel = await measure(async () => {
    for (const { id } of orchestrator.getAllStates()) void orchestrator.cancelSubagent(id);
  });
  const ended = await heapBytes();
  await orchestrator.close();
  return {
    spawnUs: (cpuMs * 1000) / size,
    inFlightKb: (inFlight - before) / size / 1000,
    endedKb: (ended - before) / size / 1000,
    cancelUs: (cancel.cpuMs * 1000) / size,
  };
}

for (let i = 0; i < 3; i++) await round(300);
report(await round(count));
