/** One life of the crash demo: runs the workflow and tells what came of it. `<folder> <store folder> <base url> [<die after>]` */

import { appendFileSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { openai } from '../../activities/llm/index.js';
import { defineTool } from '../../activities/tools/index.js';
import { Agent } from '../../agent/index.js';
import type { AgentStepSpec } from '../../config/index.js';
import { ToolReply } from '../../domain/tool.js';
import { FileSessionStore } from '../../store/index.js';
import { AT_ONCE, linesFile, STEPS, TOOL, WORKFLOW } from './crash-plan.js';

const [, , folder = '', store = '', baseURL = '', dieAfter = '0'] = process.argv;
const file = linesFile(folder);
let written = 0;

/** Its effect is there for all to count; whether it was done before a crash, it finds out by looking. */
const note = defineTool({
  name: TOOL,
  description: 'Writes a line.',
  input: z.object({ task: z.string() }),
  run: ({ task }) => {
    appendFileSync(file, `${task}\n`);
    written += 1;
    if (written === Number(dieAfter)) process.kill(process.pid, 'SIGKILL'); // the line is there, and nobody has recorded it
    return `${task} is written`;
  },
  recover: ({ task }) => (isWritten(task) ? new ToolReply(`${task} is written`) : 'not_begun'),
});

function isWritten(task: string): boolean {
  return readFileSync(file, 'utf8').split('\n').includes(task);
}

const agent = await Agent.create(undefined, {
  defaultModel: openai({ model: 'demo', apiKey: 'none', baseURL }),
  tools: [note],
});
const session = agent.session(folder, {
  sessionStore: new FileSessionStore(store),
  maxParallelTasks: AT_ONCE,
  permissions: { allow: [TOOL] },
});
const steps = STEPS.map((prompt): AgentStepSpec => ({ taskId: prompt, agent: 'general', description: prompt, prompt }));
const takenUp = new Set<string>();
session.events$.subscribe((event) => {
  if (event.type !== 'gap' && event.epoch > 0) takenUp.add(event.subagentId);
});
const outcomes = await session.parallelResumable(steps, WORKFLOW);
await session.close();

const count = (has: (outcome: (typeof outcomes)[number]) => boolean) => outcomes.filter(has).length;
const told = {
  succeeded: count(({ success }) => success),
  replayed: count(({ replayed }) => replayed),
  takenUp: count(({ subagentId }) => takenUp.has(subagentId)),
};
process.stdout.write(`${JSON.stringify(told)}\n`);
