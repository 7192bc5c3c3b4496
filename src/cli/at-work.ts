/** What `run` and `resume` have in common: a session whose subagents are followed to their end. */

import { resolve } from 'node:path';
import { Agent } from '../agent/index.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import type { Monitor } from '../monitor/index.js';
import type { SubAgentHandle } from '../orchestrator/index.js';
import type { Session } from '../session/index.js';
import { FileSessionStore } from '../store/index.js';
import { approvalsFor } from './approvals.js';
import { textOf, type Values } from './command.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { listenForInterrupts } from './interrupts.js';
import { printAsJson, printAsLines } from './print-events.js';
import { quoted } from './quoted.js';
import type { Terminal } from './terminal.js';

export const WORK_OPTIONS = {
  config: { type: 'string' },
  workspace: { type: 'string' },
  json: { type: 'boolean' },
  monitor: { type: 'boolean' },
} as const;

export const WORK_HELP = `  --config <file>        models, agents and rules: .acl, .hcl, .yaml or .json. Without it, the offline model works,
                         which is no language model
  --workspace <folder>   the folder that file tools are confined to; by default this one
  --json                 each event as a line of JSON, in place of the answer
  --monitor              serves the live page while it runs, and says its link on stderr`;

export interface Work {
  /** Where all is kept; undefined: nowhere. */
  readonly store: string | undefined;
  readonly values: Values;
  readonly terminal: Terminal;
  /** Gives those whose answers are wanted. */
  begin(session: Session, workspace: string): Promise<readonly SubAgentHandle[]>;
}

/** @throws TroupeError, before anything runs. */
export async function work({ store, values, terminal, begin }: Work): Promise<ExitCode> {
  const config = textOf(values, 'config');
  const workspace = resolve(textOf(values, 'workspace') ?? '.');
  const agent = await Agent.create(config, { onError: ({ message }) => terminal.say(`troupe: ${message}`) });
  const approvals = approvalsFor(terminal, values.monitor === true);
  const session = agent.session(workspace, {
    ...approvals.options,
    ...(store === undefined ? {} : { sessionStore: new FileSessionStore(store) }),
  });
  approvals.follow(session);
  session.events$.subscribe(values.json === true ? printAsJson(terminal) : printAsLines(terminal));
  const interrupts = listenForInterrupts(session, store !== undefined, terminal);
  let page: Monitor | undefined;
  try {
    if (values.monitor === true) {
      const { startMonitor } = await import('../monitor/index.js');
      page = await startMonitor(session);
      terminal.say(`live page: ${page.url}`);
    }
    const handles = await begin(session, workspace);
    await session.orchestrator.waitAll();
    const outcomes = await Promise.all(handles.map((handle) => handle.outcome()));
    await session.close(); // also when it is being closed: until all is saved
    if (values.json !== true) tell(outcomes, terminal);
    if (!interrupts.isInterrupted) return outcomes.every(({ success }) => success) ? EXIT.ok : EXIT.failed;
    if (interrupts.isSaved && outcomes.some(isSuspended)) {
      const again = ['troupe', 'resume', store ?? '', ...(config === undefined ? [] : ['--config', config])];
      terminal.say(`saved; go on with: ${again.map(quoted).join(' ')}`);
    }
    return EXIT.interrupted;
  } finally {
    approvals.close();
    await session.close(); // where something was thrown
    await page?.close();
    interrupts.stop();
  }
}

function tell(outcomes: readonly SubAgentOutcome[], { answer, say }: Terminal): void {
  for (const { id, success, output, truncated } of outcomes) {
    if (!success) continue; // why not was told as it ended
    if (outcomes.length > 1) say(`${id}:`);
    answer(output);
    if (truncated) say(`${id}  its answer was cut at the length limit of the model`);
  }
}

function isSuspended({ error }: SubAgentOutcome): boolean {
  return error?.code === 'closed';
}
