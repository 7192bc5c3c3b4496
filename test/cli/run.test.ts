import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentEvent } from '../../src/events/index.js';
import { ask, openStream } from '../monitor/support/ask.js';
import { lineOf, openPage, shows } from '../monitor/support/browser.js';
import { KEY, startHeldModel } from './support/held-model.js';
import { portIn, tokenIn } from './support/link.js';
import { PROGRAM, start, troupe } from './support/program.js';
import { programWithPage } from './support/program-with-page.js';

describe('troupe run', { timeout: 60_000 }, () => {
  it('prints the answer to stdout and what happens to stderr, in plain lines', async () => {
    const ended = await troupe(['run', 'explore', 'Find the JSON files in docs/machines.']);
    expect(ended).toEqual({
      code: 0,
      stdout: expect.stringContaining('- docs/machines/subagent.json\n'),
      stderr: expect.stringMatching(
        /^subagent-1 {2}started explore\nsubagent-1 {2}glob \{"pattern":.*\}\nsubagent-1 {2}completed, in [\d.]+ s, \d+ tokens\n$/,
      ),
    });
  });

  it('prints with --json each event as a line, and nothing else', async () => {
    const { code, stdout } = await troupe(['run', 'explore', 'Find the JSON files in docs/machines.', '--json']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => AgentEvent.parse(JSON.parse(line)));
    expect(code).toBe(0);
    expect(events.map((event) => 'seq' in event && event.seq)).toEqual(events.map((_event, index) => index + 1));
    expect([events[0]?.type, events.at(-1)?.type]).toEqual(['subagent_started', 'subagent_completed']);
  });

  it('denies what would be asked, unless it is permissive', async () => {
    for (const permissive of [false, true]) {
      const model = await startHeldModel();
      const args = ['run', 'general', 'Do it.', '--config', model.config, '--workspace', model.folder];
      const { ended } = start([...args, ...(permissive ? ['--permissive'] : [])]);
      (await model.next()).call('bash', { command: 'echo hello > made.txt' });
      const second = await model.next();
      second.answer('It is done.');
      expect(await ended).toMatchObject({ code: 0, stdout: 'It is done.\n' });
      expect(existsSync(join(model.folder, 'made.txt'))).toBe(permissive);
      if (!permissive) expect(second.messages.at(-1)?.content).toContain('not run');
    }
  });

  it('works in the folder that it is started in, or in the one that it is told', async () => {
    const model = await startHeldModel();
    const { ended } = start(['run', 'explore', 'Look.', '--config', 'agent.yaml'], { cwd: model.folder });
    (await model.next()).call('glob', { pattern: '*' });
    const second = await model.next();
    expect(second.messages.at(-1)?.content).toContain('agent.yaml');
    second.answer('An agent.');
    expect((await ended).code).toBe(0);
  });

  it('ends with 1 when the work fails, says why, and never shows the key', async () => {
    const model = await startHeldModel();
    const { ended } = start(['run', 'explore', `Look for ${KEY}.`, '--config', model.config, '--json']);
    (await model.next()).refuse(401, `Incorrect API key provided: ${KEY}`);
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(1);
    expect(stdout).toContain('"code":"model_auth"');
    expect(`${stdout}${stderr}`).not.toContain(KEY);
  });

  it('serves the live page with --monitor, for as long as it runs', async () => {
    const model = await startHeldModel();
    const args = ['run', 'explore', 'Look.', '--config', model.config, '--monitor'];
    const running = start(args, { program: await programWithPage() });
    const request = await model.next();
    const [link = ''] = /(?<=^live page: )http\S+$/m.exec(await running.until('live page: ')) ?? [];
    const stream = await openStream({ port: portIn(link), token: tokenIn(link) });
    await stream.until(({ rows }) => rows.some(({ id }) => id === 'subagent-1'));
    request.answer('Seen.');
    expect(await running.ended).toMatchObject({ code: 0, stdout: 'Seen.\n' });
    await expect(ask({ port: portIn(link) })).rejects.toThrow('ECONNREFUSED');
  });

  it('is paused by a click on that page: the model server gets no request until another click', async () => {
    const model = await startHeldModel();
    const args = ['run', 'explore', 'Look.', '--config', model.config, '--workspace', model.folder, '--monitor'];
    const running = start(args, { program: await programWithPage() });
    const first = await model.next();
    const [link = ''] = /(?<=^live page: )http\S+$/m.exec(await running.until('live page: ')) ?? [];
    const { page } = await openPage(link);
    await lineOf(page, 'explore').click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await shows(page, '#detail-facts', 'paused');
    first.call('ls', {});
    await shows(page, '#detail-facts', 'paused by the user'); // it has come to rest
    expect(model.count).toBe(1);
    await page.getByRole('button', { name: 'Resume' }).click();
    (await model.next()).answer('Seen.');
    expect(await running.ended).toMatchObject({ code: 0, stdout: 'Seen.\n' });
    expect(model.count).toBe(2);
    await shows(page, '#status', 'connection lost');
  });

  it('ends quietly when nobody reads any more', async () => {
    const program = `const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ${JSON.stringify([...PROGRAM, 'run', 'explore', 'Find the JSON files in docs/machines.', '--json'])}, { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.once('data', () => child.stdout.destroy());
      child.on('close', (code) => console.log(code));`;
    const outer = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    outer.stdout.on('data', (text) => (stdout += text));
    outer.stderr.on('data', (text) => (stderr += text));
    await new Promise((resolve) => outer.on('close', resolve));
    expect(stdout).toBe('0\n');
    expect(stderr).not.toContain('EPIPE');
  });
});
