/** An agent for tests of its logics: scripted model, virtual clock, a tool that takes its time and one that has an effect. */

import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { Agent } from '../../src/agent/index.js';
import type { AgentOptions } from '../../src/config/index.js';
import { delay } from '../../src/domain/clock.js';
import { type ScriptedAnswer, type ScriptedFunction, scripted, VirtualClock } from '../../src/testing/index.js';

export async function logicWorld(turns: readonly ScriptedAnswer[] | ScriptedFunction, options: AgentOptions = {}) {
  const clock = new VirtualClock();
  const model = scripted(turns);
  const effects: string[] = [];
  const signals: AbortSignal[] = [];
  const slow = defineTool({
    name: 'slow',
    description: 'Takes its time.',
    input: z.object({ ms: z.number() }),
    readOnly: true,
    run: async ({ ms }, { signal }) => {
      signals.push(signal);
      await delay(clock, ms, signal);
      return 'slow done';
    },
  });
  const note = defineTool({
    name: 'note',
    description: 'Has an effect.',
    input: z.object({ label: z.string() }),
    run: ({ label }) => {
      effects.push(label);
      return `noted ${label}`;
    },
  });
  const agent = await Agent.create(undefined, { defaultModel: model, clock, tools: [slow, note], ...options });
  return {
    agent,
    clock,
    model,
    /** Labels of `note` calls, in the order they ran. */
    effects,
    /** What each `slow` call was given. */
    signals,
    /** Lets everything happen that needs no time. */
    settle: () => clock.advance(0),
  };
}
