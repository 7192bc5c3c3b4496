/** How long a restore takes after a crash. `restore.ts <count>`; as `restore.ts <count> <dir>` it is the process that crashes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, skip } from 'rxjs';
import { Agent, type AgentEvent, defineTool, FileSessionStore, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';
import { z } from 'zod';
import { measure, report } from '../measure.js';

const count = Number(process.argv[2] ?? 1000);
const crashIn = process.argv[3];

const look = defineTool({
  name: 'look',
  description: 'Finds something.',
  input: z.object({}),
  readOnly: true,
  run: () => 'something',
});
// Each has called a tool, has its result, and waits for a model that says nothing more.
const model = scripted(({ messages: [, , result] }) =>
  result ? { hang: true } : { toolCalls: [{ name: 'look', args: {} }] },
);
const agent = await Agent.create(undefined, { defaultModel: model, tools: [look] });
const open = (dir: string) =>
  Orchestrator.create(agent, { store: new FileSessionStore(dir), maxConcurrentSubagents: count });

async function crash(dir: string): Promise<void> {
  const orchestrator = open(dir);
  const isInTurn2 = (event: AgentEvent) => event.type === 'turn_start' && event.turn === 2;
  const areAllInTurn2 = firstValueFrom(orchestrator.events$.pipe(filter(isInTurn2), skip(count - 1)));
  for (let i = 0; i < count; i++) orchestrator.spawnSubagent({ agentType: 'general', prompt: `Look at ${i}.` });
  await areAllInTurn2;
  process.kill(process.pid, 'SIGKILL');
}

async function restore(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
  try {
    const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), String(count), dir], {
      stdio: 'inherit',
    });
    const [, signal] = await once(child, 'exit');
    if (signal !== 'SIGKILL') throw new Error('the first process did not crash as it should');
    // Cold, as a process is that starts after a crash.
    const orchestrator = open(dir);
    let restored = 0;
    const { cpuMs, wallMs } = await measure(async () => {
      restored = (await orchestrator.restore()).length;
    });
    if (restored !== count || orchestrator.activeCount() !== count) throw new Error(`only ${restored} came back`);
    report({ wallMs, cpuMs, msEach: wallMs / count });
    await orchestrator.close({ mode: 'cancel' });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

await (crashIn === undefined ? restore() : crash(crashIn));
