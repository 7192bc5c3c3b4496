/** What both processes of the crash demo know: the work, and where it leaves its traces. */

import { join } from 'node:path';

const STEP_COUNT = 40;

export const STEPS: readonly string[] = Array.from({ length: STEP_COUNT }, (_, index) => `step-${index + 1}`);
/** Steps that run at once. */
export const AT_ONCE = 8;
/** Each step asks twice: for its call, and for its answer. */
export const REQUESTS_PER_STEP = 2;
export const WORKFLOW = 'demo';
export const TOOL = 'note';

/** Where the tool writes a line for each step. */
export function linesFile(folder: string): string {
  return join(folder, 'lines.txt');
}
