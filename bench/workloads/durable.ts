/** A fan-out of steps, kept by a store or not: what that costs, and what is on disk then. `durable.ts stored|unstored <base url>` */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type AgentStepSpec, FileSessionStore, openai, type StepOutcome } from 'troupe';
import { measure, report } from '../measure.js';

const [, , kind = 'stored', baseURL = ''] = process.argv;
const STEP_COUNT = 500;
const WARM_UP_COUNT = 100;
const AT_ONCE = 50;
const ANSWER_BYTES = 4096;

const model = openai({ model: `text:${ANSWER_BYTES}`, apiKey: 'bench', baseURL });
const agent = await Agent.create(undefined, { defaultModel: model });

async function fanOut(count: number, dir: string) {
  const specs = Array.from({ length: count }, (_, index): AgentStepSpec => {
    return { taskId: `step-${index}`, agent: 'general', description: '', prompt: `Write number ${index}.` };
  });
  const isStored = kind === 'stored';
  const session = agent.session('.', {
    maxParallelTasks: AT_ONCE,
    ...(isStored ? { sessionStore: new FileSessionStore(dir) } : {}),
  });
  let outcomes: readonly StepOutcome[] = [];
  const measured = await measure(async () => {
    outcomes = isStored ? await session.parallelResumable(specs, 'bench') : await session.parallel(specs);
  });
  await session.close();
  const wrong = outcomes.filter(({ output }) => output.length !== ANSWER_BYTES);
  if (outcomes.length !== count || wrong.length > 0) throw new Error(`${wrong.length} of ${count} answers are wrong`);
  return measured;
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesBelow(path) : statSync(path).size);
  }, 0);
}

const dir = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
try {
  await fanOut(WARM_UP_COUNT, join(dir, 'warm-up'));
  const { cpuMs, wallMs } = await fanOut(STEP_COUNT, join(dir, 'store'));
  const fileBytes = kind === 'stored' ? bytesBelow(join(dir, 'store')) : 0;
  report({ cpuMs, wallMs, bytesAStep: fileBytes / STEP_COUNT, ofPayload: fileBytes / (STEP_COUNT * ANSWER_BYTES) });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
