/**
 * How the pattern of a rule is held against a command line. No shell is understood here, so both readings lean to the
 * safe side:
 *
 * - Allowed is the identical line only (spaces around it aside), or every line by `*`. `cmd:*` allows nothing: what
 *   follows `cmd` could be any other command, so the call falls to the rules and the default behind it.
 * - Denied and asked is every line that has the words of the pattern in their order, wherever they stand: as a command, as
 *   an argument, in quotes, behind `;`, `$(` or `=`, with a folder in front. `rm:*`, `rm *` and `rm` read the same.
 *
 * That can be got round (`r$x`, a script, an alias): rules are not a sandbox.
 */

import { compileWildcard, type Wildcard } from './wildcard.js';

export interface CommandPattern {
  grants(command: string): boolean;
  guards(command: string): boolean;
}

const ANY_ARGUMENTS = ':*';
/** What may stand between two words of a shell line. */
const BETWEEN_WORDS = /[\s;&|<>(){}`$=#![\]]+/;
const QUOTES = /["'\\]/g;

/** @throws Error when nothing stands before `:*`; its message completes "the pattern ...". */
export function compileCommandPattern(pattern: string): CommandPattern {
  if (/^\*+$/.test(pattern)) return { grants: () => true, guards: () => true };
  const prefix = pattern.endsWith(ANY_ARGUMENTS) ? pattern.slice(0, -ANY_ARGUMENTS.length).trim() : undefined;
  if (prefix === '') throw new Error(`has no command before "${ANY_ARGUMENTS}"`);
  return {
    grants: (command) => prefix === undefined && command.trim() === pattern,
    guards: guardOf(prefix ?? pattern),
  };
}

function guardOf(text: string): (command: string) => boolean {
  const wanted = wordsOf(text.replace(QUOTES, ''))
    .filter((word) => !/^\*+$/.test(word))
    .map(compileWildcard);
  if (wanted.length === 0) return (command) => command.includes(text); // only signs, such as `>`
  return (command) => readings(command).some((words) => hasInOrder(words, wanted));
}

/** A quote may glue (`r'm'`) or part (`sh -c 'rm x'`): both are looked at. */
function readings(command: string): string[][] {
  const joined = command.replace(/\\\r?\n/g, '');
  return [wordsOf(joined.replace(QUOTES, '')), wordsOf(joined.replace(QUOTES, ' '))];
}

/** In lower case: some file systems run `RM` as `rm`. */
function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(BETWEEN_WORDS)
    .filter((word) => word !== '');
}

function hasInOrder(words: readonly string[], wanted: readonly Wildcard[]): boolean {
  let next = 0;
  for (const word of words) {
    const fits = wanted[next];
    if (!fits) break;
    if (fits(word) || fits(word.slice(word.lastIndexOf('/') + 1))) next += 1;
  }
  return next === wanted.length;
}
