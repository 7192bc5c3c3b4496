/** The one subagent of the demo that plays a script: it hands out tasks to others, round by round, and reports what they say. */

import { z } from 'zod';
import { type ScriptedTurn, scripted } from '../../activities/llm/index.js';
import { defineTool } from '../../activities/tools/index.js';
import type { ModelProvider, ModelRequest } from '../../domain/model.js';
import type { Tool } from '../../domain/tool.js';
import type { Orchestrator } from '../../orchestrator/index.js';

const DELEGATE = 'delegate';
const WORD = /\S+\s*/g;

const Task = z.object({ agent: z.string(), description: z.string(), prompt: z.string() });
type Task = z.infer<typeof Task>;

const ROUNDS: readonly { readonly says: string; readonly tasks: readonly Task[] }[] = [
  {
    says: 'Two helpers look at what is here. ',
    tasks: [
      { agent: 'explore', description: 'counts', prompt: 'Count the files, for each folder.' },
      { agent: 'explore', description: 'finds docs', prompt: 'Find the Markdown files.' },
    ],
  },
  {
    says: 'Two others read more closely. ',
    tasks: [
      { agent: 'review', description: 'reads README', prompt: 'Review README.md.' },
      { agent: 'plan', description: 'seeks TODO', prompt: 'Search for TODO.' },
    ],
  },
];

/** @param paceMs Between two words, in ms. */
export function leadModel(paceMs: number): ModelProvider {
  return scripted((request) => ({ ...turnOf(request), delayMs: paceMs, betweenMs: paceMs }), { name: 'lead' });
}

/** Those that it spawns stand below the one that calls it; while that waits for them, its place is lent to others. */
export function delegateTool(orchestrator: Orchestrator): Tool {
  return defineTool({
    name: DELEGATE,
    description: 'Hands tasks to subagents and waits for their answers.',
    input: z.object({ tasks: z.array(Task).min(1) }),
    readOnly: true,
    run: async ({ tasks }, { subagentId, awaitChildren }) => {
      const children = tasks.map(({ agent, description, prompt }) =>
        orchestrator.spawnSubagent({ agentType: agent, description, prompt, parentId: subagentId }),
      );
      const outcomes = await awaitChildren(() => Promise.all(children.map((child) => child.outcome())));
      return outcomes.map(({ id, success, output, error }) => ({ id, answer: success ? output : error?.message }));
    },
  });
}

const Answers = z.array(z.object({ id: z.string(), answer: z.string().optional() }));

function turnOf({ messages }: ModelRequest): ScriptedTurn {
  const round = ROUNDS[messages.filter(({ role }) => role === 'assistant').length];
  if (round) return { text: wordsOf(round.says), toolCalls: [{ name: DELEGATE, args: { tasks: round.tasks } }] };
  const lines = messages
    .filter(({ role }) => role === 'tool')
    .flatMap(({ content }) => Answers.safeParse(parsed(content)).data ?? [])
    .map(({ id, answer = '' }) => `- ${id}: ${firstLine(answer)}`);
  return { text: wordsOf(`My helpers report:\n${lines.join('\n')}`) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a call that failed is told in words
  }
}

function firstLine(text: string): string {
  const [first = ''] = text.trim().split('\n');
  return first.replace(/:$/, '');
}

function wordsOf(text: string): readonly string[] {
  return text.match(WORD) ?? [];
}
