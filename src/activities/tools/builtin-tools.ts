/** Which tools every agent has. */

import { z } from 'zod';
import { TroupeError } from '../../domain/errors.js';
import type { Tool } from '../../domain/tool.js';
import { bashTool } from './bash.js';
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

const isFunction = (value: unknown) => typeof value === 'function';

const Options = z.strictObject({
  env: z.custom<Environment>((value) => typeof value === 'object' && value !== null, 'expected an object').optional(),
  wrapCommand: z.custom<(argv: readonly string[], workspace: string) => readonly string[]>(isFunction).optional(),
  ripgrep: z.union([z.string().min(1), z.literal(false)]).optional(),
  searchTimeoutMs: z.int().positive().default(20_000),
});

export interface BuiltinToolsOptions {
  /** Where `bash` takes the variables of its allow list from, and where `rg` is looked for; the process's by default. */
  readonly env?: Environment;
  /**
   * Puts each `bash` command into a sandbox: gets `['bash', '-c', command]` and the absolute path of the workspace, gives what to
   * start instead.
   */
  readonly wrapCommand?: (argv: readonly string[], workspace: string) => readonly string[];
  /** Path of the `rg` program; false: search without it. By default the one on `PATH`, if there is one. */
  readonly ripgrep?: string | false;
  /** How long one `grep` or `glob` may take, in ms; 20,000 by default. */
  readonly searchTimeoutMs?: number;
}

/** `read`, `grep`, `glob`, `ls`, `write`, `edit`, `bash`, `todo`. @throws TroupeError `config_invalid` for a bad option. */
export function builtinTools(options: BuiltinToolsOptions = {}): readonly Tool[] {
  const parsed = Options.safeParse(options);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
    throw new TroupeError('config_invalid', `builtinTools: ${issues.join('; ')}`);
  }
  const { env = process.env, wrapCommand, ripgrep, searchTimeoutMs } = parsed.data;
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
