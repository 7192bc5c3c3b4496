/** What a caller gave is read with care: it may have getters that throw, or be a proxy. */

import { messageOf, TroupeError } from './errors.js';

/** @throws TroupeError `config_invalid` naming `what`, whatever `read` throws; one that it throws itself is thrown on. */
export function readGiven<Result>(read: () => Result, what: string): Result {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof TroupeError && cause.code === 'config_invalid') throw cause;
    throw new TroupeError('config_invalid', `${what}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}
