/** A run to look at: subagents in every state, played by a script. It neither reads nor writes a file. */

import { Agent, defineTool, Orchestrator, type SessionStore } from 'troupe';
import { type ScriptedTurn, scripted } from 'troupe/testing';
import { z } from 'zod';

export interface Demo {
  readonly orchestrator: Orchestrator;
  /** Resolves when everything stands as it is to be seen. */
  readonly ready: Promise<void>;
}

const TOOLS = [
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

/** @param extra More subagents that wait in the queue. */
export async function startDemo(
  options: { readonly extra?: number; readonly store?: SessionStore } = {},
): Promise<Demo> {
  const turns = new Map<string, number>();
  const model = scripted((request) => {
    const prompt = request.messages.find(({ role }) => role === 'user')?.content ?? '';
    const turn = turns.get(prompt) ?? 0;
    turns.set(prompt, turn + 1);
    return SCRIPT[prompt]?.[turn] ?? { ...words('Working on it, one file after the other.', 400), hang: true };
  });
  const agent = await Agent.create(undefined, { defaultModel: model, tools: TOOLS });
  const orchestrator = Orchestrator.create(agent, {
    maxConcurrentSubagents: options.extra && options.extra > 100 ? 40 : 6,
    onLimit: 'queue',
    approvals: 'wait',
    ...(options.store ? { store: options.store } : {}),
  });
  const spawn = (prompt: string, agentType = 'general', parentId?: string) =>
    orchestrator.spawnSubagent({
      agentType,
      prompt,
      description: prompt,
      tools: TOOLS,
      permissive: prompt !== 'Deploy to staging',
      ...(parentId ? { parentId } : {}),
    });
  const lead = spawn('Plan the release');
  const review = spawn('Review the session store', 'review', lead.id);
  spawn('Run the tests', 'general', lead.id);
  spawn('Deploy to staging');
  const translate = spawn('Translate the guide');
  const issues = spawn('Summarise the issues');
  spawn('Tidy the examples');
  spawn('Write the release notes');
  for (let index = 0; index < (options.extra ?? 0); index++) spawn(`Check module ${index + 1}`);
  const ready = (async () => {
    await Promise.all([review.outcome(), issues.outcome()]);
    void translate.pause(); // it comes to rest only when its model does, which is never
  })();
  return { orchestrator, ready };
}

function words(text: string, delayMs = 120): ScriptedTurn {
  return {
    text: text.split(/(?<= )/),
    delayMs,
    betweenMs: 12,
    usage: { inputTokens: 1_840, outputTokens: text.length },
  };
}

function tool(name: string, key: string, readOnly: boolean, ms: number, answer: (value: string) => string) {
  return defineTool({
    name,
    description: `Pretends to ${name.replace('_', ' ')}.`,
    input: z.looseObject({ [key]: z.string() }),
    readOnly,
    run: (input, { signal }) =>
      new Promise<string>((resolve) => {
        const timer = setTimeout(() => resolve(answer(String(input[key]))), ms);
        signal.addEventListener('abort', () => clearTimeout(timer));
      }),
  });
}
