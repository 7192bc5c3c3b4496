/*
npx tsx examples/custom-bus.ts

seen from afar: pending -> running
seen from afar: running -> paused
seen from afar: paused -> running
seen from afar: running -> completed
here: Asked last: In one word.
*/
import { filter, firstValueFrom, map } from 'rxjs';
import { Agent, AgentEvent, type EventBus, MemoryEventBus, Orchestrator, sendControlSignal } from 'troupe';
import { scripted } from 'troupe/testing';

/** Knows nothing of the orchestrator: with a bus between machines it could run in another process. */
async function watchAndSteer(bus: EventBus, id: string): Promise<void> {
  const events$ = bus.messages$(`agent.${id}.*`, { from: 1 }).pipe(
    map(({ data }) => AgentEvent.safeParse(data).data), // not all are events that we know: signals go the same way
    filter((event) => event !== undefined),
  );
  events$.subscribe((event) => {
    if (event.type === 'subagent_state_changed') console.log('seen from afar:', event.from, '->', event.to);
  });
  const until = (type: AgentEvent['type']) => firstValueFrom(events$.pipe(filter((event) => event.type === type)));

  await until('turn_start');
  await sendControlSignal(bus, { prefix: 'agent', id, signal: { signal: 'pause' } });
  await until('control_signal_applied');
  await sendControlSignal(bus, { prefix: 'agent', id, signal: { signal: 'steer', message: 'In one word.' } });
  await sendControlSignal(bus, { prefix: 'agent', id, signal: { signal: 'resume' } });
}

const defaultModel = scripted([
  { delayMs: 20, toolCalls: [{ name: 'ls', args: { path: 'examples/support' } }] },
  ({ messages }) => ({ text: `Asked last: ${messages.at(-1)?.content}` }),
]);
const bus: EventBus = new MemoryEventBus(); // your own goes here
const orchestrator = Orchestrator.create(await Agent.create(undefined, { defaultModel }), { bus });
const handle = orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'What is in examples/support?' });

await watchAndSteer(bus, handle.id);
const answer = await handle.wait();
await orchestrator.close(); // sends what is still to be sent; the bus stays open
await bus.close(); // delivers what it has taken
console.log('here:', answer);
