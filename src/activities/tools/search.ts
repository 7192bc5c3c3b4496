/** The port to search engines: which lines of which files a pattern matches. What they say is a hint; `grep` reads the lines itself. */

import type { Workspace } from './workspace.js';

export interface SearchQuery {
  readonly workspace: Workspace;
  /** Where to search: a real place in the workspace. */
  readonly start: string;
  readonly kind: 'file' | 'folder';
  /** Whether the `.gitignore` of the root holds at `start`; not so below a folder that it leaves out itself. */
  readonly obeysRootRules: boolean;
  readonly pattern: string;
  readonly ignoreCase: boolean;
  /** Whether a file is wanted, by its place; engines ask before they read it where they can. */
  readonly accepts: (place: string) => boolean;
  /** A pattern for names alone, for engines that can narrow their search by it. */
  readonly nameFilter?: string;
  readonly signal: AbortSignal;
}

export interface FoundLines {
  readonly place: string;
  /** Numbers from 1, rising; of a file with very many, only the first. */
  readonly lines: readonly number[];
}

/** Files come in the order of their paths. Throws the signal's reason on abort. */
export type SearchEngine = (query: SearchQuery) => AsyncIterable<FoundLines>;

/** Larger files are not searched. */
export const MAX_SEARCHED_BYTES = 10 * 1024 * 1024;
/** Lines that are told of one file. */
export const MAX_LINES_OF_FILE = 1_000;

/** As every engine counts them: a line feed at the end begins no new line, and CRLF ends a line like LF. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}
