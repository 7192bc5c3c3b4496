/** What a command is: how it is called, and what it does. */

import type { ParseArgsConfig } from 'node:util';
import { TroupeError } from '../domain/errors.js';
import type { ExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';

export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Known before anything of it is loaded. */
export interface CommandEntry {
  /** After `troupe`: `run <agent type> "<prompt>"`. */
  readonly usage: string;
  readonly summary: string;
  load(): Promise<Command>;
}

export interface Command {
  /** Below usage and summary: options, examples. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** @throws TroupeError, which is printed. */
  run(positionals: readonly string[], values: Values, terminal: Terminal): Promise<ExitCode>;
}

/** Exactly as many as are named. @throws TroupeError `config_invalid`. */
export function expectArguments(given: readonly string[], names: readonly string[]): void {
  const missing = names[given.length];
  if (missing !== undefined) throw new TroupeError('config_invalid', `${missing} is missing`);
  const extra = given[names.length];
  if (extra === undefined) return;
  throw new TroupeError('config_invalid', `${JSON.stringify(extra)} is one argument too many; quote what holds blanks`);
}

/** Of an option that takes a value. */
export function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  if (value === '') throw new TroupeError('config_invalid', `--${name} is empty`);
  return typeof value === 'string' ? value : undefined;
}
