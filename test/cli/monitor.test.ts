import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStream } from '../monitor/support/ask.js';
import { freePort } from '../support/free-port.js';
import { startHeldModel } from './support/held-model.js';
import { portIn, tokenIn } from './support/link.js';
import { start, troupe } from './support/program.js';
import { programWithPage } from './support/program-with-page.js';
import { smallProject } from './support/small-project.js';

describe('troupe monitor', { timeout: 120_000 }, () => {
  it('prints a link that leads to the stored run, changes nothing of it, and ends on Ctrl-C', async () => {
    const folder = await smallProject();
    await troupe(['run', 'explore', 'Find the Markdown files.', '--store', 'kept'], { cwd: folder });
    const before = await readdir(join(folder, 'kept'), { recursive: true });
    const port = await freePort();
    const options = { cwd: folder, program: await programWithPage() };
    const running = start(['monitor', 'kept', '--port', String(port), '--session', 'default'], options);
    const link = (await running.untilPrinted('\n')).trimEnd();
    expect(portIn(link)).toBe(port);
    const { hello, until } = await openStream({ port, token: tokenIn(link) });
    expect(hello).toMatchObject({ kind: 'stored', name: 'default' });
    const told = await until(({ rows }) => rows.some(({ id }) => id === 'subagent-1'));
    expect(told.at(-1)?.frame.rows).toMatchObject([{ id: 'subagent-1', agentType: 'explore' }]);

    const second = await troupe(['monitor', 'kept', '--port', String(port)], options);
    expect(second).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(String(port)) });

    running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ code: 0, stdout: `${link}\n` });
    expect(await readdir(join(folder, 'kept'), { recursive: true })).toEqual(before);
  });

  it('shows a run that goes on in another process', async () => {
    const model = await startHeldModel();
    const store = join(model.folder, 'store');
    const at = ['--config', model.config, '--workspace', model.folder, '--store', store];
    const work = start(['run', 'explore', 'Look.', ...at]);
    (await model.next()).call('ls', {});
    const held = await model.next();
    const looking = start(['monitor', store], { program: await programWithPage() });
    const link = (await looking.untilPrinted('\n')).trimEnd();
    const { until } = await openStream({ port: portIn(link), token: tokenIn(link) });
    await until(({ rows }) => rows.some(({ id }) => id === 'subagent-1'));
    held.answer('Seen.');
    expect(await work.ended).toMatchObject({ code: 0, stdout: 'Seen.\n' });
    looking.signal('SIGTERM');
    expect((await looking.ended).code).toBe(0);
  });

  it('shows, step by step, the workflow that the crash demo has kept', async () => {
    const cwd = await smallProject();
    expect((await troupe(['demo', '--crash', '--store', 'crashed'], { cwd })).code).toBe(0);
    const running = start(['monitor', 'crashed'], { cwd, program: await programWithPage() });
    const link = (await running.untilPrinted('\n')).trimEnd();
    const at = { port: portIn(link), token: tokenIn(link) };
    const { hello, until } = await openStream(at);
    const all = (await until(({ rows }) => rows.length > 0)).flatMap(({ frame }) => frame.rows);
    expect(all.map(({ description, state }) => `${description} ${state}`).sort()).toEqual(
      Array.from({ length: 40 }, (_, index) => `step-${index + 1} completed`).sort(),
    );
    expect(hello).not.toHaveProperty('problems');
    // It was killed in its middle: at some step there was work in flight, and some not begun.
    const middle = await openStream({ ...at, path: `/events?at=${Math.floor((hello.steps ?? 0) / 2)}` });
    const rows = (await middle.until((frame) => frame.rows.length > 0)).flatMap(({ frame }) => frame.rows);
    expect(rows.length).toBeLessThan(40);
    expect(new Set(rows.map(({ state }) => state))).toContain('running');
    running.signal('SIGINT');
    expect((await running.ended).code).toBe(0);
  });

  it.each([
    [['--port', 'http'], '--port "http": expected a number from 0 to 65535'],
    [['--port', '65536'], '--port "65536": expected a number'],
    [['--session', 'nightly'], 'there is no session "nightly"; it has "default"'],
  ])('refuses %j', async (args, problem) => {
    const cwd = await smallProject();
    await troupe(['run', 'explore', 'Find the Markdown files.', '--store', 'kept'], { cwd });
    const ended = await troupe(['monitor', 'kept', ...args], { cwd });
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(problem) });
  });
});
