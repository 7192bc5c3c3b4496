import { join } from 'node:path';
import { expect, it } from 'vitest';
import { needs } from '../support/needs.js';
import { startHeldModel } from './support/held-model.js';
import { openTerminal } from './support/tmux.js';

it('in a terminal, Ctrl-C pauses and saves, and says how to go on; a second one cancels', {
  timeout: 150_000,
}, async () => {
  needs('tmux');
  const model = await startHeldModel();
  const { type, press, untilShown } = await openTerminal(model.folder);
  await type('run explore "Look around." --config agent.yaml --store store');
  const first = await model.next();
  await press('C-c');
  await untilShown(/pausing: requests and tools in flight come to their end/);
  first.call('ls', {});
  await untilShown(/ended with 130/);
  await untilShown(`saved; go on with: troupe resume ${join(model.folder, 'store')} --config agent.yaml`);

  const next = await openTerminal(model.folder);
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
  const { type, untilShown } = await openTerminal(model.folder);
  await type('run explore "Look." --config agent.yaml');
  (await model.next()).answer('before\u001b[2J\u001b[H\u001b]0;mine\u0007after');
  const screen = await untilShown(/ended with 0/);
  expect(screen).toContain('beforeafter');
  expect(screen[0]).toMatch(/^subagent-1 {2}started explore/);
});
