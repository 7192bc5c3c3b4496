/** What the program ends with, for the shell that started it. */

import { familyOf, type TroupeErrorCode } from '../domain/errors.js';

export const EXIT = {
  ok: 0,
  /** The work failed, or something that is needed is missing. */
  failed: 1,
  /** The command line, or what it names, is wrong: nothing was begun. */
  usage: 2,
  /** Ended by Ctrl-C, saved or not: 128 and the number of the signal. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function exitCodeOf(code: TroupeErrorCode): ExitCode {
  return familyOf(code) === 'fix_the_call' ? EXIT.usage : EXIT.failed;
}
