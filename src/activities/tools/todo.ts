/** The tool `todo`: the subagent's own task list, for people to follow. */

import { z } from 'zod';
import { TASK_STATUSES, type Tool } from '../../domain/tool.js';
import { defineTool } from './define-tool.js';

export function todoTool(): Tool {
  return defineTool({
    name: 'todo',
    description: [
      'Keeps your list of tasks, which the user sees. Each call replaces the whole list, so send all tasks, finished ones too.',
      'Use it for work of several steps: mark one task in_progress when you begin it, completed as soon as it is done.',
    ].join(' '),
    input: z.strictObject({
      tasks: z
        .array(z.strictObject({ content: z.string().min(1).max(1_000), status: z.enum(TASK_STATUSES) }))
        .max(200)
        .describe('All tasks, in order.'),
    }),
    idempotent: true,
    run: ({ tasks }, context) => {
      context.setTasks(tasks);
      const counts = TASK_STATUSES.map(
        (status) => `${tasks.filter((task) => task.status === status).length} ${status}`,
      );
      return `The list has ${tasks.length} tasks: ${counts.join(', ')}.`;
    },
  });
}
