/*
npx tsx examples/parallel.ts

languages begins
verdict begins
languages ends
tests begins
tests ends
verdict ends
languages: C, Rust and Zig.
verdict: safe, for 3 reasons
nobody: failed, unknown_agent
tests: All green.
*/
import { Agent } from 'troupe';
import { scripted } from 'troupe/testing';
import { z } from 'zod';

const defaultModel = scripted(({ messages: [task] }) => {
  if (task?.content === 'Name three systems languages.') return { text: 'C, Rust and Zig.', delayMs: 50 };
  if (task?.content === 'Is Rust memory-safe?') return { text: '{ "safe": true, "reasons": 3 }', delayMs: 500 };
  return { text: 'All green.', delayMs: 50 };
});
const agent = await Agent.create(undefined, { defaultModel });
const session = agent.session('.', { maxParallelTasks: 2 }); // the rest queue

session.events$.subscribe((event) => {
  if (event.type === 'subagent_started') console.log(event.description, 'begins');
  if (event.type === 'subagent_completed') {
    console.log(session.orchestrator.getSubagentInfo(event.subagentId)?.description, 'ends');
  }
});

const Verdict = z.object({ safe: z.boolean(), reasons: z.number() });
const step = { agent: 'general', maxSteps: 2 };
const [languages, verdict, nobody, tests] = await session.parallel([
  { ...step, taskId: 'languages', description: 'languages', prompt: 'Name three systems languages.' },
  { ...step, taskId: 'verdict', description: 'verdict', prompt: 'Is Rust memory-safe?', outputSchema: Verdict },
  { ...step, taskId: 'nobody', description: 'nobody', prompt: 'Who are you?', agent: 'nobody' },
  { ...step, taskId: 'tests', description: 'tests', prompt: 'Run the tests.', retries: 2 },
]);

// In the order of the specs, not of their ends; a step that fails does so alone.
console.log(`languages: ${languages.output}`);
const { structured } = verdict; // typed by its schema
console.log(`verdict: ${structured?.safe ? 'safe' : 'not safe'}, for ${structured?.reasons} reasons`);
console.log(`nobody: ${nobody.success ? nobody.output : `failed, ${nobody.error?.code}`}`);
console.log(`tests: ${tests.output}`);
await session.close();
