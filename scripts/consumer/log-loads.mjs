/** Writes the URL of each module that is loaded to the file LOADED_LOG. For `node --import`. */

import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Node runs loader hooks in a thread of their own: there this file is the hooks, here it puts them in place.
if (isMainThread) register(import.meta.url);

export async function load(url, context, nextLoad) {
  appendFileSync(process.env.LOADED_LOG, `${url}\n`);
  return nextLoad(url, context);
}
