/*
npx tsx examples/events.ts

replayed: [
  '(gap: 1 to 5)',
  '6 text_delta',
  '7 text_delta',
  '(gap: 8 to 12)',
  '13 subagent_activity_changed',
  '14 turn_start',
  '15 text_delta',
  '16 text_delta',
  '17 turn_end',
  '18 end',
  '19 subagent_state_changed',
  '20 subagent_completed'
]
streamed: "Let me "
streamed: "look."
streamed: "One "
streamed: "file."
live: []
of all: [ '19 subagent_state_changed', '20 subagent_completed' ]
*/
import { filter, lastValueFrom, map, toArray } from 'rxjs';
import { Agent, type AgentEvent, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';

const defaultModel = scripted([
  { text: ['Let me ', 'look.'], toolCalls: [{ name: 'ls', args: { path: 'examples/support' } }] },
  { text: ['One ', 'file.'] },
]);
// Of each subagent the last 6 events are kept, and beside them the last 6 deltas: text never pushes out the rest.
const orchestrator = Orchestrator.create(await Agent.create(undefined, { defaultModel }), { eventBufferSize: 6 });
const line = (event: AgentEvent) =>
  event.type === 'gap' ? `(gap: ${event.fromSeq} to ${event.toSeq})` : `${event.seq} ${event.type}`;

const handle = orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'How many files are there?' });
for await (const event of handle.events()) {
  if (event.type === 'tool_start') break; // leaving the loop cancels nothing
}
await handle.wait();

// Late, as an observable: what is kept, in order, with a gap for what is not; then live, until its end.
console.log('replayed:', await lastValueFrom(handle.replay$.pipe(map(line), toArray())));

// Late, as an iterable: the same, at the reader's pace.
for await (const event of handle.events()) {
  if (event.type === 'text_delta') console.log('streamed:', JSON.stringify(event.text));
}

// Live only: nothing comes any more.
console.log('live:', await lastValueFrom(handle.events$.pipe(map(line), toArray())));

// Of all subagents, from an offset on. This one ends with the orchestrator.
const isLifeCycle = ({ type }: AgentEvent) => type.startsWith('subagent_');
const lifeCycle = lastValueFrom(orchestrator.replay$(15).pipe(filter(isLifeCycle), map(line), toArray()));
await orchestrator.close();
console.log('of all:', await lifeCycle);
