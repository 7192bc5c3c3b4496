import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startHeldModel } from '../cli/support/held-model.js';
import { type Running, start } from '../cli/support/program.js';
import { programWithPage } from '../cli/support/program-with-page.js';
import { smallProject } from '../cli/support/small-project.js';
import { blocksOf } from './markdown.js';

const page = await readFile(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
const [lines = []] = blocksOf(page)
  .filter(({ language }) => language === 'sh')
  .map(({ source }) => source.split('\n'));

/** As a shell would take it apart, of what stands on that page. */
const wordsOf = (line: string) =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

/** What has to happen while a command runs; all else ends by itself. */
const MEANWHILE: Readonly<Record<string, (running: Running) => Promise<void>>> = {
  monitor: async (running) => {
    await running.untilPrinted('#token=');
    running.signal('SIGINT');
  },
};

describe('the page about the command line', { timeout: 120_000 }, () => {
  it('begins with commands that run as they stand, one after the other, in one folder', async () => {
    const cwd = await smallProject();
    const model = await startHeldModel();
    const config = (await readFile(model.config, 'utf8')).match(/http:\S+|sk-\S+/g) ?? [];
    const [url, key] = config;
    await writeFile(
      join(cwd, 'agent.acl'),
      `default_model = "local/m"\nproviders "local" {\n  base_url = "${url}"\n  api_key = "${key}"\n  models "m" {}\n}\n`,
    );
    const program = await programWithPage();
    const commands = lines.map((line) => wordsOf(line));
    expect(commands.map(([npx, troupe, name]) => `${npx} ${troupe} ${name}`)).toEqual(
      ['demo', 'doctor', 'run', 'run', 'resume', 'monitor'].map((name) => `npx troupe ${name}`),
    );
    for (const [, , ...args] of commands) {
      const running = start(args, { cwd, program });
      if (args[0] === 'run' && args.includes('--config')) (await model.next()).answer('There was none.');
      await MEANWHILE[args[0] ?? '']?.(running);
      const { code, stderr } = await running.ended;
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.not.stringContaining('try: troupe') });
    }
  });
});
