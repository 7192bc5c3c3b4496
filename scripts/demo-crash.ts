/** Kills a workflow with SIGKILL in its middle, starts it again, and counts that nothing was done twice: `npm run demo:crash`. */

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileSessionStore } from 'troupe';
import { z } from 'zod';
import { AT_ONCE, linesFile, REQUESTS_PER_STEP, STEPS, storeFolder, TOOL, WORKFLOW } from './demo/crash-plan.js';
import { startModelServer } from './demo/model-server.js';

/** The process kills itself inside of that call of the tool. */
const DIE_AFTER = 20;

const Told = z.object({ succeeded: z.int(), replayed: z.int(), takenUp: z.int() });

interface Ended {
  readonly how: number | NodeJS.Signals | null;
  readonly stdout: string;
}

function runLife(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const program = fileURLToPath(new URL('./demo/crash-run.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ how: signal ?? code, stdout }));
  });
}

const StoredRecord = z.looseObject({
  message: z.object({ role: z.string(), content: z.string() }).optional(),
  event: z.looseObject({ type: z.string() }).optional(),
});
/** The chart was told of an answer: from then on it is never asked for again. */
const ANSWERED = 'xstate.done.actor.llm';

/** Answers that are on record, named like the requests that the server counts. */
async function recordedAnswers(folder: string): Promise<Set<string>> {
  const store = new FileSessionStore(storeFolder(folder));
  const above = ['sessions', 'default', 'workflows', WORKFLOW, 'subagents'];
  const found = new Set<string>();
  for (const id of store.list(above)) {
    const journal = await store.readJournal([...above, id]);
    const records = z.array(StoredRecord).parse(journal?.records ?? []);
    const prompt = records.find(({ message }) => message?.role === 'user')?.message?.content;
    const answerCount = records.filter(({ event }) => event?.type === ANSWERED).length;
    for (let turn = 0; turn < answerCount; turn++) found.add(`${prompt}/${turn}`);
  }
  return found;
}

const linesOf = async (folder: string) => (await readFile(linesFile(folder), 'utf8')).trim().split('\n');
const row = (what: string, value: number | string) => console.log(`  ${what.padEnd(44)}${value}`);

const folder = await mkdtemp(join(tmpdir(), 'troupe-demo-'));
const server = await startModelServer(TOOL);
try {
  const needed = STEPS.length * REQUESTS_PER_STEP;
  console.log(
    `${STEPS.length} steps, ${AT_ONCE} at a time. Each asks the model twice and writes one line to a file.\n`,
  );

  const first = await runLife(folder, server.baseURL, String(DIE_AFTER));
  const asked = server.requests.length;
  const recorded = await recordedAnswers(folder);
  console.log(`First process: ended by ${first.how}, in the middle of a tool call`);
  row('lines written', (await linesOf(folder)).length);
  row('requests that reached the model', asked);
  row('answers on record', recorded.size);

  const second = await runLife(folder, server.baseURL);
  const told = Told.safeParse(JSON.parse(second.stdout || 'null')).data ?? { succeeded: 0, replayed: 0, takenUp: 0 };
  const askedAgain = server.requests.slice(asked);
  const repeated = askedAgain.filter((request) => recorded.has(request)).length;
  const lines = await linesOf(folder);
  const twice = lines.length - new Set(lines).size;
  console.log(`\nSecond process: ended by itself with ${second.how}`);
  row('steps that succeeded', `${told.succeeded} of ${STEPS.length}`);
  row('steps that came from the journal', told.replayed);
  row('steps that went on where they were', told.takenUp);
  row('steps that began', STEPS.length - told.replayed - told.takenUp);
  row('lines written, both processes', lines.length);
  row('lines written twice', twice);
  row('requests that reached the model, both', `${server.requests.length}, ${needed} are needed`);
  row('recorded answers that were asked for again', repeated);
  row('requests in flight at the kill, asked again', server.requests.length - needed);

  const isKilled = first.how === 'SIGKILL';
  const isDone = second.how === 0 && told.succeeded === STEPS.length && lines.length === STEPS.length;
  const isOnce = twice === 0 && repeated === 0;
  const isGood = isKilled && isDone && isOnce && told.replayed > 0 && told.takenUp > 0;
  console.log(isGood ? '\nGood: nothing that was on record was done again.' : '\nFAILED: see the counts above.');
  process.exitCode = isGood ? 0 : 1;
} finally {
  server.close();
  await rm(folder, { recursive: true, force: true });
}
