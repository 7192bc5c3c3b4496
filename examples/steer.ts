/*
npx tsx examples/steer.ts

turn 1
aside: I have 2 messages before me, the last one is yours.
answer: I have 2 messages before me, the last one is yours.
turn 2
turn 3
I was asked: Review the examples. / Look at their comments only.
*/
import { Agent, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';

// Looks around twice, then tells what it was asked; a request without tools is a side question.
const defaultModel = scripted(({ messages, tools }) => {
  const asked = messages.flatMap(({ role, content }) => (role === 'user' ? [content] : []));
  if (tools.length === 0) return { text: `I have ${messages.length} messages before me, the last one is yours.` };
  const looked = messages.filter(({ role }) => role === 'tool').length;
  if (looked < 2) return { toolCalls: [{ name: 'ls', args: { path: 'examples' } }] };
  return { text: `I was asked: ${asked.join(' / ')}` };
});
const orchestrator = Orchestrator.create(await Agent.create(undefined, { defaultModel }));

const reviewer = orchestrator.spawnSubagent({ agentType: 'review', prompt: 'Review the examples.' });
reviewer.events$.subscribe((event) => {
  if (event.type === 'turn_start') console.log('turn', event.turn);
  if (event.type === 'tool_start' && reviewer.info().turn === 1) {
    reviewer.steer('Look at their comments only.'); // taken when the next turn begins: what runs is not disturbed
  }
  if (event.type === 'btw_answer') console.log('aside:', event.answer);
});

// Asked of a copy of the conversation: no tools, and nothing of it is left in the history.
console.log('answer:', await reviewer.btw('How far are you?'));
console.log(await reviewer.wait());
await orchestrator.close();
