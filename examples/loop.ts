/*
npx tsx examples/loop.ts

round 1: nothing is known yet
round 2: 3 faults left
round 3: 1 fault left
round 4: 0 faults left
3 rounds, 45 tokens
*/
import { Agent } from 'troupe';
import { scripted } from 'troupe/testing';

const faultCounts = [3, 1, 0];
const defaultModel = scripted((_request, index) => ({ text: String(faultCounts[index]) }));
const agent = await Agent.create(undefined, { defaultModel });
const session = agent.session();

const outcomes = await session.loop(
  ({ iteration, outcomes }) => {
    const left = outcomes.at(-1)?.output; // of all rounds so far
    console.log(
      `round ${iteration}: ${left ? `${left} fault${left === '1' ? '' : 's'} left` : 'nothing is known yet'}`,
    );
    if (left === '0') return null; // done
    return [
      { taskId: 'mend', agent: 'explore', description: 'mend', prompt: 'Mend a fault, then count what is left.' },
    ];
  },
  { maxIterations: 10 }, // a loop always says how long it may go on
);

const tokens = outcomes.reduce((sum, { usage }) => sum + usage.totalTokens, 0);
console.log(`${outcomes.length} rounds, ${tokens} tokens`);
await session.close();
