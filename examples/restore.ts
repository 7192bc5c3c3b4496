/*
npx tsx examples/restore.ts

before: subagent-1 completed, subagent-2 paused in turn 1
after: subagent-1 completed, subagent-2 paused in turn 1
subagent-2: I have seen user, assistant, tool.
subagent-3: I have seen user, assistant, tool.
requests: 6
*/
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filter, firstValueFrom } from 'rxjs';
import { Agent, FileSessionStore, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';

// Looks once, then tells what it has before it.
const model = scripted(({ messages }) =>
  messages.length === 1
    ? { toolCalls: [{ name: 'ls', args: { path: 'examples/support' } }] }
    : { text: `I have seen ${messages.map(({ role }) => role).join(', ')}.` },
);
const agent = await Agent.create(undefined, { defaultModel: model });
const dir = await mkdtemp(join(tmpdir(), 'troupe-restore-'));
const open = () => Orchestrator.create(agent, { store: new FileSessionStore(dir) });
const listed = (orchestrator: Orchestrator) =>
  orchestrator
    .listSubagents()
    .map(({ id, state, turn }) => `${id} ${state}${state === 'paused' ? ` in turn ${turn}` : ''}`)
    .join(', ');

/** One process: a subagent that ends, and one that is paused while its tool is at work. */
async function before(): Promise<void> {
  const orchestrator = open();
  await orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'Look.' }).wait();
  const patient = orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'Look, then wait for me.' });
  await firstValueFrom(patient.events$.pipe(filter(({ type }) => type === 'tool_start')));
  await patient.pause(); // at rest: the tool has ended, and what it found is on disk
  console.log('before:', listed(orchestrator));
  await orchestrator.close(); // with a store it suspends what has not ended
}

/** The next one knows nothing but the folder. */
async function after(): Promise<void> {
  const orchestrator = open();
  const [patient] = await orchestrator.restore(); // those that had not ended; before the first spawn
  console.log('after:', listed(orchestrator));
  void patient?.resume();
  console.log(`${patient?.id}:`, await patient?.wait());
  const next = orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'Look again.' });
  console.log(`${next.id}:`, await next.wait());
  await orchestrator.close();
}

try {
  await before();
  await after();
  console.log('requests:', model.requests.length); // two for each of three: none was made twice
} finally {
  await rm(dir, { recursive: true, force: true });
}
