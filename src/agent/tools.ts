/** Which tools an agent has: the built-in ones and its own, each under a name of its own. */

import { TroupeError } from '../domain/errors.js';
import type { Tool } from '../domain/tool.js';

/**
 * Tools by name, in the order given. The same object twice is one tool.
 * @throws TroupeError `config_invalid` for two tools of one name, a built-in one included. Case does not tell names apart, as it
 * does not in rules.
 */
export function toolsByName(builtin: readonly Tool[], own: readonly Tool[]): ReadonlyMap<string, Tool> {
  const tools = new Map<string, Tool>();
  const taken = new Map<string, Tool>();
  for (const tool of new Set([...builtin, ...own])) {
    const holder = taken.get(tool.name.toLowerCase());
    if (holder !== undefined) {
      const whose = builtin.includes(holder) ? 'that of a built-in tool' : 'given to two tools';
      throw new TroupeError(
        'config_invalid',
        `AgentOptions: tools: the name ${tool.name} is ${whose}; rename your own`,
      );
    }
    taken.set(tool.name.toLowerCase(), tool);
    tools.set(tool.name, tool);
  }
  return tools;
}
