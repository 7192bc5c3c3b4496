/** How a workload is measured: CPU of this process, after a warm-up; heap after a collection. */

import { createInterface } from 'node:readline';

export interface Measured {
  readonly cpuMs: number;
  readonly wallMs: number;
}

export async function measure(work: () => Promise<void>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - start };
}

/** Bytes of heap that are reachable now. */
export async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

/** Measures one block of work for each line that comes in, so that two processes can take turns. Ends with the input. */
export async function measureOnDemand(block: () => Promise<number>): Promise<void> {
  report({ ready: 1 });
  for await (const _ of createInterface({ input: process.stdin })) report({ value: await block() });
}

export function report(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
