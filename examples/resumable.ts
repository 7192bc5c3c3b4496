/*
npx tsx examples/resumable.ts

first life
  counted cli: 3
  counted core: 5
  cli: cli has 3 files
  core: closed
  docs: cancelled
second life
  cli comes from the journal
  counted docs: 2
  cli: cli has 3 files (replayed)
  core: core has 5 files
  docs: docs has 2 files
requests: 3 and 3, where 6 are needed
*/
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Agent, type AgentStepSpec, defineTool, FileSessionStore } from 'troupe';
import { scripted } from 'troupe/testing';
import { z } from 'zod';

const FILES: Readonly<Record<string, number>> = { cli: 3, core: 5, docs: 2 };
const steps = Object.keys(FILES).map(
  (name): AgentStepSpec => ({ taskId: name, agent: 'general', description: `count ${name}`, prompt: name }),
);

const count = defineTool({
  name: 'count',
  description: 'Counts the files of a package.',
  input: z.object({ name: z.string() }),
  readOnly: true,
  run: async ({ name }) => {
    await setTimeout(20);
    console.log(`  counted ${name}: ${FILES[name]}`);
    return `${name} has ${FILES[name]} files`;
  },
});

/** What each process does, whether one was there before it or not. @returns how many requests the model got. */
async function life(dir: string): Promise<number> {
  const model = scripted(({ messages: [task, , result] }) =>
    result ? { text: result.content } : { toolCalls: [{ name: 'count', args: { name: task?.content } }] },
  );
  const agent = await Agent.create(undefined, { defaultModel: model, tools: [count] });
  await using session = agent.session('.', { sessionStore: new FileSessionStore(dir), maxParallelTasks: 1 });
  session.events$.subscribe((event) => {
    if (event.type === 'step_replayed') console.log(`  ${event.taskId} comes from the journal`);
    // The process is told to end while core counts. In the second life that call is on record, and does not start.
    if (event.type === 'tool_start' && event.subagentId === 'subagent-2') void session.close();
  });
  const outcomes = await session.parallelResumable(steps, 'count-all');
  for (const { taskId, success, output, error, replayed } of outcomes) {
    console.log(`  ${taskId}: ${success ? output : error?.code}${replayed ? ' (replayed)' : ''}`);
  }
  return model.requests.length;
}

const dir = await mkdtemp(join(tmpdir(), 'troupe-resumable-'));
try {
  console.log('first life');
  const first = await life(dir);
  console.log('second life');
  const second = await life(dir);
  console.log(`requests: ${first} and ${second}, where ${2 * steps.length} are needed`);
} finally {
  await rm(dir, { recursive: true, force: true });
}
