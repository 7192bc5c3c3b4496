/** What of a provider's words may be shown: cut, on one line, without control characters and secrets. */

import { MAX_PROVIDER_TEXT } from '../../domain/limits.js';
import { createRedactor } from '../../domain/redact.js';

// Control characters, and those that hide or turn text round on a terminal.
const HIDDEN = /[\p{Cc}\p{Cf}]+/gu;
const BLANKS = /[\s\u2028\u2029]+/g;
/** More than this is not looked at: redaction and cleaning cost time. */
const MAX_LOOKED_AT = 64 * 1024;

/** A function that makes any text from outside fit for an error message. */
export function createTextCleaner(secrets: readonly string[] = []): (text: string) => string {
  const redact = createRedactor(secrets);
  return (text) => {
    const line = text.slice(0, MAX_LOOKED_AT).replace(BLANKS, ' ').replace(HIDDEN, '').trim();
    const shown = redact(line);
    // A cut between the halves of a surrogate pair would leave half a character.
    return shown.length <= MAX_PROVIDER_TEXT
      ? shown
      : `${shown.slice(0, MAX_PROVIDER_TEXT).replace(/[\ud800-\udbff]$/, '')}…`;
  };
}

/** For providers whose secrets are not known here. */
export const cleanText = createTextCleaner();
