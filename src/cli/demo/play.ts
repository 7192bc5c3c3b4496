/** `troupe demo`: puts subagents to work on a folder, lets people watch and steer them, and says what came of it. */

import { messageOf, TroupeError } from '../../domain/errors.js';
import type { SubAgentOutcome } from '../../domain/outcome.js';
import { type Monitor, startMonitor } from '../../monitor/index.js';
import type { Orchestrator } from '../../orchestrator/index.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { type Interrupts, listenForInterrupts } from '../interrupts.js';
import { printAsLines } from '../print-events.js';
import { openScreen } from '../screen.js';
import type { Terminal, Tty } from '../terminal.js';
import { counted, LEGEND, showLive } from './live-view.js';
import { type Pace, pauseForAWhile, prepareShow, type Show } from './show.js';
import { drawTree, endOf } from './tree.js';
import { Watch } from './watch.js';

/** For people to follow, and for a log. */
const PACES: Readonly<Record<'screen' | 'lines', Pace>> = {
  screen: { paceMs: 250, pauseMs: 3_000 },
  lines: { paceMs: 30, pauseMs: 500 },
};
const SUMMARY_COLUMNS = 120;
const MAX_ANSWER_LINES = 12;

/** @throws TroupeError `config_invalid` for a folder that is none. */
export async function play(workspace: string, terminal: Terminal): Promise<ExitCode> {
  const pace = PACES[terminal.tty ? 'screen' : 'lines'];
  const show = await prepareShow(workspace, pace);
  const { orchestrator } = show;
  const watch = new Watch(orchestrator.events$);
  const startedAt = Date.now();
  const interrupts = listenForInterrupts(orchestrator, false, terminal.tty ? { ...terminal, say: () => {} } : terminal);
  let page: Monitor | undefined;
  try {
    const opened = await openPage(orchestrator);
    page = opened.page;
    const following = { show, pace, link: opened.link };
    if (terminal.tty) await followOnScreen({ ...following, watch, interrupts }, terminal.tty);
    else await followInLines(following, terminal);
    await orchestrator.close({ mode: 'cancel' });
    const outcomes = await orchestrator.waitAll();
    summarise(orchestrator, outcomes, watch, startedAt, terminal);
    if (interrupts.isInterrupted) return EXIT.interrupted;
    return outcomes.some(({ state }) => state === 'failed') ? EXIT.failed : EXIT.ok;
  } finally {
    interrupts.stop();
    watch.stop();
    await orchestrator.close({ mode: 'cancel' });
    await page?.close();
  }
}

/** The demo does without. */
async function openPage(orchestrator: Orchestrator): Promise<{ readonly page?: Monitor; readonly link: string }> {
  try {
    const page = await startMonitor(orchestrator, { name: 'troupe demo' });
    return { page, link: page.url };
  } catch (error) {
    if (error instanceof TroupeError) return { link: `none, ${messageOf(error)}` };
    throw error;
  }
}

interface Following {
  readonly show: Show;
  readonly pace: Pace;
  readonly link: string;
}

interface FollowingOnScreen extends Following {
  readonly watch: Watch;
  readonly interrupts: Interrupts;
}

/** To the end of the work. */
async function followInLines({ show, pace, link }: Following, terminal: Terminal): Promise<void> {
  terminal.say(`live page: ${link}`);
  show.orchestrator.events$.subscribe(printAsLines(terminal));
  const reader = show.begin();
  const over = new AbortController();
  const { say } = terminal;
  const paused = pauseForAWhile(reader, { ...pace, steered: new Set(), signal: over.signal, say });
  await show.orchestrator.waitAll();
  over.abort();
  await paused;
}

/** Until somebody leaves. */
async function followOnScreen({ show, pace, link, watch, interrupts }: FollowingOnScreen, tty: Tty): Promise<void> {
  const { orchestrator } = show;
  const reader = show.begin(); // before the screen is taken: it may be refused
  const screen = openScreen(tty);
  const steered = new Set<string>();
  const over = new AbortController();
  const view = showLive({ orchestrator, watch, screen, isColoured: tty.isColoured, link, steered });
  try {
    const paused = pauseForAWhile(reader, { ...pace, steered, signal: over.signal, say: view.say });
    const allEnded = orchestrator.waitAll().then(() => {
      view.say('all is done; q quits, and prints what came of it');
      return interrupts.isInterrupted ? undefined : view.left;
    });
    await Promise.race([view.left, allEnded]);
    over.abort();
    await orchestrator.close({ mode: 'cancel' });
    await paused;
  } finally {
    view.stop();
    screen.close();
  }
}

function summarise(
  orchestrator: Orchestrator,
  outcomes: readonly SubAgentOutcome[],
  { tracks }: Watch,
  startedAt: number,
  { out, answer }: Terminal,
): void {
  const infos = orchestrator.listSubagents();
  const roots = new Set(infos.filter(({ parentId }) => parentId === undefined).map(({ id }) => id));
  const now = endOf(infos, Date.now());
  for (const { id, agentType, state, output, error } of outcomes) {
    if (!roots.has(id)) continue;
    answer(`== ${id}, ${agentType}: ${state}\n${error ? error.message : shortened(output)}\n`);
  }
  const view = { infos, tracks, startedAt, now, columns: SUMMARY_COLUMNS, isColoured: false };
  for (const line of drawTree(view)) answer(line);
  const tokens = infos.reduce((sum, { usage }) => sum + usage.totalTokens, 0);
  const seconds = ((now - startedAt) / 1000).toFixed(1);
  out(`\n  ${LEGEND}\n`);
  out(`${infos.length} subagents: ${counted(infos)}; ${tokens} tokens by estimate, ${seconds} s`);
  out('Rules stood in for a model, and only read files. Next:');
  out('  npx troupe demo --crash                        kills a run in its middle, and goes on with it');
  out('  npx troupe run explore "Find the JSON files."  one subagent, from its prompt to its answer');
}

function shortened(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.length <= MAX_ANSWER_LINES ? lines : [...lines.slice(0, MAX_ANSWER_LINES - 1), '...']).join('\n');
}
