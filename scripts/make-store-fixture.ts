/**
 * Makes a small stored session for `test/store/fixture.test.ts`: `npx tsx scripts/make-store-fixture.ts <folder>`. Two runs give the
 * same bytes. The folder of a format that was published is never made anew: a changed format gets a folder of its own beside it.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom } from 'rxjs';
import { Agent, type AgentEvent, defineTool, FileSessionStore, type Session } from 'troupe';
import { type ScriptedFunction, scripted, VirtualClock } from 'troupe/testing';
import { z } from 'zod';
import { STORED_STEPS } from '../test/store/support/stored-steps.js';

/** When the story begins, in ms since the epoch. */
const STARTED_AT = Date.UTC(2026, 0, 1);
/** Between one act and the next. */
const ACT_MS = 1_000;
const BUDGET_TOKENS = 100_000;
const TIMEOUT_MS = 60_000;
const CONFIRM_TIMEOUT_MS = 300_000;

const folder = process.argv[2] ?? '';
if (folder === '' || existsSync(folder)) {
  throw new Error(
    'name a folder that does not exist, such as test/fixtures/store-v2; what is stored is never made anew',
  );
}

/** Opens when the last step is to be let go. */
let openGate = () => {};
const gate = new Promise<void>((resolve) => {
  openGate = resolve;
});

const look = defineTool({
  name: 'look',
  description: 'Looks at a place.',
  input: z.object({ at: z.string() }),
  readOnly: true,
  run: async ({ at }, { filesSeen }) => {
    filesSeen.set(`/${at}/list.txt`, 'hash-of-the-list');
    if (at === 'attic') await gate;
    return `two keys in the ${at}`;
  },
});
const send = defineTool({
  name: 'send',
  description: 'Sends a letter.',
  input: z.object({ to: z.string() }),
  run: ({ to }) => `sent to ${to}`,
});

/** Each conversation by its prompt, turn by turn. */
const answers: ScriptedFunction = ({ messages }) => {
  const prompt = messages[0]?.content ?? '';
  const turn = messages.filter(({ role }) => role === 'assistant').length;
  if (prompt === 'Count the keys.') return { text: '{"count":2}', usage: { inputTokens: 20, outputTokens: 4 } };
  if (prompt === 'Send a letter.') return { text: 'To whom?', toolCalls: [{ name: 'send', args: { to: 'Ada' } }] };
  if (turn > 0) return { text: 'There are two keys.', usage: { inputTokens: 30, outputTokens: 6 } };
  const at = prompt.split(' ').at(-1)?.replace('.', '') ?? '';
  const tasks = [
    { content: 'look', status: 'completed' },
    { content: 'tell', status: 'in_progress' },
  ];
  const todo = { name: 'todo', args: { tasks } };
  return { text: 'Let me see.', toolCalls: [{ name: 'look', args: { at } }, ...(at === 'box' ? [todo] : [])] };
};

const clock = new VirtualClock(STARTED_AT);
const agent = await Agent.create(undefined, { defaultModel: scripted(answers), tools: [look, send], clock });
const open = () =>
  agent.session('.', {
    sessionStore: new FileSessionStore(folder),
    maxParallelTasks: 1,
    approvals: 'wait',
    confirmTimeoutMs: CONFIRM_TIMEOUT_MS,
    budget: { maxTokens: BUDGET_TOKENS },
  });
const next = ({ events$ }: Session, id: string, type: AgentEvent['type']) =>
  firstValueFrom(events$.pipe(filter((event) => event.type === type && event.subagentId === id)));

async function firstLife(): Promise<void> {
  const session = open();
  const { orchestrator } = session;
  const completed = { agentType: 'general', prompt: 'Look in the box.', description: 'box', metadata: { room: 1 } };
  await orchestrator.spawnSubagent(completed).wait();
  await clock.advance(ACT_MS);

  const paused = orchestrator.spawnSubagent({
    agentType: 'general',
    prompt: 'Look in the drawer.',
    timeoutMs: TIMEOUT_MS,
  });
  await next(session, paused.id, 'tool_start');
  const rest = paused.pause();
  paused.steer('And under it.');
  await rest;
  await clock.advance(ACT_MS);

  const asking = orchestrator.spawnSubagent({ agentType: 'general', prompt: 'Send a letter.' });
  await next(session, asking.id, 'permission_request');
  await clock.advance(ACT_MS);

  const workflow = session.parallelResumable(STORED_STEPS, 'keys');
  await firstValueFrom(
    session.events$.pipe(filter(({ type, subagentId }) => type === 'tool_start' && subagentId === 'subagent-5')),
  );
  await clock.advance(ACT_MS);
  const closed = session.close();
  openGate();
  await Promise.all([workflow, closed]);
}

/** Nothing moves on in it, but every journal of the session gets a second part. */
async function secondLife(): Promise<void> {
  const session = open();
  await session.orchestrator.restore();
  await clock.advance(ACT_MS);
  await session.close();
}

/** What names a machine or a moment of it is replaced; none of it is read again once a lease is released. */
function neutralise(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const file = join(path, entry.name);
    if (entry.isDirectory()) neutralise(file);
    else if (entry.name.startsWith('lease.')) throw new Error(`${file}: a lease is still held`);
    else if (entry.name.startsWith('released.')) writeFileSync(file, RELEASED);
  }
}
const RELEASED = JSON.stringify({
  host: 'nowhere',
  boot: '',
  pidNamespace: '',
  pid: 1,
  born: '',
  since: STARTED_AT,
  nonce: 'fixture',
});

await firstLife();
await clock.advance(ACT_MS);
await secondLife();
neutralise(folder);
const storeFile = join(folder, 'store.json');
const store = z
  .looseObject({ storeId: z.string(), createdAt: z.number() })
  .parse(JSON.parse(readFileSync(storeFile, 'utf8')));
writeFileSync(storeFile, JSON.stringify({ ...store, storeId: 'fixture', createdAt: STARTED_AT }));
