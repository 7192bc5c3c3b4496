/** The tool `bash`: a command line in the workspace. */

import { z } from 'zod';
import { type Tool, ToolReply } from '../../domain/tool.js';
import { defineTool } from './define-tool.js';
import { type Environment, runCommand } from './run-command.js';
import { openWorkspace } from './workspace.js';

const DEFAULT_TIMEOUT_MS = 120_000;
const MAX_TIMEOUT_MS = 600_000;

export interface BashOptions {
  /** The environment that the allowed variables are taken from. */
  readonly env: Environment;
  /** Puts the command into a sandbox: gets `bash -c ...` as a list of words, and the workspace; gives the list to start. */
  readonly wrap?: (argv: readonly string[], workspace: string) => readonly string[];
}

export function bashTool({ env, wrap = (argv) => argv }: BashOptions): Tool {
  const childEnv = allowedEnvironment(env);
  return defineTool({
    name: 'bash',
    description: [
      'Runs a command line with bash in the workspace. Standard output and standard error come together; there is no input, so nothing can be asked.',
      'Each call is a new shell: folder and variables do not carry over. Everything it started is ended with it, background jobs too.',
      'To read, write, list and search files use the other tools.',
    ].join(' '),
    input: z.strictObject({
      command: z.string().min(1).describe('The command line.'),
      timeout: z
        .int()
        .positive()
        .max(MAX_TIMEOUT_MS)
        .default(DEFAULT_TIMEOUT_MS)
        .describe('Milliseconds after which it is stopped.'),
    }),
    subject: ({ command }) => ({ kind: 'command', command }),
    run: async ({ command, timeout }, context) => {
      if (command.includes('\0')) return new ToolReply('The command holds a NUL character.', { isError: true });
      const { root } = await openWorkspace(context.workspace);
      const argv = wrap(['bash', '-c', command], root);
      if (!isCommand(argv)) {
        return new ToolReply('The command was not run: wrapCommand gave back no list of words to start.', {
          isError: true,
        });
      }
      const ended = await runCommand({ argv, cwd: root, env: childEnv, timeoutMs: timeout }, context);
      const note = ended.timedOut ? `Stopped after ${timeout} ms.` : ended.exitCode === 0 ? '' : exitNote(ended);
      const output = ended.output === '' || ended.output.endsWith('\n') ? ended.output : `${ended.output}\n`;
      return new ToolReply(note === '' ? ended.output || '(no output)' : output + note, {
        ...(ended.timedOut ? {} : { exitCode: ended.exitCode }),
        isError: note !== '',
      });
    },
  });
}

/** What a caller's function gives is not taken on trust: without a program, a plain shell would start and say nothing. */
function isCommand(argv: unknown): argv is readonly string[] {
  return Array.isArray(argv) && argv.length > 0 && argv.every((word) => typeof word === 'string') && argv[0] !== '';
}

const exitNote = ({ exitCode, signal }: { readonly exitCode: number; readonly signal?: string }) =>
  signal === undefined ? `(exit code ${exitCode})` : `(ended by ${signal}, exit code ${exitCode})`;

const ALLOWED = new Set('PATH HOME USER LOGNAME SHELL LANG LANGUAGE TERM TZ TMPDIR TMP TEMP SYSTEMROOT'.split(' '));

/** An allow list: keys, and what would change how programs load or start, never get to a command. */
function allowedEnvironment(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => value !== undefined && (ALLOWED.has(name) || name.startsWith('LC_'))),
  );
}
