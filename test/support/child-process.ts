/** Runs a program of its own process against the sources, and says how it ended. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Ended {
  /** `null` when it had to be killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What every program begins with: an orchestrator around a scripted model, on the real clock. */
const prelude = `
import { Agent, defineTool, MemoryEventBus, Orchestrator } from './src/index.ts';
import { scripted } from './src/testing/index.ts';
import { z } from 'zod';
const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const agentOf = (turns, options = {}) => Agent.create(undefined, { defaultModel: scripted(turns, { repeatLast: true }), ...options });
const spec = { agentType: 'general', prompt: 'do it' };
process.on('unhandledRejection', (cause) => { console.log('unhandled: ' + cause); });
`;

export interface RunOptions {
  /** Of Node. */
  readonly flags?: readonly string[];
  /** Without what every program begins with: it starts in half the time. */
  readonly isBare?: boolean;
  /** Killed after that; 30,000 by default. */
  readonly timeoutMs?: number;
  /** Killed that long after its first output. */
  readonly killAfterOutputMs?: number;
}

/** @param program JavaScript, as a module. */
export function runProgram(program: string, options: RunOptions = {}): Promise<Ended> {
  const { flags = [], isBare = false, timeoutMs = 30_000, killAfterOutputMs } = options;
  const source = isBare ? program : `${prelude}\n${program}`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', ...flags, '--input-type=module', '--eval', source], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (killAfterOutputMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterOutputMs);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
