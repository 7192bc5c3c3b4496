/** What the rules say of what the tools found: counts, names, places and plain observations; never an opinion. */

import { linesIn, type Match, matchesIn, pathsIn, type ToolResult } from './offline-history.js';
import type { Intent } from './offline-intent.js';

const MAX_NAMES = 10;
const MAX_GROUPS = 12;
const MAX_MATCHES_OF_FILE = 5;
const MAX_SHOWN_CHARACTERS = 120;
const LONG_LINE = 120;

export const SIGNATURE = '(This comes from the offline rules, not from a language model.)';
export const HOW_TO_GET_A_MODEL =
  'For an answer that takes thought, use a real model: set OPENAI_API_KEY (or OPENAI_BASE_URL, for a compatible server), or give an agent file that names one.';

/** The whole answer to an intent, from everything that was found for it. */
export function reportOn(intent: Intent, results: readonly ToolResult[]): string {
  const failed = results.filter(({ isError }) => isError).map(failureOf);
  const done = results.filter(({ isError }) => !isError);
  return [...findings(intent, done), ...failed, SIGNATURE].join('\n\n');
}

function findings(intent: Intent, results: readonly ToolResult[]): string[] {
  const of = (tool: string) => results.filter((result) => result.tool === tool);
  switch (intent.kind) {
    case 'list':
      return of('glob').map((result) => listReport(intent.target.words, result));
    case 'count':
      return [...of('glob').map((result) => countReport(intent.target.words, result)), ...linesReport(of('read'))];
    case 'search':
      return of('grep').map((result) => searchReport(intent.text, result));
    case 'read': {
      const read = of('read').map(fileReport);
      const [found] = of('glob');
      return found && intent.target ? [listReport(intent.target.words, found), ...read] : read;
    }
    case 'look':
      return [
        'No rule fits this task, and I cannot reason about it: I only look at files, and report what I see.',
        ...of('ls').map(folderReport),
        ...of('glob').map((result) => countReport('files', result)),
        HOW_TO_GET_A_MODEL,
      ];
    default:
      return intent satisfies never;
  }
}

function failureOf({ tool, args, output }: ToolResult): string {
  return `${tool} ${JSON.stringify(args)} failed: ${shorten(output.trim(), 300)}`;
}

function listReport(words: string, { output }: ToolResult): string {
  const { items, remarks } = pathsIn(output);
  if (items.length === 0) return `I found no ${words}.${said(remarks)}`;
  return [`I found ${items.length} ${words}:`, ...named(items)].join('\n') + said(remarks);
}

function countReport(words: string, { output }: ToolResult): string {
  const { items, remarks } = pathsIn(output);
  if (items.length === 0) return `I found no ${words}.${said(remarks)}`;
  const groups = [
    `By folder: ${tally(items.map(folderOf))}.`,
    `By extension: ${tally(items.map((path) => /[^/.](\.\w+)$/.exec(path)?.[1] ?? 'none'))}.`,
  ];
  return [`I counted ${items.length} ${words}.`, ...groups].join('\n') + said(remarks);
}

/** The first folder only: the shape of the whole, not every leaf. */
function folderOf(path: string): string {
  return path.includes('/') ? `${path.slice(0, path.indexOf('/'))}/` : './';
}

/** Largest first, equal ones by name. */
function tally(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = sorted.slice(0, MAX_GROUPS).map(([name, count]) => `${name} ${count}`);
  return sorted.length > MAX_GROUPS ? `${shown.join(', ')} and ${sorted.length - MAX_GROUPS} more` : shown.join(', ');
}

function linesReport(results: readonly ToolResult[]): string[] {
  if (results.length === 0) return [];
  const counted = results.map((result) => ({ path: pathOf(result), count: linesOf(result).total }));
  const sum = counted.reduce((total, { count }) => total + count, 0);
  const rows = counted.map(({ path, count }) => `- ${path}: ${lineCount(count)}`);
  return [[`I read ${counted.length} of them, ${lineCount(sum)} in all:`, ...rows].join('\n')];
}

function searchReport(text: string, { output }: ToolResult): string {
  const { items, remarks } = matchesIn(output);
  if (items.length === 0) return `I found no match for "${text}".${said(remarks)}`;
  const byFile = new Map<string, Match[]>();
  for (const match of items) byFile.set(match.file, [...(byFile.get(match.file) ?? []), match]);
  const files = [...byFile].slice(0, MAX_NAMES).map(([file, matches]) => {
    const rows = matches.slice(0, MAX_MATCHES_OF_FILE).map((match) => `  ${match.line}: ${shorten(match.text)}`);
    const more = matches.length > rows.length ? [`  and ${matches.length - rows.length} more`] : [];
    return [`- ${file} (${matches.length})`, ...rows, ...more].join('\n');
  });
  const left = byFile.size - files.length;
  const head = `I found "${text}" in ${lineCount(items.length)} of ${plural(byFile.size, 'file')}:`;
  return [head, ...files, ...(left > 0 ? [`- and ${plural(left, 'more file')}`] : [])].join('\n') + said(remarks);
}

