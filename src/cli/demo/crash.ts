/** `troupe demo --crash`: kills a workflow with SIGKILL in its middle, starts it again, and counts that nothing was done twice. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { TroupeError } from '../../domain/errors.js';
import { FileSessionStore, STORE_FILE } from '../../store/index.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { listenForInterrupts } from '../interrupts.js';
import { quoted } from '../quoted.js';
import type { Terminal } from '../terminal.js';
import { AT_ONCE, linesFile, REQUESTS_PER_STEP, STEPS, TOOL, WORKFLOW } from './crash-plan.js';
import { startModelServer } from './model-server.js';

/** The process kills itself inside of that call of the tool. */
const DIE_AFTER = 20;
/** Beside this file, built or as a source. */
const LIFE = fileURLToPath(new URL(`./crash-life${extname(import.meta.url)}`, import.meta.url));

const Told = z.object({ succeeded: z.int(), replayed: z.int(), takenUp: z.int() });

/**
 * @param store A folder without a store, where the work is kept also when the demo is over; undefined: nowhere.
 * @throws TroupeError `config_invalid` when there is a store in it.
 */
export async function demoCrash(store: string | undefined, terminal: Terminal): Promise<ExitCode> {
  if (store !== undefined && existsSync(join(store, STORE_FILE))) {
    throw new TroupeError('config_invalid', `there is a store in ${store} already; name a folder that has none`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'troupe-demo-'));
  const stop = new AbortController();
  const interrupts = listenForInterrupts({ close: async () => stop.abort() }, false, terminal);
  try {
    const isGood = await runLives(folder, store ?? join(folder, 'store'), stop.signal, terminal);
    if (store !== undefined) terminal.out(`Look at it, step by step: npx troupe monitor ${quoted(store)}`);
    return isGood ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (interrupts.isInterrupted) return EXIT.interrupted;
    throw error;
  } finally {
    interrupts.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function runLives(folder: string, store: string, signal: AbortSignal, { out }: Terminal): Promise<boolean> {
  const row = (what: string, value: number | string) => out(`  ${what.padEnd(44)}${value}`);
  const linesOf = async () => (await readFile(linesFile(folder), 'utf8')).trim().split('\n');
  const server = await startModelServer(TOOL);
  try {
    const needed = STEPS.length * REQUESTS_PER_STEP;
    out(`${STEPS.length} steps, ${AT_ONCE} at a time. Each asks the model twice and writes one line to a file.\n`);

    const first = await runLife([folder, store, server.baseURL, String(DIE_AFTER)], signal);
    const asked = server.requests.length;
    const recorded = await recordedAnswers(store);
    out(`First process: ended by ${first.how}, in the middle of a tool call`);
    row('lines written', (await linesOf()).length);
    row('requests that reached the model', asked);
    row('answers on record', recorded.size);

    const second = await runLife([folder, store, server.baseURL], signal);
    const told = Told.safeParse(JSON.parse(second.stdout || 'null')).data ?? { succeeded: 0, replayed: 0, takenUp: 0 };
    const askedAgain = server.requests.slice(asked);
    const repeated = askedAgain.filter((request) => recorded.has(request)).length;
    const lines = await linesOf();
    const twice = lines.length - new Set(lines).size;
    out(`\nSecond process: ended by itself with ${second.how}`);
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
    const isOnce = twice === 0 && recorded.size > 0 && repeated === 0;
    const isGood = isKilled && isDone && isOnce && told.replayed > 0 && told.takenUp > 0;
    out(isGood ? '\nGood: nothing that was on record was done again.' : '\nFAILED: see the counts above.');
    return isGood;
  } finally {
    server.close();
  }
}

interface Ended {
  readonly how: number | NodeJS.Signals | null;
  readonly stdout: string;
}

/** @param signal Kills it, and rejects. */
function runLife(args: readonly string[], signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // What this process was started with is how a source is loaded, too.
    const child = spawn(process.execPath, [...process.execArgv, LIFE, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    // Where it could not be started there is nothing to wait for; one that is killed may still write.
    child.on('error', (error) => (signal.aborted ? child.on('close', () => reject(error)) : reject(error)));
    child.on('close', (code, by) => resolve({ how: by ?? code, stdout }));
  });
}

/** What the journal of a workflow has in one line, as far as it is counted here. */
const StoredLine = z.object({
  of: z.string(),
  records: z.array(
    z.object({
      config: z.object({ prompt: z.string() }).optional(),
      event: z.object({ type: z.string() }).optional(),
    }),
  ),
});
/** The chart was told of an answer: from then on it is never asked for again. */
const ANSWERED = 'xstate.done.actor.llm';

/** Answers that are on record, named like the requests that the server counts. */
async function recordedAnswers(folder: string): Promise<Set<string>> {
  const journal = await new FileSessionStore(folder).readJournal(['sessions', 'default', 'workflows', WORKFLOW]);
  const prompts = new Map<string, string>();
  const counts = new Map<string, number>();
  const found = new Set<string>();
  for (const line of journal?.records ?? []) {
    const { of, records } = StoredLine.safeParse(line).data ?? { of: '', records: [] }; // others are of the workflow itself
    for (const { config, event } of records) {
      if (config) prompts.set(of, config.prompt);
      if (event?.type !== ANSWERED) continue;
      const turn = counts.get(of) ?? 0;
      counts.set(of, turn + 1);
      found.add(`${prompts.get(of)}/${turn}`);
    }
  }
  return found;
}
