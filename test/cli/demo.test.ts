import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, openStream } from '../monitor/support/ask.js';
import { needs } from '../support/needs.js';
import { portIn, tokenIn } from './support/link.js';
import { start, troupe } from './support/program.js';
import { programWithPage } from './support/program-with-page.js';
import { smallProject } from './support/small-project.js';
import { openTerminal } from './support/tmux.js';

describe('troupe demo, not in a terminal', { timeout: 60_000 }, () => {
  it('has subagents read the files of the folder, pauses one, and ends by itself with a summary', async () => {
    const cwd = await smallProject();
    const before = await readdir(cwd, { recursive: true });
    const { code, stdout, stderr } = await troupe(['demo'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('== subagent-1, general: completed\nMy helpers report:\n');
    for (const found of [
      'I counted 3 files.',
      'I found 2 Markdown files',
      'README.md: 3 lines.',
      '"TODO" in 1 line of',
    ])
      expect(stdout).toContain(found);
    expect(stdout).toContain('- names it makes public (1): fly');
    expect(stdout).toMatch(/^ {2}├ subagent-3 counts +completed .*░.* tokens in 2 turns$/m);
    expect(stdout).toMatch(/^ {2}subagent-2 reads code +completed .*=.* tokens in 3 turns$/m);
    expect(stdout).toContain('6 subagents: 6 completed; ');
    const [paused, resumed] = ['subagent-2 is paused: ', 'subagent-2 goes on exactly where it stopped\n'];
    expect(stderr.indexOf(resumed)).toBeGreaterThan(stderr.indexOf(paused));
    expect(stderr.slice(stderr.indexOf(paused), stderr.indexOf(resumed))).not.toMatch(/^subagent-2 {2}(glob|read) /m);
    expect(stderr).toContain('subagent-2  read {"file_path":"src/index.ts"}\n');
    expect(await readdir(cwd, { recursive: true })).toEqual(before);
  });

  it('looks at the folder that it is told, also at an empty one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-empty-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { code, stdout } = await troupe(['demo', '--workspace', folder]);
    expect(stdout).toContain('I found no files.');
    expect(code).toBe(0);
  });

  it('Ctrl-C cancels what runs', async () => {
    const running = start(['demo'], { cwd: await smallProject() });
    await running.until('subagent-2  started');
    running.signal('SIGINT');
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^ {2}subagent-1 leads +cancelled /m);
  });
});

describe('troupe demo in a terminal', { timeout: 120_000 }, () => {
  it('shows a tree whose subagents keys choose, pause, resume and cancel; q leaves', async () => {
    needs('tmux');
    const { type, press, untilShown } = await openTerminal(await smallProject());
    await type('demo');
    await untilShown(/^> subagent-1 leads +running/m);
    await press('p');
    await untilShown(/^> subagent-1 leads +paused [\s\S]*^pause subagent-1: it is paused$/m);
    await press('p');
    await untilShown(/^pause subagent-1: refused, /m);
    await press('r');
    await untilShown(/^resume subagent-1: it is running$/m);
    await untilShown(/^ {2}└ subagent-4 finds docs /m);
    await press('p'); // its children, too: so the one that is cancelled has not ended
    await untilShown(/^pause subagent-1: it is paused$/m);
    await press('j');
    await untilShown(/^> ├ subagent-3 counts /m);
    await press('Down');
    await untilShown(/^> └ subagent-4 finds docs +paused /m);
    await press('c');
    await untilShown(/^> └ subagent-4 finds docs +cancelled /m);
    await press('k');
    await press('Up');
    await untilShown(/^> subagent-1 leads /m);
    await press('r');
    const done = await untilShown(/^all is done; q quits/m);
    expect(done).toContainEqual(expect.stringMatching(/^ {2}subagent-2 reads code +completed .*=/));
    expect(done[0]).toMatch(/^troupe demo {3}.*1 cancelled/);
    await press('q');
    const left = await untilShown(/ended with 0$/m);
    expect(left.join('\n')).toContain('== subagent-1, general: completed\nMy helpers report:\n');
    expect(left.join('\n')).toContain('- subagent-4: a key was pressed');
    expect(left).not.toContainEqual(expect.stringContaining('q quit'));
  });

  it.each([
    [48, 18],
    [40, 12],
  ])('shows its link and its keys whole, also on a small screen: %i columns, %i rows', async (columns, rows) => {
    needs('tmux');
    const small = { columns, rows };
    const { type, press, untilShown } = await openTerminal(await smallProject(), await programWithPage(), small);
    await type('demo');
    const shown = await untilShown(/^> subagent-1 leads +running[\s\S]*quit$/m);
    expect(shown.join('')).toMatch(/live page: http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}/);
    expect(shown.join('')).toContain('arrows or j k choose   q quit');
    expect(shown[0]).toMatch(/\d s$|…$/); // not its last character at the edge
    await press('q');
    await untilShown(/ended with 0$/m);
  });

  it('its link leads to the live page, as long as it is not left', async () => {
    needs('tmux');
    const { type, press, untilShown } = await openTerminal(await smallProject(), await programWithPage());
    await type('demo');
    const [link = ''] = /http:\S+/.exec((await untilShown(/^live page: http/m)).join('\n')) ?? [];
    expect(await ask({ port: portIn(link) })).toMatchObject({ status: 200, text: expect.stringContaining('<html') });
    const { hello, close } = await openStream({ port: portIn(link), token: tokenIn(link) });
    expect(hello.name).toBe('troupe demo');
    close();
    await press('q');
    await untilShown(/ended with 0$/m);
    await expect(ask({ port: portIn(link) })).rejects.toThrow('ECONNREFUSED');
  });

  it('Ctrl-C cancels, and gives the terminal back as it was', async () => {
    needs('tmux');
    const { type, press, untilShown } = await openTerminal(await smallProject());
    await type('demo');
    await untilShown(/^> subagent-1 leads +running/m);
    await press('C-c');
    const left = await untilShown(/ended with 130$/m);
    expect(left.join('\n')).toMatch(/^ {2}subagent-1 leads +cancelled /m);
    await press('x'); // typed keys are shown again, and a line is a line
    await untilShown(/x$/);
  });
});
