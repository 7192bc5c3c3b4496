/*
npm start
output varies

Four subagents work on the files of this folder; one is paused and resumed on the way.
Offline by default; with OPENAI_API_KEY or OPENAI_BASE_URL set, a real model does the work (OPENAI_MODEL names it).
*/
import { setTimeout as delay } from 'node:timers/promises';
import { filter, firstValueFrom } from 'rxjs';
import { Agent, Orchestrator, offline, openai } from 'troupe';
import { showLive } from './support/live-table.js';

const { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL = 'gpt-5-mini' } = process.env;
const isReal = Boolean(OPENAI_API_KEY || OPENAI_BASE_URL);
const defaultModel = isReal ? openai({ model: OPENAI_MODEL }) : offline({ paceMs: 60 });
console.log(`model: ${defaultModel.name}${isReal ? '' : ' (set OPENAI_API_KEY or OPENAI_BASE_URL for a real one)'}\n`);

const agent = await Agent.create(undefined, { defaultModel });
const orchestrator = Orchestrator.create(agent);
const counts = new Map<string, number>();
orchestrator.events$.subscribe(({ type }) => counts.set(type, (counts.get(type) ?? 0) + 1));
const view = showLive(orchestrator);

const spawn = (agentType: string, description: string, prompt: string) =>
  orchestrator.spawnSubagent({ agentType, description, prompt });
const subagents = [
  spawn('explore', 'find', 'Find the TypeScript files in machines/.'),
  spawn('general', 'count', 'Count the TypeScript files in src, for each folder.'),
  spawn('plan', 'search', 'Search for "createMachine" in machines/.'),
  spawn('review', 'review', 'Review README.md.'),
];

const [, , searching] = subagents;
if (searching) {
  await firstValueFrom(searching.replay$.pipe(filter(({ type }) => type === 'turn_start')));
  const { state } = await searching.pause(); // its request in flight is finished and kept; nothing new starts
  view.say(`${searching.id} is ${state}: nothing of it starts until it is resumed`);
  await delay(1000);
  await searching.resume();
}

const outcomes = await orchestrator.waitAll();
view.stop();
for (const { id, state, output, error } of outcomes) {
  console.log(`\n== ${id}: ${state}\n${error ? error.message : shortened(output)}`);
}
console.log(`\nevents: ${[...counts].map(([type, count]) => `${type} ${count}`).join(', ')}`);
await orchestrator.close();
process.exitCode = outcomes.every(({ success }) => success) ? 0 : 1;

function shortened(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.length <= 14 ? lines : [...lines.slice(0, 11), '...', lines.at(-1)]).join('\n');
}
