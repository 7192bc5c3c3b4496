/** From `cancel()` to the settled outcome and to the server's closed socket, in a silent request. `cancel.ts <base url>` */

import { filter, firstValueFrom } from 'rxjs';
import { Agent, Orchestrator, openai } from 'troupe';
import { quantile, report } from '../measure.js';

const baseURL = process.argv[2] ?? '';
const agent = await Agent.create(undefined, { defaultModel: openai({ model: 'silent', apiKey: 'bench', baseURL }) });
const orchestrator = Orchestrator.create(agent);
const times: number[] = [];
for (let i = 0; i < 60; i++) {
  const subagent = orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'wait' });
  await firstValueFrom(subagent.replay$.pipe(filter(({ type }) => type === 'turn_start')));
  await new Promise((resolve) => setTimeout(resolve, 5)); // let the headers come, so that the stream is silent
  const start = performance.now();
  void subagent.cancel();
  const { state } = await subagent.outcome();
  if (state !== 'cancelled') throw new Error(`it is ${state}`);
  if (i >= 10) times.push(performance.now() - start);
}
await orchestrator.close();
report({ medianMs: quantile(times, 0.5), p95Ms: quantile(times, 0.95) });
