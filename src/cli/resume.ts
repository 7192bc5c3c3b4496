/** `troupe resume`: goes on with what a store has of an interrupted run. */

import { WORK_HELP, WORK_OPTIONS, work } from './at-work.js';
import { type Command, expectArguments, textOf } from './command.js';
import { folderOfStore } from './folder-of-store.js';

export const resume: Command = {
  help: `Options:
${WORK_HELP}

Give the config that the run had. What was paused goes on too, and what was asked is asked again. Exit codes as those of run;
with nothing left to do, 0.

Examples:
  npx troupe resume .troupe
  npx troupe resume .troupe --config agent.acl --json`,
  options: WORK_OPTIONS,
  run: (positionals, values, terminal) => {
    expectArguments(positionals, ['<store folder>']);
    const store = folderOfStore(positionals[0] ?? '.');
    if (textOf(values, 'config') === undefined) terminal.say('no --config: the offline model goes on with it');
    return work({
      store,
      values,
      terminal,
      begin: async ({ orchestrator }) => {
        const handles = await orchestrator.restore();
        if (handles.length === 0) terminal.say(`nothing is left to do in ${store}`);
        for (const handle of handles) if (handle.isPaused()) void handle.resume();
        return handles.filter((handle) => handle.info().parentId === undefined);
      },
    });
  },
};
