/** Writes the URL of each module that is imported to the file LOADED_LOG. For `node --import`. */

import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Node runs loader hooks in a thread of their own: there this file is the hooks, here it puts them in place.
if (isMainThread) register(import.meta.url);

/** Not `load`: that is not called for what comes with Node. */
export async function resolve(specifier, context, nextResolve) {
  const resolved = await nextResolve(specifier, context);
  appendFileSync(process.env.LOADED_LOG, `${resolved.url}\n`);
  return resolved;
}
