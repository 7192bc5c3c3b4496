/** Which tools every agent has. */

import type { Tool } from '../../domain/tool.js';
import { type BashOptions, bashTool } from './bash.js';
import { editTool } from './edit.js';
import { globTool } from './glob.js';
import { grepTool } from './grep.js';
import { lsTool } from './ls.js';
import { readTool } from './read.js';
import type { Environment } from './run-command.js';
import type { SearchEngine } from './search.js';
import { findRipgrep, searchWithRipgrep } from './search-with-ripgrep.js';
import { todoTool } from './todo.js';
import { writeTool } from './write.js';

const DEFAULT_SEARCH_TIMEOUT_MS = 20_000;

export interface BuiltinToolsOptions {
  /** Where `bash` takes the variables of its allow list from, and where `rg` is looked for; the process's by default. */
  readonly env?: Environment | undefined;
  /**
   * Puts each `bash` command into a sandbox: gets `['bash', '-c', command]` and the absolute path of the workspace, gives what to
   * start instead.
   */
  readonly wrapCommand?: BashOptions['wrap'] | undefined;
  /** Absolute path of the `rg` program; false: search without it. By default the one on `PATH`, if there is one. */
  readonly ripgrep?: string | false | undefined;
  /** How long one `grep` or `glob` may take, in ms; 20,000 by default. */
  readonly searchTimeoutMs?: number | undefined;
}

/** `read`, `grep`, `glob`, `ls`, `write`, `edit`, `bash`, `todo`. */
export function builtinTools({
  env = process.env,
  wrapCommand,
  ripgrep,
  searchTimeoutMs = DEFAULT_SEARCH_TIMEOUT_MS,
}: BuiltinToolsOptions = {}): readonly Tool[] {
  let engine: Promise<SearchEngine | undefined> | undefined;
  const fastEngine = () => {
    engine ??= (async () => {
      const program = ripgrep ?? (await findRipgrep(env.PATH));
      return program ? searchWithRipgrep(program) : undefined;
    })();
    return engine;
  };
  return [
    readTool(),
    grepTool(searchTimeoutMs, fastEngine),
    globTool(searchTimeoutMs),
    lsTool(),
    writeTool(),
    editTool(),
    bashTool({ env, ...(wrapCommand === undefined ? {} : { wrap: wrapCommand }) }),
    todoTool(),
  ];
}
