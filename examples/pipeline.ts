/*
npx tsx examples/pipeline.ts

Zig: summary
Zig: verdict
Haiku: summary
Rust: summary
Rust: verdict
Rust -> YES
Zig -> YES
(blank) -> nothing
Haiku -> A poem. (stages[1] failed for items[3]: a poem needs no verdict)
*/
import { Agent } from 'troupe';
import { scripted } from 'troupe/testing';

const defaultModel = scripted(({ messages: [task] }) => {
  const prompt = task?.content ?? '';
  if (prompt.startsWith('Is this')) return { text: 'YES' };
  if (prompt.includes('Haiku')) return { text: 'A poem.', delayMs: 200 };
  return { text: 'A language.', delayMs: prompt.includes('Rust') ? 400 : 50 };
});
const agent = await Agent.create(undefined, { defaultModel });
const session = agent.session();

const items = ['Rust', 'Zig', '', 'Haiku'];
const results = await session.pipeline(items, [
  ({ item }) =>
    item === '' ? null : { taskId: 'summary', agent: 'explore', description: item, prompt: `What is ${item}?` },
  ({ item, previous }) => {
    console.log(`${item}: ${previous.taskId}`);
    if (previous.output === 'A poem.') throw new Error('a poem needs no verdict'); // ends the chain of this item alone
    const prompt = `Is this a programming language? ${previous.output}`;
    return { taskId: 'verdict', agent: 'explore', description: item, prompt };
  },
  ({ item, previous }) => {
    console.log(`${item}: ${previous.taskId}`); // Zig is here before Rust has left the first stage
    return null; // what there is will do
  },
]);

for (const [index, result] of results.entries()) {
  const told = result ? `${result.output}${result.error ? ` (${result.error.message})` : ''}` : 'nothing';
  console.log(`${items[index] || '(blank)'} -> ${told}`);
}
await session.close();
