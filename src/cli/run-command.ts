/** Which commands there are, and what a command line that is none is answered. */

import { parseArgs } from 'node:util';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { Command, CommandEntry } from './command.js';
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.js';
import { ownManifest } from './manifest.js';
import type { Terminal } from './terminal.js';

/** Loaded one by one: `doctor` must run where what the others are built on is not installed. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  demo: {
    usage: 'demo [--workspace <folder>] | demo --crash [--store <folder>]',
    summary: 'Shows subagents at work on the files of this folder; needs no key and no network.',
    load: async () => (await import('./demo.js')).demo,
  },
  run: {
    usage:
      'run <agent type> "<prompt>" [--config <file>] [--workspace <folder>] [--store <folder>] [--monitor] [--json] [--permissive]',
    summary: 'Runs one subagent and prints its answer.',
    load: async () => (await import('./run.js')).run,
  },
  resume: {
    usage: 'resume <store folder> [--config <file>] [--workspace <folder>] [--monitor] [--json]',
    summary: 'Goes on with a run that was interrupted, killed or suspended, each subagent at its own point.',
    load: async () => (await import('./resume.js')).resume,
  },
  monitor: {
    usage: 'monitor <store folder> [--port <number>] [--session <id>]',
    summary: 'Serves the live page on what a store holds of a run.',
    load: async () => (await import('./monitor.js')).monitor,
  },
  doctor: {
    usage: 'doctor [--workspace <folder>]',
    summary: 'Checks what troupe needs on this machine.',
    load: async () => (await import('./doctor.js')).doctor,
  },
};

/** @param args Behind the name of the program. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name = '--help', ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out(overview());
    return args.length > 0 ? EXIT.ok : EXIT.usage;
  }
  if (name === '--version') {
    terminal.out(ownManifest().version);
    return EXIT.ok;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) {
    terminal.say(`troupe: there is no command ${JSON.stringify(name)}; there are ${Object.keys(COMMANDS).join(', ')}`);
    return EXIT.usage;
  }
  try {
    const command = await entry.load();
    const { positionals, values } = parse(command, rest);
    if (values.help === true) {
      terminal.out(`troupe ${entry.usage}\n\n${entry.summary}\n\n${command.help}`);
      return EXIT.ok;
    }
    return await command.run(positionals, values, terminal);
  } catch (error) {
    terminal.say(`troupe ${name}: ${messageOf(error)}`);
    if (isMissingPackage(error)) terminal.say('try: troupe doctor', true);
    if (!(error instanceof TroupeError)) return EXIT.failed;
    const exitCode = exitCodeOf(error.code);
    if (exitCode === EXIT.usage) terminal.say(`try: troupe ${name} --help`, true);
    return exitCode;
  }
}

function isMissingPackage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}

function parse({ options }: Command, args: readonly string[]) {
  try {
    const all = { ...options, help: { type: 'boolean', short: 'h' } } as const;
    const { positionals, values } = parseArgs({ args: [...args], options: all, allowPositionals: true });
    return { positionals, values: values as Record<string, string | boolean | undefined> }; // no option comes twice
  } catch (cause) {
    throw new TroupeError('config_invalid', messageOf(cause), { cause });
  }
}

function overview(): string {
  const rows = Object.values(COMMANDS).map(({ usage, summary }) => `  troupe ${usage}\n      ${summary}`);
  return [
    'Runs LLM subagents that can be paused, saved and resumed.',
    '',
    ...rows,
    '',
    '  troupe <command> --help, troupe --version',
    '',
    'Exit codes: 0 all went well, 1 the work failed, 2 the command line is wrong, 130 interrupted.',
  ].join('\n');
}
