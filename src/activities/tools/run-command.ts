/** How a command runs as a process group of its own: heard while it runs, bounded, and gone as a whole when it ends. */

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import { MAX_TOOL_OUTPUT_BYTES } from '../../domain/limits.js';
import type { ToolContext } from '../../domain/tool.js';
import { MiddleCut } from './cut-middle.js';
import { startDeadline } from './deadline.js';
import { endsWithProcess } from './ends-with-process.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Command {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  readonly timeoutMs: number;
}

export interface Ended {
  /** Standard output and error as they came; above 100 KB without its middle. */
  readonly output: string;
  /** As a shell tells it: 128 and the signal's number for one that a signal ended. */
  readonly exitCode: number;
  readonly signal?: string;
  readonly timedOut: boolean;
}

/** Between asking the group to end and making it. */
const GRACE_MS = 2_000;
const MAX_EMITTED = 1_000_000;
/** Leaves room for a closing note below the size at which outputs are cut. */
const MAX_KEPT_BYTES = MAX_TOOL_OUTPUT_BYTES - 1_000;

/**
 * Resolves when the command has ended and its output was read; what it left running is ended then: SIGTERM to the group, SIGKILL
 * 2 s later. Rejects with the signal's reason on abort, once the group is told to end.
 */
export async function runCommand(command: Command, context: ToolContext): Promise<Ended> {
  context.signal.throwIfAborted();
  const child = start(command);
  const letGo = endsWithProcess(() => signalGroup(child, 'SIGKILL'));
  const deadline = startDeadline(context, command.timeoutMs);
  const kept = new MiddleCut(MAX_KEPT_BYTES);
  const emit = boundedEmit(context);
  const decoder = new StringDecoder('utf8'); // holds back half a character until its rest comes
  const take = (text: string) => {
    if (text === '') return;
    kept.push(text);
    emit(text);
  };
  child.stdout?.on('data', (chunk: Buffer) => take(decoder.write(chunk)));

  let killTimer: unknown;
  const endGroup = () => {
    if (killTimer !== undefined) return;
    signalGroup(child, 'SIGTERM');
    killTimer = context.clock.setTimeout(() => {
      signalGroup(child, 'SIGKILL');
      letGo();
      child.stdout?.destroy(); // what left the group may hold the pipe for ever; it is not waited for
    }, GRACE_MS);
  };
  deadline.signal.addEventListener('abort', endGroup, { once: true });
  if (deadline.signal.aborted) endGroup();
  child.once('exit', endGroup);
  try {
    const { code, signal } = await closed(child, command);
    take(decoder.end());
    if (!deadline.expired()) context.signal.throwIfAborted();
    const number = signal === null ? 0 : constants.signals[signal];
    return {
      output: kept.text(),
      exitCode: code ?? 128 + number,
      ...(signal === null ? {} : { signal }),
      timedOut: deadline.expired(),
    };
  } finally {
    deadline.end();
    // Whoever is still there lives on only until the timer; with nobody left there is nothing to wait for.
    if (!groupLives(child)) {
      context.clock.clearTimeout(killTimer);
      letGo();
    }
  }
}

function start({ argv, cwd, env }: Command): ChildProcess {
  const [program = 'bash', ...args] = argv;
  // A first shell joins the two outputs before the real one takes its place, so that their lines keep their order.
  const joined = ['-c', 'exec "$@" 2>&1', 'bash', program, ...args];
  return spawn('bash', joined, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
}

type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** After the exit, and after all output was read. */
function closed(child: ChildProcess, command: Command): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new Error(`The command could not be started in ${command.cwd}: is bash installed? (${cause.message})`));
    });
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return; // it never started
  try {
    process.kill(-child.pid, signal);
  } catch {
    // nobody is left in the group
  }
}

function groupLives(child: ChildProcess): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, 0);
  } catch {
    return false;
  }
}

/** A command that never stops talking would fill every reader's memory. */
function boundedEmit(context: ToolContext): (text: string) => void {
  let emitted = 0;
  return (text) => {
    if (emitted > MAX_EMITTED) return;
    emitted += text.length;
    context.emit(emitted > MAX_EMITTED ? '\n[... further output is not shown while the command runs ...]\n' : text);
  };
}
