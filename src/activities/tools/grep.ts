/** The tool `grep`: lines that match a regular expression. */

import { z } from 'zod';
import { messageOf } from '../../domain/errors.js';
import { MAX_TOOL_OUTPUT_BYTES } from '../../domain/limits.js';
import { type Tool, ToolReply } from '../../domain/tool.js';
import { findInside } from './confined-files.js';
import { firstCharacters } from './cut-middle.js';
import { startDeadline } from './deadline.js';
import { defineTool } from './define-tool.js';
import { parseFileFilter } from './file-glob.js';
import { IgnoreRules } from './ignore-rules.js';
import { type FoundLines, linesOf, type SearchEngine, type SearchQuery } from './search.js';
import { PatternError, readText, searchInWorker } from './search-in-worker.js';
import { acceptsUnignored } from './unignored.js';
import { rulesFor } from './walk.js';
import { openWorkspace, placeOf } from './workspace.js';

const MAX_MATCHES = 500;
const MAX_LINE_LENGTH = 500;
const MAX_CONTEXT = 20;
/** Leaves room for the closing note below the size at which outputs are cut. */
const MAX_BYTES = MAX_TOOL_OUTPUT_BYTES - 1_000;

/** `fastEngine`: asked first, if it gives one; what its dialect does not know goes to the engine that is always there. */
export function grepTool(limitMs: number, fastEngine: () => Promise<SearchEngine | undefined>): Tool {
  return defineTool({
    name: 'grep',
    description: [
      'Searches files for lines that match a regular expression, line by line. Shows path:line:text, paths relative to the workspace.',
      'Leaves out binary files, files over 10 MB and what .gitignore names;',
      `at most ${MAX_MATCHES} matches, ${MAX_LINE_LENGTH} characters of a line.`,
    ].join(' '),
    input: z.strictObject({
      pattern: z
        .string()
        .min(1)
        .max(10_000)
        .describe('The regular expression; escape ( [ { . and the like to find them.'),
      path: z.string().default('.').describe('File or folder, relative to the workspace; all of it by default.'),
      glob: z
        .string()
        .min(1)
        .optional()
        .describe('Only files of this name, such as *.ts or *.{js,css}; with a / it is held against the whole path.'),
      ignore_case: z.boolean().default(false).describe('Let upper and lower case match each other.'),
      context: z.int().nonnegative().max(MAX_CONTEXT).default(0).describe('Lines to show before and after each match.'),
    }),
    readOnly: true,
    subject: ({ path }) => ({ kind: 'path', path }),
    run: async ({ pattern, path, glob, ignore_case, context: around }, context) => {
      const workspace = await openWorkspace(context.workspace);
      const { place: start, kind } = await findInside(workspace, placeOf(workspace, path));
      const filter = glob === undefined ? undefined : parseFileFilter(glob);
      const deadline = startDeadline(context, limitMs);
      const rules = kind === 'folder' ? await rulesFor(workspace, start) : IgnoreRules.none;
      const query: SearchQuery = {
        workspace,
        start,
        kind,
        obeysRootRules: rules.holdAt('.'),
        pattern,
        ignoreCase: ignore_case,
        accepts: (place) => filter?.(place) ?? true,
        // What both read alike: no negation, no folders, nothing escaped.
        ...(glob !== undefined && /^[\w.*?-]+$/.test(glob) ? { nameFilter: glob } : {}),
        signal: deadline.signal,
      };
      const report = new Report(around);
      try {
        const fast = await fastEngine();
        for await (const found of fast ? withFallback(fast, query, rules) : searchInWorker(query)) {
          const text = await readText(workspace, found.place);
          if (text !== undefined && !report.add(found, linesOf(text))) break;
          deadline.signal.throwIfAborted();
        }
      } catch (cause) {
        if (cause instanceof PatternError) {
          return new ToolReply(`The pattern is not a valid regular expression: ${messageOf(cause)}`, { isError: true });
        }
        if (!deadline.expired()) throw cause;
        const note = `Stopped after ${limitMs} ms, before everything was searched. Narrow the path or simplify the pattern.`;
        return new ToolReply(report.text(note), { isError: true });
      } finally {
        deadline.end();
      }
      return report.text();
    },
  });
}

/** What the fast engine cannot do, such as look-around, the other one can; a pattern that neither reads is an error of the latter. */
async function* withFallback(
  fast: SearchEngine,
  query: SearchQuery,
  rules: IgnoreRules,
): AsyncGenerator<FoundLines, void, undefined> {
  let hasFound = false;
  try {
    const isUnignored = acceptsUnignored(query.workspace, query.start, rules);
    for await (const found of fast(query)) {
      hasFound = true;
      if (query.kind === 'file' || (await isUnignored(found.place))) yield found;
    }
  } catch (cause) {
    if (hasFound || query.signal.aborted) throw cause;
    yield* searchInWorker(query);
  }
}

/** Gathers what is shown, up to the bounds. */
class Report {
  readonly #around: number;
  readonly #shown: string[] = [];
  #matches = 0;
  #bytes = 0;
  #isFull = false;

  constructor(around: number) {
    this.#around = around;
  }

  /** False when nothing more is taken. */
  add({ place, lines }: FoundLines, texts: readonly string[]): boolean {
    const matching = new Set(lines.filter((line) => line <= texts.length));
    let shownTo = 0; // the last line of this file that is shown
    for (const line of matching) {
      if (this.#matches === MAX_MATCHES || this.#bytes > MAX_BYTES) {
        this.#isFull = true;
        return false;
      }
      this.#matches++;
      const from = Math.max(line - this.#around, shownTo + 1, 1);
      if (this.#around > 0 && this.#shown.length > 0 && (shownTo === 0 || from > shownTo + 1)) this.#push('--');
      const to = Math.min(line + this.#around, texts.length);
      for (let at = from; at <= to; at++) {
        const mark = matching.has(at) ? ':' : '-';
        this.#push(`${place}${mark}${at}${mark}${shorten(texts[at - 1] ?? '')}`);
      }
      shownTo = Math.max(shownTo, to);
    }
    return true;
  }

  text(note?: string): string {
    const more = this.#isFull
      ? [`(only the first ${this.#matches} matches are shown; narrow the pattern, the path or the glob)`]
      : [];
    const all = [...this.#shown, ...more, ...(note === undefined ? [] : [note])];
    return all.length === 0 ? 'No matches found.' : all.join('\n');
  }

  #push(text: string): void {
    this.#shown.push(text);
    this.#bytes += Buffer.byteLength(text) + 1;
  }
}

function shorten(line: string): string {
  const cut = firstCharacters(line, MAX_LINE_LENGTH);
  return cut === line ? line : `${cut} [... ${line.length - cut.length} more characters]`;
}
