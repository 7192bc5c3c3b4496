/*
npx tsx examples/nested.ts

spawned          subagent-1 running, subagent-2 running, subagent-3 running
parent paused    subagent-1 paused, subagent-2 paused, subagent-3 running
parent resumed   subagent-1 running, subagent-2 running, subagent-3 running
parent cancelled subagent-1 cancelled, subagent-2 cancelled, subagent-3 running
subagent-2: cancelled by parent: its parent subagent-1 ended
subagent-3, child of subagent-1: archived
at the end       subagent-1 cancelled, subagent-2 cancelled, subagent-3 completed
*/
import { Agent, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';

// Thinks for ever, except about archives.
const defaultModel = scripted(({ messages: [task] }) =>
  task?.content === 'archive' ? { delayMs: 100, text: 'archived' } : { hang: true },
);
const orchestrator = Orchestrator.create(await Agent.create(undefined, { defaultModel }));
const show = (when: string) =>
  console.log(
    when.padEnd(16),
    orchestrator
      .listSubagents()
      .map(({ id, state }) => `${id} ${state}`)
      .join(', '),
  );

const lead = orchestrator.spawnSubagent({ agentType: 'general', prompt: 'lead' });
const helper = lead.spawn({ agentType: 'explore', prompt: 'help' });
const archiver = lead.spawn({ agentType: 'explore', prompt: 'archive', detached: true });
show('spawned');

void lead.pause(); // resolves when what is in flight has come to rest; the state is `paused` at once
show('parent paused');

await lead.resume();
show('parent resumed');

await lead.cancel('no longer needed'); // what was in flight is aborted
show('parent cancelled');

const { by, error } = await helper.outcome();
console.log(`${helper.id}: cancelled by ${by}: ${error?.message}`);
console.log(`${archiver.id}, child of ${archiver.info().parentId}: ${await archiver.wait()}`);
show('at the end');
await orchestrator.close();
