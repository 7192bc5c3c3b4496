/** The `task` tool: how a model spawns children and gets their answers. */

import { z } from 'zod';
import { defineTool } from '../activities/tools/index.js';
import { messageOf } from '../domain/errors.js';
import type { SubAgentOutcome } from '../domain/outcome.js';
import type { Tool } from '../domain/tool.js';
import type { CallOrigin } from './call-origin.js';

export interface TaskToolHost {
  /** Spawns a child, or finds the one that this task had before a restore. @throws TroupeError when it cannot. */
  spawn(
    config: { agentType: string; prompt: string; description: string },
    origin: CallOrigin,
  ): { outcome(): Promise<SubAgentOutcome> };
}

/** Several tasks in one call run side by side; one that cannot be spawned is told to the model beside the answers of the rest. */
export function taskTool(host: TaskToolHost): Tool {
  return defineTool({
    name: 'task',
    description:
      'Hands tasks to subagents and gives back their answers, in order. Each task stands alone: put everything the subagent ' +
      'needs to know into its prompt. Tasks of one call run side by side.',
    input: z.object({
      tasks: z
        .array(
          z.object({
            agent: z.string().min(1).describe('Name of an agent definition, such as explore or general'),
            description: z.string().default('').describe('What it is about, in a few words'),
            prompt: z.string().min(1).describe('The whole task'),
          }),
        )
        .min(1)
        .max(16),
    }),
    // Its children decide for themselves what they may change, so that several calls may run side by side.
    readOnly: true,
    run: async ({ tasks }, { awaitChildren, toolId }) => {
      const spawned = tasks.map(({ agent, description, prompt }, index) => {
        try {
          return host.spawn({ agentType: agent, prompt, description }, { toolId, index });
        } catch (error) {
          return { refused: messageOf(error) };
        }
      });
      if (spawned.every((child) => 'refused' in child)) {
        throw new Error(spawned.map((child) => ('refused' in child ? child.refused : '')).join('; '));
      }
      return awaitChildren(() =>
        Promise.all(
          spawned.map(async (child) => {
            if ('refused' in child) return { success: false, error: child.refused };
            const { id, success, output, error } = await child.outcome();
            return { id, success, output, ...(error ? { error: error.message } : {}) };
          }),
        ),
      );
    },
  });
}
