/*
npx tsx examples/monitor.ts     (npm run build first: the page is served as it was built)

the page is at http://127.0.0.1
subagent-1 completed
it shows 1 subagent
*/
import { Agent, Orchestrator } from 'troupe';
import { startMonitor } from 'troupe/monitor';

const agent = await Agent.create(); // no key, no network: offline rules stand in for a model
const orchestrator = Orchestrator.create(agent);
const monitor = await startMonitor(orchestrator, { name: 'an example' });
const { origin, hash } = new URL(monitor.url); // give people monitor.url: whoever has it can look and steer
console.log('the page is at', origin.replace(/:\d+$/, ''));

const finder = orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'Find the JSON files in docs/machines.' });
const { id, state } = await finder.outcome();
console.log(id, state);

// What the page itself asks for, with the token of the link.
const token = new URLSearchParams(hash.slice(1)).get('token');
const events = await fetch(`${origin}/events`, { headers: { authorization: `Bearer ${token}` } });
let told = '';
for await (const piece of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
  told += piece;
  const frame = /^event: frame\ndata: (.*)$/m.exec(told)?.[1];
  if (frame === undefined) continue;
  console.log('it shows', JSON.parse(frame).rows.length, 'subagent');
  break;
}
await monitor.close();
await orchestrator.close();