function folderReport({ output }: ToolResult): string {
  const { items, remarks } = pathsIn(output);
  if (items.length === 0) return `The folder is empty.${said(remarks)}`;
  const left = items.length - 2 * MAX_NAMES;
  const more = left > 0 ? ` and ${left} more` : '';
  return `In the folder I saw ${items.slice(0, 2 * MAX_NAMES).join(', ')}${more}.${said(remarks)}`;
}

function fileReport(result: ToolResult): string {
  const path = pathOf(result);
  const { lines, total, remarks } = linesOf(result);
  if (total === 0) return `${path}: nothing to read.${said(remarks)}`;
  const long = lines.filter((line) => line.length > LONG_LINE).length;
  const open = lines.filter((line) => /\b(?:TODO|FIXME)\b/.test(line)).length;
  const comment = /\.(?:md|txt)$/i.test(path) ? undefined : firstComment(lines);
  return [
    `${path}: ${lineCount(total)}.`,
    ...(comment === undefined ? [] : [`- it begins with the comment: ${shorten(comment)}`]),
    ...summed('headings', /\.md$/i.test(path) ? headingsIn(lines) : []),
    ...summed('names it makes public', publicNamesIn(path, lines)),
    ...(long > 0 ? [`- ${lineCount(long)} longer than ${LONG_LINE} characters`] : []),
    ...(open > 0 ? [`- ${lineCount(open)} with TODO or FIXME`] : []),
    ...remarks.map((remark) => `- the tool adds: ${shorten(remark)}`),
  ].join('\n');
}

function linesOf({ output }: ToolResult): { lines: readonly string[]; total: number; remarks: readonly string[] } {
  const { items, remarks } = linesIn(output);
  const all = remarks
    .map((remark) => /^\(lines \d+ to \d+ of (\d+)/.exec(remark)?.[1])
    .find((count) => count !== undefined);
  return { lines: items, total: all === undefined ? items.length : Number(all), remarks };
}

function headingsIn(lines: readonly string[]): string[] {
  let isCode = false;
  return lines.flatMap((line) => {
    if (/^\s*(?:```|~~~)/.test(line)) isCode = !isCode;
    const heading = isCode ? undefined : /^#{1,3}\s+(.*)$/.exec(line)?.[1];
    return heading === undefined ? [] : [heading.trim()];
  });
}

const PUBLIC_NAMES: readonly (readonly [files: RegExp, name: RegExp])[] = [
  [
    /\.[cm]?[jt]sx?$/i,
    /^export\s+(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|interface|type|enum|const|let|var|namespace)\s+([\w$]+)/,
  ],
  [/\.py$/i, /^(?:async\s+def|def|class)\s+([A-Za-z]\w*)/],
  [/\.rs$/i, /^pub\s+(?:async\s+)?(?:unsafe\s+)?(?:fn|struct|enum|trait|type|mod|const|static)\s+(\w+)/],
  [/\.go$/i, /^(?:func(?:\s+\([^)]*\))?|type|var|const)\s+([A-Z]\w*)/],
];

function publicNamesIn(path: string, lines: readonly string[]): string[] {
  const pattern = PUBLIC_NAMES.find(([files]) => files.test(path))?.[1];
  if (!pattern) return [];
  return [...new Set(lines.flatMap((line) => pattern.exec(line)?.[1] ?? []))];
}

/** Its first line with words, if the file begins with one. */
function firstComment(lines: readonly string[]): string | undefined {
  const from = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#!'));
  const start = lines.slice(Math.max(from, 0));
  if (!/^\s*(?:\/\/|\/\*|#|"""|--|<!--)/.test(start[0] ?? '')) return undefined;
  return start
    .slice(0, 5)
    .map((line) =>
      line.replace(/^\s*(?:\/\/+!?|\/\*+|\*+\/?|#+|"""|--+|<!--)\s*/, '').replace(/\s*(?:\*\/|-->|""")\s*$/, ''),
    )
    .find((line) => /\w/.test(line));
}

function pathOf({ args }: ToolResult): string {
  return typeof args.file_path === 'string' ? args.file_path : 'a file';
}

function summed(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const left = names.length - MAX_NAMES;
  const more = left > 0 ? ` and ${left} more` : '';
  return [
    `- ${what} (${names.length}): ${names
      .slice(0, MAX_NAMES)
      .map((name) => shorten(name, 60))
      .join(', ')}${more}`,
  ];
}

function named(paths: readonly string[]): string[] {
  const rows = paths.slice(0, MAX_NAMES).map((path) => `- ${path}`);
  return paths.length > MAX_NAMES ? [...rows, `- and ${paths.length - MAX_NAMES} more`] : rows;
}

/** What a tool remarked beside its findings, such as that there is more. */
function said(remarks: readonly string[]): string {
  return remarks
    .slice(0, 2)
    .map((remark) => `\nThe tool says: ${shorten(remark)}`)
    .join('');
}

function shorten(text: string, max = MAX_SHOWN_CHARACTERS): string {
  return text.length > max ? `${text.slice(0, max).trimEnd()}...` : text;
}

function lineCount(count: number): string {
  return plural(count, 'line');
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
