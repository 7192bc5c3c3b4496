/** The program `troupe` as a process of its own. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const TIME_LIMIT_MS = 50_000;

/** Of Node, before the arguments of the program; from any folder. */
export const PROGRAM = [
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url)),
];

export interface Ended {
  /** `null` when it had to be killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with stderr so far when that has had this text. */
  until(text: string): Promise<string>;
  /** The same of stdout. */
  untilPrinted(text: string): Promise<string>;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Of Node, before the arguments; by default the sources. */
  readonly program?: readonly string[];
}

/** In an environment with nothing in it, so that no key or setting of this machine changes what it does. */
export function start(
  args: readonly string[],
  { env = {}, cwd = root, program = PROGRAM }: ProgramOptions = {},
): Running {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const check of waiting) check();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const check of waiting) check();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const untilIn = (textSoFar: () => string, text: string) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        if (!textSoFar().includes(text)) return;
        waiting.delete(check);
        resolve(textSoFar());
      };
      waiting.add(check);
      check();
      void ended.then(() =>
        textSoFar().includes(text) ? resolve(textSoFar()) : reject(new Error(`ended without ${text}: ${stderr}`)),
      );
    });
  return {
    ended,
    signal: (name) => void child.kill(name),
    until: (text) => untilIn(() => stderr, text),
    untilPrinted: (text) => untilIn(() => stdout, text),
  };
}

export function troupe(args: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return start(args, options).ended;
}
