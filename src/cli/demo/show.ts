/** Who works in the demo, on what, and who of them is paused and resumed on the way. */

import { filter, firstValueFrom } from 'rxjs';
import { offline } from '../../activities/llm/index.js';
import { Agent } from '../../agent/index.js';
import { delay, realClock } from '../../domain/clock.js';
import { Orchestrator, type SubAgentHandle } from '../../orchestrator/index.js';
import { delegateTool, leadModel } from './lead.js';

/** Fewer than there is work for, so that a queue is seen. */
const AT_ONCE = 2;

export interface Pace {
  /** Between two pieces of an answer, in ms. */
  readonly paceMs: number;
  /** How long one of them is paused, in ms. */
  readonly pauseMs: number;
}

export interface Show {
  readonly orchestrator: Orchestrator;
  /** @returns the one to pause. @throws TroupeError `config_invalid` for a folder that is none. */
  begin(): SubAgentHandle;
}

/** Nothing runs yet. */
export async function prepareShow(workspace: string, { paceMs }: Pace): Promise<Show> {
  const agent = await Agent.create(undefined, {
    defaultModel: offline({ paceMs }),
    models: { lead: leadModel(paceMs) },
  });
  const orchestrator = Orchestrator.create(agent, { workspace, maxConcurrentSubagents: AT_ONCE, onLimit: 'queue' });
  return {
    orchestrator,
    begin: () => {
      orchestrator.spawnSubagent({
        agentType: 'general',
        description: 'leads',
        prompt: 'Get to know this folder.',
        model: 'lead',
        tools: [delegateTool(orchestrator)],
      });
      return orchestrator.spawnSubagent({
        agentType: 'review',
        description: 'reads code',
        prompt: 'Review the source code of this project.',
      });
    },
  };
}

export interface PauseOptions extends Pace {
  /** Whom somebody else has steered: the demo leaves them alone. */
  readonly steered: ReadonlySet<string>;
  /** Ends the pause where it stands. */
  readonly signal: AbortSignal;
  say(text: string): void;
}

/** In the middle of its work. */
export async function pauseForAWhile(handle: SubAgentHandle, options: PauseOptions): Promise<void> {
  const { pauseMs, steered, signal, say } = options;
  await firstValueFrom(
    handle.replay$.pipe(filter(({ type }) => type === 'text_delta' || type === 'subagent_completed')),
  );
  if (steered.has(handle.id)) return;
  const { accepted } = await handle.pause();
  if (!accepted || !handle.isPaused()) return;
  say(`${handle.id} is paused: what was in flight is kept, nothing new starts`);
  await delay(realClock, pauseMs, signal).catch(() => {}); // it is left
  if (steered.has(handle.id) || signal.aborted) return;
  const resumed = await handle.resume();
  if (resumed.accepted) say(`${handle.id} goes on exactly where it stopped`);
}
