/** The steps of the workflow `keys` in the stored session of format 1: a fact of that fixture, as old as it is. */

import type { AgentStepSpec } from '../../../src/index.js';

export const STORED_STEPS: readonly AgentStepSpec[] = [
  {
    taskId: 'count',
    agent: 'general',
    description: 'counts',
    prompt: 'Count the keys.',
    outputSchema: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
  },
  { taskId: 'search', agent: 'general', description: 'searches', prompt: 'Look in the attic.' },
];
