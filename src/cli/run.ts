/** `troupe run`: one subagent, from its prompt to its answer. */

import { resolve } from 'node:path';
import { WORK_HELP, WORK_OPTIONS, work } from './at-work.js';
import { type Command, expectArguments, textOf } from './command.js';

export const run: Command = {
  help: `Options:
${WORK_HELP}
  --store <folder>       keeps the work, so that troupe resume goes on with it after Ctrl-C or a crash
  --permissive           allows what would be asked

Agent types: explore, general, plan, verification, review, and those of the config.
What a rule asks, you are asked: in the terminal, or on the page of --monitor. Where there is neither, it is denied.
The answer goes to stdout, all else to stderr. With a store, Ctrl-C pauses and saves, a second one cancels.

Examples:
  npx troupe run explore "Where are the tests?"
  npx troupe run general "Fix the typos in docs." --config agent.acl --permissive
  npx troupe run review "Review src." --config agent.acl --store .troupe --json > events.ndjson`,
  options: { ...WORK_OPTIONS, store: { type: 'string' }, permissive: { type: 'boolean' } },
  run: (positionals, values, terminal) => {
    expectArguments(positionals, ['<agent type>', '"<prompt>"']);
    const [agentType = '', prompt = ''] = positionals;
    const store = textOf(values, 'store');
    return work({
      store: store === undefined ? undefined : resolve(store),
      values,
      terminal,
      begin: async ({ orchestrator }, workspace) => [
        // Its folder goes on record, so that it is the same wherever it is resumed.
        orchestrator.spawnSubagent({ agentType, prompt, workspace, permissive: values.permissive === true }),
      ],
    });
  },
};
