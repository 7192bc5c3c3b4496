/*
npx tsx examples/limits.ts

subagent-1 requesting_llm
subagent-2 queued for a slot
subagent-3 queued for a slot
subagent-1 pending -> running
subagent-1 running -> failed
subagent-2 pending -> running
subagent-2 running -> failed
subagent-3 pending -> running
subagent-3 running -> completed
subagent-1: failed by timeout; timeout; turns: 0; ""
subagent-2: failed; max_steps; turns: 3; "Round 5."
subagent-3: completed; no error; turns: 1; "Done."
TroupeError: maxConcurrentSubagents 1 reached; wait for a subagent to end, raise it, or use onLimit 'queue'
*/
import { Agent, Orchestrator, type SubAgentOutcome } from 'troupe';
import { scripted } from 'troupe/testing';

const defaultModel = scripted(({ messages: [task], messages }) => {
  if (task?.content === 'Be slow.') return { hang: true };
  if (task?.content === 'Be thorough.')
    return { text: `Round ${messages.length}.`, toolCalls: [{ name: 'ls', args: {} }] };
  return { text: 'Done.' };
});
const agent = await Agent.create(undefined, { defaultModel });
const orchestrator = Orchestrator.create(agent, { maxConcurrentSubagents: 1, onLimit: 'queue' });

orchestrator.events$.subscribe((event) => {
  if (event.type === 'subagent_state_changed') console.log(event.subagentId, event.from, '->', event.to);
});

orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'Be slow.', timeoutMs: 50 }); // counted while it runs
orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'Be thorough.', maxSteps: 3 }); // turns
orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'Be quick.' });
for (const { id, activity } of orchestrator.getActiveActivities()) {
  console.log(id, activity.activityType === 'waiting_for_control' ? activity.reason : activity.activityType);
}

const line = ({ id, state, by, error, output, turns }: SubAgentOutcome) =>
  `${id}: ${state}${by ? ` by ${by}` : ''}; ${error?.code ?? 'no error'}; turns: ${turns}; ${JSON.stringify(output)}`;
console.log((await orchestrator.waitAll()).map(line).join('\n')); // what fails is data: nothing is thrown

const strict = Orchestrator.create(agent, { maxConcurrentSubagents: 1 }); // without a queue the spawn throws
strict.spawnSubagent({ agentType: 'explore', prompt: 'Be quick.' });
try {
  strict.spawnSubagent({ agentType: 'explore', prompt: 'Be quick.' });
} catch (error) {
  console.log(String(error));
}
await Promise.all([orchestrator.close(), strict.close()]);
