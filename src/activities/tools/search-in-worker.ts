/** The search engine that is always there: walks the files itself and matches them in a worker, which can be ended in any regex. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../domain/errors.js';
import { readBytes, useFoundFile } from './confined-files.js';
import { looksBinary } from './read.js';
import { type FoundLines, MAX_LINES_OF_FILE, MAX_SEARCHED_BYTES, type SearchQuery } from './search.js';
import { walkFiles } from './walk.js';
import type { Workspace } from './workspace.js';

/** Files that are read at a time and sent to the worker together: one at a time, most of the time would go by in waiting. */
const BATCH = 8;

/**
 * A text and not a file of its own, so that it runs alike from sources, from the built package and from a bundle. It counts lines
 * as `linesOf` does.
 */
const WORKER = `
  const { parentPort, workerData: { source, flags, limit } } = require('node:worker_threads');
  const pattern = new RegExp(source, flags);
  const matchingLines = (text) => {
    const found = [];
    const lines = text.split('\\n');
    if (lines.at(-1) === '') lines.pop();
    for (let at = 0; at < lines.length && found.length < limit; at++) {
      const line = lines[at].endsWith('\\r') ? lines[at].slice(0, -1) : lines[at];
      if (pattern.test(line)) found.push(at + 1);
    }
    return found;
  };
  parentPort.on('message', (texts) => parentPort.postMessage(texts.map(matchingLines)));
`;

export async function* searchInWorker(query: SearchQuery): AsyncGenerator<FoundLines, void, undefined> {
  const { signal } = query;
  const { source, flags } = compilePattern(query.pattern, query.ignoreCase);
  signal.throwIfAborted();
  const workerData = { source, flags, limit: MAX_LINES_OF_FILE };
  const worker = new Worker(WORKER, { eval: true, workerData, execArgv: [], env: {} });
  const died = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The search ended before its time.')));
  });
  died.catch(() => {}); // looked at only while an answer is awaited
  try {
    for await (const texts of textsOf(query)) {
      signal.throwIfAborted();
      worker.postMessage(texts.map(({ text }) => text));
      const answer = await Promise.race([once(worker, 'message', { signal }), died]).catch((cause) => {
        signal.throwIfAborted(); // its reason tells more than the error of `once`
        throw cause;
      });
      const found: readonly (readonly number[])[] = answer[0]; // what WORKER posts: the lines of each text
      for (const [at, { place }] of texts.entries()) {
        const lines = found[at] ?? [];
        if (lines.length > 0) yield { place, lines };
      }
    }
  } finally {
    await worker.terminate();
  }
}

interface PlacedText {
  readonly place: string;
  readonly text: string;
}

/** In the order of their places, several at a time. */
async function* textsOf(query: SearchQuery): AsyncGenerator<readonly PlacedText[], void, undefined> {
  let batch: Promise<PlacedText | undefined>[] = [];
  const take = async () => {
    const texts = await Promise.all(batch);
    batch = [];
    return texts.filter((text) => text !== undefined);
  };
  for await (const place of placesOf(query)) {
    if (!query.accepts(place)) continue;
    batch.push(readText(query.workspace, place).then((text) => (text === undefined ? undefined : { place, text })));
    if (batch.length < BATCH) continue;
    const texts = await take();
    if (texts.length > 0) yield texts;
  }
  const texts = await take();
  if (texts.length > 0) yield texts;
}

async function* placesOf({ workspace, start, kind, signal }: SearchQuery): AsyncGenerator<string, void, undefined> {
  if (kind === 'file') yield start;
  else for await (const file of walkFiles(workspace, start, signal)) if (!file.isLink) yield file.path;
}

/** Undefined for what is not searched: binary, too large, gone, or not to be read. */
export async function readText(workspace: Workspace, place: string): Promise<string | undefined> {
  const bytes = await useFoundFile(workspace, place, async (file) =>
    file.place === place ? readBytes(file, MAX_SEARCHED_BYTES) : undefined,
  ).catch(() => undefined);
  return bytes === undefined || looksBinary(bytes) ? undefined : new TextDecoder().decode(bytes);
}

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
};

/** No engine can read the pattern. */
export class PatternError extends Error {}

/** Reads what is common in other dialects too: `(?i)` in front, `(?P<name>`, `[[:alpha:]]`. Throws a `PatternError`. */
function compilePattern(pattern: string, ignoreCase: boolean): { source: string; flags: string } {
  const inline = /^\(\?([ims]+)\)/.exec(pattern);
  const source = pattern
    .slice(inline?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/\[:([a-z]+):\]/g, (whole, name: string) => CLASSES[name] ?? whole);
  // `s`: a line holds no line feed, so the dot may stand for whatever it does hold.
  const flags = ignoreCase || inline?.[1]?.includes('i') ? 'si' : 's';
  let problem: unknown;
  for (const tried of [`${flags}u`, flags]) {
    try {
      new RegExp(source, tried);
      return { source, flags: tried };
    } catch (cause) {
      problem ??= cause; // without `u` it may pass: `\-` and the like
    }
  }
  throw new PatternError(messageOf(problem));
}
