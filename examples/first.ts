/*
npx tsx examples/first.ts

subagent-1 pending -> running
subagent-2 pending -> running
subagent-2 running -> paused
subagent-1 calls glob
subagent-1 running -> completed
I found 2 JSON files in docs/machines:
- docs/machines/orchestrator.json
- docs/machines/subagent.json

(This comes from the offline rules, not from a language model.)
subagent-2 paused -> running
subagent-2 calls grep
subagent-2 running -> completed
I found "in a microtask" in 1 line of 1 file:
- docs/decisions/0001-events-in-a-microtask.md (1)
  1: # 0001: Events are delivered in a microtask after they are published

(This comes from the offline rules, not from a language model.)
*/
import { Agent, Orchestrator } from 'troupe';

const agent = await Agent.create(); // no key, no network: offline rules stand in for a model
const orchestrator = Orchestrator.create(agent);

orchestrator.events$.subscribe((event) => {
  if (event.type === 'subagent_state_changed') console.log(event.subagentId, event.from, '->', event.to);
  if (event.type === 'tool_start') console.log(event.subagentId, 'calls', event.toolName);
});

const finder = orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'Find the JSON files in docs/machines.' });
const searcher = orchestrator.spawnSubagent({
  agentType: 'plan',
  prompt: 'Search for "in a microtask" in docs/decisions/.',
});

await searcher.pause(); // what is in flight is finished and kept, nothing new starts
console.log(await finder.wait());
await searcher.resume(); // goes on exactly where it stopped
console.log(await searcher.wait());
await orchestrator.close();
