import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { approvalsFor } from '../../src/cli/approvals.js';
import { terminal } from '../../src/cli/terminal.js';
import { control, openStream } from '../monitor/support/ask.js';
import { needs } from '../support/needs.js';
import { startHeldModel } from './support/held-model.js';
import { portIn, tokenIn } from './support/link.js';
import { start } from './support/program.js';
import { programWithPage } from './support/program-with-page.js';
import { openTerminal } from './support/tmux.js';

describe('what a rule asks, in a terminal', { timeout: 120_000 }, () => {
  it('is asked there, and a yes runs it; what was typed before the question is no answer', async () => {
    needs('tmux');
    const model = await startHeldModel();
    const { type, press, enter, untilShown } = await openTerminal(model.folder);
    await type('run general "Do it." --config agent.yaml');
    const first = await model.next();
    await untilShown(/^subagent-1 {2}started general/m);
    await enter('y');
    first.call('bash', { command: 'echo one >> made.txt\necho two >> made.txt' });
    const asked = await untilShown(/^y: yes/m);
    expect(asked).toContain('subagent-1 (general): may it call bash? no rule allows this call of bash');
    expect(asked.slice(asked.indexOf('  command:'))).toMatchObject([
      '  command:',
      '    | echo one >> made.txt',
      '    | echo two >> made.txt',
      expect.stringMatching(/^y: yes/),
    ]);
    expect(existsSync(join(model.folder, 'made.txt'))).toBe(false);
    await enter('perhaps');
    await untilShown(/^that is no answer\. y: yes/m);
    await press('Enter');
    await enter('y');
    (await model.next()).answer('It is done.');
    await untilShown(/^It is done\.\nended with 0$/m);
    expect(await readFile(join(model.folder, 'made.txt'), 'utf8')).toBe('one\ntwo\n');
  });

  it('a no is told to the model with its reason, and "a" is not asked again for the same call', async () => {
    needs('tmux');
    const model = await startHeldModel();
    const { type, enter, untilShown } = await openTerminal(model.folder);
    await type('run general "Do it." --config agent.yaml');
    (await model.next()).call('bash', { command: 'touch \u202eno.txt' });
    await untilShown(/^ {2}command: touch \\u202eno\.txt$[\s\S]*^y: yes/m);
    await enter('n use the other folder');
    const told = await model.next();
    expect(told.messages.at(-1)?.content).toContain('use the other folder');
    told.call('bash', { command: 'echo x >> yes.txt' });
    await untilShown(/^ {2}command: echo x >> yes\.txt$/m);
    await enter('a');
    (await model.next()).call('bash', { command: 'echo x >> yes.txt' });
    (await model.next()).answer('Twice.');
    await untilShown(/^Twice\.\nended with 0$/m);
    expect(await readFile(join(model.folder, 'yes.txt'), 'utf8')).toBe('x\nx\n');
    expect(existsSync(join(model.folder, 'no.txt'))).toBe(false);
  });

  it('is a no when the input of the terminal is ended by Ctrl-D, also for what is asked later', async () => {
    needs('tmux');
    const model = await startHeldModel();
    const { type, press, untilShown } = await openTerminal(model.folder);
    await type('run general "Do it." --config agent.yaml');
    (await model.next()).call('bash', { command: 'touch made.txt' });
    await untilShown(/^y: yes/m);
    await press('C-d');
    const second = await model.next();
    expect(second.messages.at(-1)?.content).toContain('nobody answers at the terminal');
    second.call('bash', { command: 'touch made.txt' });
    (await model.next()).answer('Not made.');
    await untilShown(/^Not made\.\nended with 0$/m);
    expect(existsSync(join(model.folder, 'made.txt'))).toBe(false);
  });

  it('stays open over Ctrl-C, and is asked again by resume', async () => {
    needs('tmux');
    const model = await startHeldModel();
    const { type, press, untilShown } = await openTerminal(model.folder);
    await type('run general "Do it." --config agent.yaml --store kept');
    (await model.next()).call('bash', { command: 'touch made.txt' });
    await untilShown(/^y: yes/m);
    await press('C-c');
    await untilShown(/^saved; go on with: .*\nended with 130$/m);
    const next = await openTerminal(model.folder);
    await next.type('resume kept --config agent.yaml');
    await next.untilShown(/^ {2}command: touch made\.txt[\s\S]*^y: yes/m);
    await next.enter('y');
    (await model.next()).answer('Made.');
    await next.untilShown(/^Made\.\nended with 0$/m);
    expect(existsSync(join(model.folder, 'made.txt'))).toBe(true);
  });

  it('ends with the work where there is no store and Ctrl-C cancels, and the terminal is as it was', async () => {
    needs('tmux');
    const model = await startHeldModel();
    const { type, press, enter, untilShown } = await openTerminal(model.folder);
    await type('run general "Do it." --config agent.yaml');
    (await model.next()).call('bash', { command: 'touch made.txt' });
    await untilShown(/^y: yes/m);
    await press('C-c');
    await untilShown(/^ended with 130$/m);
    await enter('echo typed');
    await untilShown(/^typed$/m);
    expect(existsSync(join(model.folder, 'made.txt'))).toBe(false);
  });

  it('may be answered on the live page, too: the question is taken back', async () => {
    needs('tmux');
    const model = await startHeldModel();
    const { type, enter, untilShown } = await openTerminal(model.folder, await programWithPage());
    await type('run general "Do it." --config agent.yaml --monitor');
    (await model.next()).call('bash', { command: 'touch one.txt' });
    const [link = ''] = /http:\S+/.exec((await untilShown(/^y: yes/m)).join('\n')) ?? [];
    const approve = { action: 'approve', id: 'subagent-1', requestId: await openRequest(link) };
    expect(await control(portIn(link), tokenIn(link), approve)).toMatchObject({ accepted: true });
    (await model.next()).call('bash', { command: 'touch two.txt' });
    await untilShown(/^ {2}command: touch two\.txt$/m);
    await enter('n');
    (await model.next()).answer('One.');
    await untilShown(/^One\.\nended with 0$/m);
    expect(['one.txt', 'two.txt'].map((name) => existsSync(join(model.folder, name)))).toEqual([true, false]);
  });
});

