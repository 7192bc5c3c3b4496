import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram } from '../support/child-process.js';

const COUNT = 10_000;
const CLEANUP_MS = 60_000;

it('ten thousand subagents in a store on disk leave memory and open files as they were', async () => {
  // In memory where there is such a disk: what is looked at here is the process, not how fast a disk is.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'troupe-soak-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }), CLEANUP_MS);
  const ended = await runProgram(
    `
    import { readdirSync } from 'node:fs';
    import { FileSessionStore } from './src/index.ts';
    const model = { name: 'forgetful', async *stream() {
      yield { type: 'text_delta', text: 'x'.repeat(500) };
      yield { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } };
      yield { type: 'finish', reason: 'stop' };
    } };
    const agent = await Agent.create(undefined, { defaultModel: model });
    const store = new FileSessionStore(${JSON.stringify(folder)});
    const orchestrator = Orchestrator.create(agent, { store, keepEnded: 20, eventBufferSize: 50 });
    const run = async (count) => {
      for (let index = 0; index < count; index += 50) {
        for (let beside = 0; beside < 50; beside++) orchestrator.spawnSubagent({ ...spec, timeoutMs: 60_000 });
        await orchestrator.waitAll();
      }
      const heaps = []; // on a busy machine it takes a while until all is let go
      for (let count = 0; count < 15; count++) { globalThis.gc(); heaps.push(process.memoryUsage().heapUsed); await after(40); }
      return { heap: Math.min(...heaps), files: readdirSync('/proc/self/fd').length };
    };
    await run(1000);
    const samples = [await run(1000)];
    for (let rest = ${COUNT} - 2000; rest > 0; rest -= 4000) samples.push(await run(Math.min(4000, rest)));
    await orchestrator.close();
    console.log(JSON.stringify(samples));
    `,
    { flags: ['--expose-gc'], timeoutMs: 110_000 },
  );
  expect(ended.stderr).toBe('');
  const samples = JSON.parse(ended.stdout) as { heap: number; files: number }[];
  const [first] = samples;
  const last = samples.at(-1);
  expect((last?.heap ?? 0) - (first?.heap ?? 0)).toBeLessThan(1_600_000); // 200 bytes for each would be a leak
  expect((last?.files ?? 0) - (first?.files ?? 0)).toBeLessThanOrEqual(2);
}, 120_000);
