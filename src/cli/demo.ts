/** `troupe demo`: shows what troupe does, without a key and without a project. */

import { resolve } from 'node:path';
import { TroupeError } from '../domain/errors.js';
import { type Command, expectArguments, textOf } from './command.js';

export const demo: Command = {
  help: `Options:
  --workspace <folder>   the folder that is looked at; by default this one. Files are read, none is written
  --crash                a workflow instead, whose process kills itself with SIGKILL in its middle; a second process goes
                         on with it, and it is counted what was not done again
  --store <folder>       with --crash: keeps the work there, for troupe monitor

In a terminal: a live tree, where p, r and c pause, resume and cancel the chosen subagent, the arrows or j and k choose,
and q quits. Elsewhere: plain lines on stderr, then the summary on stdout. Both show the link of the live page.
Exit codes: 0 it has ended, or q was pressed; 1 something failed; 130 Ctrl-C, which cancels all.

Examples:
  npx troupe demo
  npx troupe demo --workspace packages/web
  npx troupe demo --crash
  npx troupe demo --crash --store /tmp/crashed && npx troupe monitor /tmp/crashed`,
  options: { workspace: { type: 'string' }, crash: { type: 'boolean' }, store: { type: 'string' } },
  run: async (positionals, values, terminal) => {
    expectArguments(positionals, []);
    const [store, workspace] = [textOf(values, 'store'), textOf(values, 'workspace')];
    if (values.crash === true) {
      if (workspace !== undefined) throw new TroupeError('config_invalid', '--workspace does not go with --crash');
      const { demoCrash } = await import('./demo/crash.js');
      return demoCrash(store === undefined ? undefined : resolve(store), terminal);
    }
    if (store !== undefined) throw new TroupeError('config_invalid', '--store needs --crash beside it');
    const { play } = await import('./demo/play.js');
    return play(resolve(workspace ?? '.'), terminal);
  },
};
