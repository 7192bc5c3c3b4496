/** A run to look at: subagents in every state, played by a script on a virtual clock. It neither reads nor writes a file. */

import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../../src/activities/tools/index.js';
import { Agent } from '../../../src/agent/index.js';
import { delay } from '../../../src/domain/clock.js';
import type { Tool } from '../../../src/domain/tool.js';
import { Orchestrator } from '../../../src/orchestrator/index.js';
import type { SessionStore } from '../../../src/store/index.js';
import { type ScriptedTurn, scripted, VirtualClock } from '../../../src/testing/index.js';

/** How long it has run when it is looked at, in ms. */
const SHOWN_AFTER_MS = 3_200;
/** When one of them is paused. */
const PAUSED_AFTER_MS = 2_400;
const STEP_MS = 10;

/** By prompt: the turns of one subagent. A text is streamed word by word. */
const SCRIPT: Readonly<Record<string, readonly ScriptedTurn[]>> = {
  'Plan the release': [
    {
      ...words(
        'I will first see what has changed since the last release, then have two helpers look at the risky parts.',
      ),
      toolCalls: [
        { name: 'search', args: { pattern: 'TODO(release)' } },
        { name: 'read_file', args: { path: 'CHANGELOG.md' } },
      ],
    },
    { ...words('The changelog is complete. I wait for the helpers before I decide.', 900), hang: true },
  ],
  'Review the session store': [
    {
      ...words('Reading the store, beginning with how a journal is opened.'),
      toolCalls: [{ name: 'read_file', args: { path: 'src/store/session-store.ts' } }],
    },
    {
      ...words('One thing stands out: the lease is checked before each write but not after a long pause.'),
      toolCalls: [{ name: 'search', args: { pattern: 'assertHeld' } }],
    },
    words('The lease is checked in all four places that write. I found no defect.'),
  ],
  'Run the tests': [
    { ...words('Running the whole suite.'), toolCalls: [{ name: 'run_tests', args: { filter: 'all' } }] },
  ],
  'Deploy to staging': [
    {
      ...words('Everything is green. I would deploy to staging now.'),
      toolCalls: [
        { name: 'deploy', args: { target: 'staging', version: '2.4.0', notes: 'Session store, faster restore' } },
      ],
    },
  ],
  'Translate the guide': [
    { ...words('I read the guide first.'), toolCalls: [{ name: 'read_file', args: { path: 'docs/guide.md' } }] },
    { ...words('Translating chapter one.', 300), hang: true },
  ],
  'Summarise the issues': [
    { ...words('Looking at the open issues'), toolCalls: [{ name: 'unknown_tool', args: {} }] },
    { text: '', finish: 'content_filter' },
  ],
};

export interface ShownRunOptions {
  /** More subagents that wait in the queue. */
  readonly extra?: number;
  readonly store?: SessionStore;
}

/** It stands still as it is to be seen. */
export async function showRun({ extra = 0, store }: ShownRunOptions = {}): Promise<Orchestrator> {
  const clock = new VirtualClock(Date.now() - SHOWN_AFTER_MS); // the page tells the time by the clock on the wall
  const tools = toolsOf(clock);
  const turns = new Map<string, number>();
  const model = scripted((request) => {
    const prompt = request.messages.find(({ role }) => role === 'user')?.content ?? '';
    const turn = turns.get(prompt) ?? 0;
    turns.set(prompt, turn + 1);
    return SCRIPT[prompt]?.[turn] ?? { ...words('Working on it, one file after the other.', 400), hang: true };
  });
  const agent = await Agent.create(undefined, { defaultModel: model, tools, clock });
  const orchestrator = Orchestrator.create(agent, {
    maxConcurrentSubagents: extra > 100 ? 40 : 6,
    onLimit: 'queue',
    approvals: 'wait',
    ...(store ? { store } : {}),
  });
  onTestFinished(() => orchestrator.close({ mode: 'cancel' }));
  const spawn = (prompt: string, agentType = 'general', parentId?: string) =>
    orchestrator.spawnSubagent({
      agentType,
      prompt,
      description: prompt,
      tools,
      permissive: prompt !== 'Deploy to staging',
      ...(parentId ? { parentId } : {}),
    });
  const lead = spawn('Plan the release');
  spawn('Review the session store', 'review', lead.id);
  spawn('Run the tests', 'general', lead.id);
  spawn('Deploy to staging');
  const translate = spawn('Translate the guide');
  spawn('Summarise the issues');
  spawn('Tidy the examples');
  spawn('Write the release notes');
  for (let index = 0; index < extra; index++) spawn(`Check module ${index + 1}`);
  for (let ms = 0; ms < SHOWN_AFTER_MS; ms += STEP_MS) {
    if (ms === PAUSED_AFTER_MS) void translate.pause(); // it comes to rest only when its model does, which is never
    await clock.advance(STEP_MS);
  }
  return orchestrator;
}

function toolsOf(clock: VirtualClock): Tool[] {
  const tool = (name: string, key: string, readOnly: boolean, ms: number, answer: (value: string) => string) =>
    defineTool({
      name,
      description: `Pretends to ${name.replace('_', ' ')}.`,
      input: z.looseObject({ [key]: z.string() }),
      readOnly,
      run: async (input, { signal }) => {
        await delay(clock, ms, signal);
        return answer(String(input[key]));
      },
    });
  return [
    tool(
      'read_file',
      'path',
      true,
      400,
      (path) => `1  export function load(${path.length}) {\n2    return fetchAll();\n3  }`,
    ),
    tool('search', 'pattern', true, 900, (pattern) => `src/session.ts:41: ${pattern}\nsrc/store.ts:12: ${pattern}`),
    tool('run_tests', 'filter', false, 60_000, () => '42 tests passed'),
    tool('deploy', 'target', false, 10, (target) => `deployed to ${target}`),
  ];
}

function words(text: string, delayMs = 120): ScriptedTurn {
  return {
    text: text.split(/(?<= )/),
    delayMs,
    betweenMs: 12,
    usage: { inputTokens: 1_840, outputTokens: text.length },
  };
}
