/** Which subjects and patterns a bus takes, and when they fit: the rules of NATS. */

import { TroupeError } from '../domain/errors.js';

const WHITESPACE = /\s/;

/** Its tokens. @throws TroupeError `config_invalid` for empty tokens, white space and wildcards. */
export function parseSubject(subject: string): readonly string[] {
  const tokens = subject.split('.');
  if (tokens.some((token) => token === '' || token === '*' || token === '>' || WHITESPACE.test(token))) {
    throw new TroupeError(
      'config_invalid',
      `subject ${JSON.stringify(subject)}: expected words joined by dots, without wildcards or spaces`,
    );
  }
  return tokens;
}

/** Whether a subject's tokens fit. @throws TroupeError `config_invalid` for empty tokens, white space, or a `>` that is not last. */
export function parsePattern(pattern: string): (subject: readonly string[]) => boolean {
  const tokens = pattern.split('.');
  const bad = (token: string, index: number) =>
    token === '' || WHITESPACE.test(token) || (token === '>' && index < tokens.length - 1);
  if (tokens.some(bad)) {
    throw new TroupeError(
      'config_invalid',
      `pattern ${JSON.stringify(pattern)}: expected words or * joined by dots, and > only at the end`,
    );
  }
  const open = tokens.at(-1) === '>';
  const fixed = open ? tokens.slice(0, -1) : tokens;
  return (subject) =>
    (open ? subject.length > fixed.length : subject.length === fixed.length) &&
    fixed.every((token, index) => token === '*' || token === subject[index]);
}
