/** A program that works in a store on disk and is killed at any moment; started again, it goes on. Its test counts what it does. */

import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { Agent, defineTool, FileSessionStore, openai } from '../../../src/index.js';

const [folder = '', baseURL = '', life = '0', steps = '1', heads = '1', hands = '1'] = process.argv.slice(2);

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

const named = (kind: string, count: string) => Array.from({ length: Number(count) }, (_, index) => `${kind}-${index}`);
const agent = await Agent.create(undefined, {
  defaultModel: openai({ model: 'm', apiKey: 'none', baseURL }),
  agentDirs: [`${folder}/agents`],
  tools,
});
const session = agent.session('.', {
  sessionStore: new FileSessionStore(`${folder}/store`),
  maxParallelTasks: 4,
  orchestrator: { maxConcurrentSubagents: 20, keepEnded: 3 },
});
const { orchestrator } = session;
console.log('begun');
const restored = await orchestrator.restore();
const spawned =
  life === '0'
    ? [
        ...named('head', heads).map((prompt) => orchestrator.spawnSubagent({ agentType: 'head', prompt })),
        ...named('hand', hands).map((prompt) => orchestrator.spawnSubagent({ agentType: 'hand', prompt })),
      ]
    : [];
const handles = [...restored, ...spawned];
say({ handles: handles.map(({ id, config }) => [id, config.prompt, config.parentId ?? null]) });
const ended = handles.map(async (handle) => [handle.config.prompt, (await handle.outcome()).output]);
const specs = named('step', steps).map((name) => ({ taskId: name, agent: 'hand', description: name, prompt: name }));
const outcomes = await session.parallelResumable(specs, 'w');
const results = outcomes.map(({ taskId, output, error }) => [taskId, error?.message ?? output]);
say({ results: [...(await Promise.all(ended)), ...results] });
await session.close();