describe('what a rule asks, where nobody sits at a terminal', { timeout: 60_000 }, () => {
  it('is denied, and both the model and the reader of stderr are told why and what would help', async () => {
    const model = await startHeldModel();
    const running = start(['run', 'general', 'Do it.', '--config', model.config, '--workspace', model.folder]);
    (await model.next()).call('bash', { command: 'touch made.txt' });
    const told = await model.next();
    expect(told.messages.at(-1)?.content).toContain('nobody is there to ask, so it was not run');
    told.answer('Not done.');
    const { code, stderr } = await running.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('subagent-1  asks for bash {"command":"touch made.txt"}\n');
    expect(stderr).toMatch(/^subagent-1 {2}bash was denied: nobody is there to ask; .*--permissive/m);
    expect(existsSync(join(model.folder, 'made.txt'))).toBe(false);
  });

  it('waits for an answer on the live page, where there is one', async () => {
    const model = await startHeldModel();
    const args = ['run', 'general', 'Do it.', '--config', model.config, '--workspace', model.folder, '--monitor'];
    const running = start(args, { program: await programWithPage() });
    const [link = ''] = /(?<=^live page: )http\S+$/m.exec(await running.until('live page: ')) ?? [];
    (await model.next()).call('bash', { command: 'touch made.txt' });
    await running.until('subagent-1  waits for an answer on the live page\n');
    const approve = { action: 'approve', id: 'subagent-1', requestId: await openRequest(link) };
    await control(portIn(link), tokenIn(link), approve);
    (await model.next()).answer('Made.');
    expect(await running.ended).toMatchObject({ code: 0, stdout: 'Made.\n' });
    expect(existsSync(join(model.folder, 'made.txt'))).toBe(true);
  });
});

async function openRequest(link: string): Promise<string> {
  const stream = await openStream({ port: portIn(link), token: tokenIn(link) });
  const told = await stream.until(({ rows }) => rows.some(({ requests }) => requests.length > 0));
  stream.close();
  return told.at(-1)?.frame.rows.flatMap(({ requests }) => requests)[0]?.requestId ?? '';
}

it('shows the whole value of an argument, however long its name is', async () => {
  const tty = () => Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true });
  const [stdin, stdout, stderr] = [tty(), tty(), tty()];
  // as far as they are used here
  const streams = { stdin, stdout, stderr, env: {} } as unknown as Parameters<typeof terminal>[0];
  const approvals = approvalsFor(terminal(streams), false);
  const value = `${'v'.repeat(120)} the end`;
  const request = { subagentId: 'subagent-1', agentType: 'general', requestId: 'r', toolName: 'move', reason: 'asked' };
  const args = { ['k'.repeat(300)]: value };
  void approvals.options.confirm?.({ ...request, args } as unknown as Parameters<
    NonNullable<typeof approvals.options.confirm>
  >[0]);
  let shown = '';
  for await (const text of stderr) {
    shown += text;
    if (shown.includes('y: yes')) break;
  }
  approvals.close();
  expect(shown).toContain(`    | ${value}\n`);
  expect(shown.replaceAll(/\n {2}/g, '')).toContain('k'.repeat(300));
});
