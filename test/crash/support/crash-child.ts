/** A program that works in a store on disk and is killed at any moment; started again, it goes on. Its test counts what it does. */

import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { Agent, defineTool, FileSessionStore, openai } from '../../../src/index.js';

const [mode = '', folder = '', baseURL = '', size = '1', life = '0'] = process.argv.slice(2);

/** In one write at the end of the file, so that two never mix. */
const say = (line: object) => appendFileSync(`${folder}/said`, `${JSON.stringify(line)}\n`);

const labelled = z.object({ label: z.string() });
const tools = [
  defineTool({
    name: 'note',
    description: 'Has an effect that must not happen twice.',
    input: labelled,
    run: ({ label }) => {
      say({ effect: label });
      return `noted ${label}`;
    },
  }),
  defineTool({
    name: 'peek',
    description: 'May happen again.',
    input: labelled,
    readOnly: true,
    run: ({ label }) => `peeked ${label}`,
  }),
];

const names = Array.from({ length: Number(size) }, (_, index) => `${mode}-${index}`);
const agent = await Agent.create(undefined, {
  defaultModel: openai({ model: 'm', apiKey: 'none', baseURL }),
  agentDirs: [`${folder}/agents`],
  tools,
});
const session = agent.session('.', {
  sessionStore: new FileSessionStore(`${folder}/store`),
  maxParallelTasks: 4,
  orchestrator: { maxConcurrentSubagents: 8, keepEnded: 3 },
});
const { orchestrator } = session;
console.log('begun');
if (mode === 'workflow') {
  const steps = names.map((name) => ({ taskId: name, agent: 'hand', description: name, prompt: name }));
  const outcomes = await session.parallelResumable(steps, 'w');
  say({ results: outcomes.map(({ taskId, output, error }) => [taskId, error?.message ?? output]) });
} else {
  const restored = await orchestrator.restore();
  const handles = [
    ...restored,
    ...(life === '0' ? names : []).map((prompt) =>
      orchestrator.spawnSubagent({ agentType: mode === 'nested' ? 'head' : 'hand', prompt }),
    ),
  ];
  say({ handles: handles.map(({ id, config }) => [id, config.prompt, config.parentId ?? null]) });
  const ended = handles.map(async (handle) => [handle.config.prompt, (await handle.outcome()).output]);
  say({ results: await Promise.all(ended) });
}
await session.close();
