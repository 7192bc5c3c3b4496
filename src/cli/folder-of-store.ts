/** The folder of a store that a command is given: that there is one. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TroupeError } from '../domain/errors.js';
import { STORE_FILE } from '../store/index.js';

/** @returns its absolute path. @throws TroupeError `config_invalid`. */
export function folderOfStore(given: string): string {
  const store = resolve(given);
  if (existsSync(join(store, STORE_FILE))) return store;
  throw new TroupeError(
    'config_invalid',
    `there is no store in ${store}; name the folder that was given to run as --store`,
  );
}
