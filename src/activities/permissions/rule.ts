/** How a rule is read: `Tool` or `Tool(pattern)`, into something that can be held against a call. */

import { TroupeError } from '../../domain/errors.js';
import { type CommandPattern, compileCommandPattern } from './command-pattern.js';
import { compileHostPattern, type HostPattern } from './host-pattern.js';
import { compilePathPattern, type PathPattern } from './path-pattern.js';
import type { Subject } from './subject.js';
import { compileWildcard, type Wildcard } from './wildcard.js';

/** What a rule is for: a grant leaves out what is in doubt, a guard (deny, ask) takes it in. */
export type Purpose = 'grant' | 'guard';

export interface Rule {
  /** As it was written. */
  readonly text: string;
  /** Whether it is about this tool at all. */
  names(toolName: string): boolean;
  /** Without a pattern: what it names, it covers. */
  readonly isWhole: boolean;
  covers(toolName: string, subject: Subject): boolean;
  /** Whether its pattern covers the path with every protected name in it written out: `write(.git/**)`, not `write(**)`. */
  opens(toolName: string, subject: Subject): boolean;
}

/** A pattern as each kind of subject reads it; an `Error` where it cannot be read so. */
interface Pattern {
  readonly path: PathPattern | Error;
  readonly command: CommandPattern | Error;
  readonly host: HostPattern | Error;
  readonly json: Wildcard;
}

/** Tools whose kind is known by name, so that a pattern they cannot use is told at once. */
const KIND_OF_TOOL: ReadonlyMap<string, 'path' | 'command' | 'host'> = new Map([
  ...['read', 'write', 'edit', 'patch', 'ls', 'grep', 'glob'].map((name) => [name, 'path'] as const),
  ['bash', 'command'],
  ['web_fetch', 'host'],
]);

/**
 * Tool names are compared without case; a `*` in one stands for any run of characters, so `*` alone is every tool.
 * Spaces around name and pattern do not count. `where` names the list in errors.
 * @throws TroupeError `config_invalid`, naming the rule and what is wrong with it.
 */
export function readRule(text: unknown, purpose: Purpose, where: string): Rule {
  const fail = (problem: string): never => {
    const shown = typeof text === 'string' ? JSON.stringify(text) : String(text);
    throw new TroupeError('config_invalid', `${where}: the rule ${shown} ${problem}`);
  };
  if (typeof text !== 'string') return fail('is no text; write Tool or Tool(pattern)');
  const { name, pattern: patternText } = splitRule(text, fail);
  const fitsName = compileWildcard(name);
  const fitsTool = (toolName: string) => fitsName(toolName.toLowerCase());
  if (patternText === undefined) return { text, names: fitsTool, isWhole: true, covers: fitsTool, opens: () => false };
  const pattern = compilePattern(patternText);
  const kind = KIND_OF_TOOL.get(name);
  const known = kind && pattern[kind];
  if (known instanceof Error) return fail(`cannot be read: its pattern ${known.message}`);
  return {
    text,
    names: fitsTool,
    isWhole: false,
    covers: (toolName, subject) => fitsTool(toolName) && coversSubject(pattern, subject, purpose),
    opens: (toolName, subject) =>
      fitsTool(toolName) &&
      subject.kind === 'path' &&
      !(pattern.path instanceof Error) &&
      pattern.path.opens(subject.forms),
  };
}

function splitRule(text: string, fail: (problem: string) => never): { name: string; pattern?: string } {
  const rule = text.trim();
  const open = rule.indexOf('(');
  const name = (open < 0 ? rule : rule.slice(0, open)).trim().toLowerCase();
  if (name === '') return fail('names no tool; write Tool, Tool(pattern) or * for every tool');
  if (/[\s)]/.test(name)) return fail('is not of the form Tool or Tool(pattern)');
  if (open < 0) return { name };
  if (closingOf(rule, open) !== rule.length - 1) return fail('has parentheses that do not match');
  const pattern = rule.slice(open + 1, -1).trim();
  if (pattern === '') return fail('has an empty pattern; leave the parentheses out to cover every call of the tool');
  return { name, pattern };
}

/** Where the parenthesis that opens at `open` closes; -1 when it does not. */
function closingOf(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function compilePattern(text: string): Pattern {
  return {
    path: attempt(() => compilePathPattern(text)),
    command: attempt(() => compileCommandPattern(text)),
    host: attempt(() => compileHostPattern(text)),
    json: compileWildcard(text),
  };
}

function attempt<T>(compile: () => T): T | Error {
  try {
    return compile();
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}

function coversSubject(pattern: Pattern, subject: Subject, purpose: Purpose): boolean {
  const inDoubt = purpose === 'guard';
  switch (subject.kind) {
    case 'path':
      if (pattern.path instanceof Error) return inDoubt;
      return inDoubt ? pattern.path.guards(subject.forms) : pattern.path.grants(subject.forms);
    case 'command':
      if (pattern.command instanceof Error) return inDoubt;
      return inDoubt ? pattern.command.guards(subject.command) : pattern.command.grants(subject.command);
    case 'host':
      if (pattern.host instanceof Error || subject.host === undefined) return inDoubt;
      return pattern.host(subject.host);
    case 'json':
      return subject.json === undefined ? inDoubt : pattern.json(subject.json);
    default:
      return subject satisfies never;
  }
}
