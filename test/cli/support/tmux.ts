/** A terminal of its own with a shell in it, as a person has one. */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, onTestFinished, vi } from 'vitest';
import { PROGRAM } from './program.js';

const run = promisify(execFile);
const TIME_LIMIT_MS = 40_000;

export interface OpenTerminal {
  /** Types a line: the program with these arguments. */
  type(args: string): Promise<unknown>;
  press(key: string): Promise<unknown>;
  /** Types a line to the program that runs. */
  enter(line: string): Promise<unknown>;
  /** @returns the screen, without the line that was typed and without empty ones. */
  untilShown(text: string | RegExp): Promise<string[]>;
}

/** @param program Of Node, before the arguments; by default the sources. */
export async function openTerminal(
  folder: string,
  program: readonly string[] = PROGRAM,
  { columns, rows }: { readonly columns: number; readonly rows: number } = { columns: 160, rows: 40 },
): Promise<OpenTerminal> {
  const server = `troupe-${randomUUID()}`;
  const tmux = (...args: readonly string[]) => run('tmux', ['-u', '-f', '/dev/null', '-L', server, ...args]);
  await tmux('new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, '-c', folder, 'sh');
  onTestFinished(async () => {
    await tmux('kill-server').catch(() => {});
  });
  const command = [process.execPath, ...program].map((part) => `'${part}'`).join(' ');
  return {
    type: (args) =>
      tmux('send-keys', '-l', `${command} ${args}; echo "ended with $?"`).then(() => tmux('send-keys', 'Enter')),
    press: (key) => tmux('send-keys', key),
    enter: (line) => tmux('send-keys', '-l', line).then(() => tmux('send-keys', 'Enter')),
    untilShown: (text) =>
      vi.waitFor(
        async () => {
          const { stdout } = await tmux('capture-pane', '-p', '-J');
          const all = stdout.split('\n').map((line) => line.trimEnd());
          const lines = all.filter((line) => line !== '' && !line.includes('main.ts'));
          expect(lines.join('\n')).toMatch(text);
          return lines;
        },
        { timeout: TIME_LIMIT_MS, interval: 100 },
      ),
  };
}
