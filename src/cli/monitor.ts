/** `troupe monitor`: the live page on what a store holds of a run. */

import { TroupeError } from '../domain/errors.js';
import { monitorStore } from '../monitor/index.js';
import { type Command, expectArguments, textOf, type Values } from './command.js';
import { EXIT } from './exit-code.js';
import { folderOfStore } from './folder-of-store.js';

const MAX_PORT = 65_535;

export const monitor: Command = {
  help: `Options:
  --port <number>        the port on 127.0.0.1; by default any that is free
  --session <id>         which session; by default the only one there is

Prints the link of a page that shows the stored run step by step, whether it has ended, has crashed or goes on in another
process: a reload shows what has come since. Nothing is changed in the store. Whoever has the link can look.
It serves until Ctrl-C, which ends it with 0. Exit code 2: there is no such store or session, or the port is taken.

Examples:
  npx troupe monitor .troupe
  npx troupe monitor .troupe --port 8080 --session nightly`,
  options: { port: { type: 'string' }, session: { type: 'string' } },
  run: async (positionals, values, terminal) => {
    expectArguments(positionals, ['<store folder>']);
    const store = folderOfStore(positionals[0] ?? '.');
    const [port, sessionId] = [portOf(values), textOf(values, 'session')];
    const page = await monitorStore(store, { port, ...(sessionId === undefined ? {} : { sessionId }) });
    const interrupted = new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve());
    });
    terminal.out(page.url);
    terminal.say('Ctrl-C ends it', true);
    await interrupted;
    await page.close();
    return EXIT.ok;
  },
};

function portOf(values: Values): number {
  const text = textOf(values, 'port') ?? '0';
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new TroupeError('config_invalid', `--port ${JSON.stringify(text)}: expected a number from 0 to ${MAX_PORT}`);
}
