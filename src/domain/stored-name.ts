/** Names under which work is stored, and found again. */

import { TroupeError } from './errors.js';
import type { Redact } from './redact.js';

/**
 * It is written down as it is: without the secret that it holds nobody would find the work again.
 * @param what For the message, which does not quote it.
 * @throws TroupeError `config_invalid`.
 */
export function checkStoredName(name: string, what: string, redact: Redact): void {
  if (redact(name) === name) return;
  throw new TroupeError('config_invalid', `${what} holds a secret, and is stored as it is; use another name`);
}
