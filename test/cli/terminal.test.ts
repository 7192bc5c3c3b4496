import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { needs } from '../support/needs.js';
import { type HeldModel, startHeldModel } from './support/held-model.js';
import { PROGRAM } from './support/program.js';

const run = promisify(execFile);

/** A terminal of its own with a shell in it, as a person has one. */
async function openTerminal({ folder }: HeldModel) {
  const server = `troupe-${randomUUID()}`;
  const tmux = (...args: readonly string[]) => run('tmux', ['-f', '/dev/null', '-L', server, ...args]);
  await tmux('new-session', '-d', '-x', '160', '-y', '40', '-c', folder, 'sh');
  onTestFinished(async () => {
    await tmux('kill-server').catch(() => {});
  });
  const program = [process.execPath, ...PROGRAM].map((part) => `'${part}'`).join(' ');
  return {
    /** Types a line. */
    type: (args: string) =>
      tmux('send-keys', '-l', `${program} ${args}; echo "ended with $?"`).then(() => tmux('send-keys', 'Enter')),
    press: (key: string) => tmux('send-keys', key),
    /** @returns the screen, without the lines that were typed. */
    untilShown: (text: string | RegExp) =>
      vi.waitFor(
        async () => {
          const { stdout } = await tmux('capture-pane', '-p', '-J');
          const lines = stdout.split('\n').filter((line) => line !== '' && !line.includes('main.ts'));
          expect(lines.join('\n')).toMatch(text);
          return lines;
        },
        { timeout: 40_000, interval: 100 },
      ),
  };
}

it('in a terminal, Ctrl-C pauses and saves, and says how to go on; a second one cancels', {
  timeout: 150_000,
}, async () => {
  needs('tmux');
  const model = await startHeldModel();
  const { type, press, untilShown } = await openTerminal(model);
  await type('run explore "Look around." --config agent.yaml --store store');
  const first = await model.next();
  await press('C-c');
  await untilShown(/pausing: requests and tools in flight come to their end/);
  first.call('ls', {});
  await untilShown(/ended with 130/);
  await untilShown(`saved; go on with: troupe resume ${join(model.folder, 'store')} --config agent.yaml`);

  const next = await openTerminal(model);
  await next.type('resume store --config agent.yaml');
  const second = await model.next();
  expect(second.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
  await next.press('C-c');
  await next.untilShown(/pausing: /);
  await next.press('C-c');
  await second.left;
  const screen = await next.untilShown(/cancelling\n.*ended with 130/s);
  expect(screen.some((line) => line.startsWith('subagent-1  cancelled: the orchestrator was closed'))).toBe(true);
  expect(screen.some((line) => line.includes('saved; go on'))).toBe(false);
});

it('an answer of the model cannot take over the screen', { timeout: 60_000 }, async () => {
  needs('tmux');
  const model = await startHeldModel();
  const { type, untilShown } = await openTerminal(model);
  await type('run explore "Look." --config agent.yaml');
  (await model.next()).answer('before\u001b[2J\u001b[H\u001b]0;mine\u0007after');
  const screen = await untilShown(/ended with 0/);
  expect(screen).toContain('beforeafter');
  expect(screen[0]).toMatch(/^subagent-1 {2}started explore/);
});
