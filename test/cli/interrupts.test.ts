import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ask, openStream } from '../monitor/support/ask.js';
import { startHeldModel } from './support/held-model.js';
import { portIn, tokenIn } from './support/link.js';
import { start, troupe } from './support/program.js';
import { programWithPage } from './support/program-with-page.js';

describe('Ctrl-C', { timeout: 120_000 }, () => {
  it('pauses and saves; resume goes on behind what was answered, and repeats nothing', async () => {
    const model = await startHeldModel();
    const store = join(model.folder, 'store');
    const args = ['--config', model.config];
    const first = start(['run', 'explore', 'Look around.', '--store', store, '--workspace', model.folder, ...args]);
    const request = await model.next();
    first.signal('SIGINT');
    await first.until('pausing: ');
    request.call('glob', { pattern: '*.yaml' });
    expect(await first.ended).toEqual({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining(`saved; go on with: troupe resume ${store} --config ${model.config}\n`),
    });
    expect(model.count).toBe(1);

    const second = start(['resume', store, ...args]);
    const { messages, answer } = await model.next();
    expect(messages.slice(1).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(messages.at(-1)?.content).toContain('agent.yaml');
    answer('An agent and nothing more.');
    expect(await second.ended).toMatchObject({ code: 0, stdout: 'An agent and nothing more.\n' });
    expect(model.count).toBe(2);

    expect(await troupe(['resume', store, ...args])).toEqual({
      code: 0,
      stdout: '',
      stderr: `nothing is left to do in ${store}\n`,
    });
  });

  it('twice cancels: the request is given up, and nothing is left to resume', async () => {
    const model = await startHeldModel();
    const store = join(model.folder, 'store');
    const first = start(['run', 'explore', 'Look.', '--store', store, '--config', model.config]);
    const { left } = await model.next();
    first.signal('SIGINT');
    await first.until('pausing: ');
    first.signal('SIGINT');
    await left;
    const { code, stderr } = await first.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/cancelling\n.*cancelled: /s);
    expect(stderr).not.toContain('saved; go on');
    const second = await troupe(['resume', store, '--config', model.config]);
    expect(second.stderr).toBe(`nothing is left to do in ${store}\n`);
  });

  it('without a store cancels at once', async () => {
    const model = await startHeldModel();
    const first = start(['run', 'explore', 'Look.', '--config', model.config]);
    const { left } = await model.next();
    first.signal('SIGINT');
    await left;
    expect(await first.ended).toMatchObject({ code: 130, stderr: expect.not.stringContaining('pausing') });
  });
});

/** A run with a store that was killed in its second request, behind a call that is on record. */
async function killedRun() {
  const model = await startHeldModel();
  const store = join(model.folder, 'store');
  const args = ['--config', model.config];
  const first = start(['run', 'explore', 'Look.', '--store', store, '--workspace', model.folder, ...args]);
  (await model.next()).call('ls', {});
  await model.next();
  first.signal('SIGKILL');
  await first.ended;
  return { model, store, args };
}

describe('troupe resume', { timeout: 120_000 }, () => {
  it('goes on after kill -9: a request in flight is made again, an answered one is not', async () => {
    const { model, store, args } = await killedRun();
    const second = start(['resume', store, ...args, '--json']);
    const { messages, answer } = await model.next();
    expect(messages.slice(1).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    answer('Seen.');
    const { code, stdout } = await second.ended;
    expect(code).toBe(0);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ type: 'subagent_completed', output: 'Seen.', epoch: 1 });
    expect(model.count).toBe(3);
  });

  it('serves the live page with --monitor for as long as it goes on', async () => {
    const { model, store, args } = await killedRun();
    const second = start(['resume', store, ...args, '--monitor'], { program: await programWithPage() });
    const [link = ''] = /(?<=^live page: )http\S+$/m.exec(await second.until('live page: ')) ?? [];
    const { answer } = await model.next();
    const stream = await openStream({ port: portIn(link), token: tokenIn(link) });
    const told = await stream.until(({ rows }) => rows.some(({ turn }) => turn === 2));
    expect(told.at(-1)?.frame.rows).toMatchObject([{ id: 'subagent-1', agentType: 'explore', state: 'running' }]);
    answer('Seen.');
    expect(await second.ended).toMatchObject({ code: 0, stdout: 'Seen.\n' });
    await expect(ask({ port: portIn(link) })).rejects.toThrow('ECONNREFUSED');
  });

  it('refuses a folder that is no store, and one that another process has', async () => {
    const model = await startHeldModel();
    const store = join(model.folder, 'store');
    const none = await troupe(['resume', model.folder]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining(`there is no store in ${model.folder}`) });
    const first = start(['run', 'explore', 'Look.', '--store', store, '--config', model.config]);
    await model.next();
    const busy = await troupe(['resume', store, '--config', model.config]);
    expect(busy.code).toBe(1);
    expect(busy.stderr).toContain('troupe resume: ');
    first.signal('SIGKILL');
    await first.ended;
  });
});
