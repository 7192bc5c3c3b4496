/**
 * How the pattern of a rule is held against a path: as it was given and as it is resolved.
 *
 * A pattern is relative to the workspace, or absolute. `*` and `?` stay within a folder, `**` goes across, `{a,b}` is
 * either; everything else stands for itself, brackets and parentheses too (`app/[id]/page.tsx` names that one file), and a
 * backslash takes the meaning from the character behind it. Upper and lower case differ, a name with a leading dot is a
 * name like any other, and `src/**` covers the folder `src` itself.
 */

import { compileGlob, type Glob } from './glob.js';
import type { PathForm, PathForms } from './path-forms.js';

export interface PathPattern {
  /** Both forms fit. Outside of the workspace only `../` and absolute patterns do, wildcards never lead there. */
  grants(forms: PathForms): boolean;
  /** Either form fits, or what the path resolves to cannot be known. */
  guards(forms: PathForms): boolean;
}

interface Alternative {
  readonly absolute: boolean;
  /** How many `../` it begins with. */
  readonly ups: number;
  readonly fits: Glob;
}

const MAX_PATTERN_CHARACTERS = 1_000;
const MAX_ALTERNATIVES = 100;

/** @throws Error when the pattern is too long, too wide or goes back behind `**`; its message completes "the pattern ...". */
export function compilePathPattern(pattern: string): PathPattern {
  if (pattern.length > MAX_PATTERN_CHARACTERS) {
    throw new Error(`has ${pattern.length} characters, the limit is ${MAX_PATTERN_CHARACTERS}`);
  }
  if (/^~(\/|$)/.test(pattern)) throw new Error('begins with "~", which is not expanded: write the absolute path');
  const alternatives = expandBraces(pattern).map(alternativeOf);
  return {
    grants: ({ given, resolved }) =>
      resolved !== undefined && [given, resolved].every((form) => alternatives.some((each) => grantsForm(each, form))),
    guards: ({ given, resolved }) =>
      resolved === undefined || [given, resolved].some((form) => alternatives.some((each) => guardsForm(each, form))),
  };
}

function alternativeOf(text: string): Alternative {
  const pattern = normalise(text);
  const absolute = pattern.startsWith('/') || /^[a-z]:(\/|$)/i.test(pattern);
  return { absolute, ups: upsOf(pattern), fits: compileGlob(pattern) };
}

function grantsForm({ absolute, ups, fits }: Alternative, form: PathForm): boolean {
  if (absolute) return form.absolutes.some(fits);
  return ups === upsOf(form.relative) && fits(form.relative);
}

function guardsForm({ absolute, fits }: Alternative, form: PathForm): boolean {
  if (absolute) return form.absolutes.some(fits);
  // Outside of the workspace a pattern such as `**/.env` still guards: there it is read from the root.
  return fits(form.relative) || (!form.inside && form.absolutes.some((path) => fits(path.replace(/^\/+/, ''))));
}

function upsOf(path: string): number {
  const parts = path.split('/');
  const first = parts.findIndex((part) => part !== '..');
  return first < 0 ? parts.length : first;
}

/** `./src//a/../b/` is `src/b`; the workspace itself, `.`, is the empty text. */
function normalise(pattern: string): string {
  const absolute = pattern.startsWith('/');
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    const last = parts.at(-1);
    if (part === '' || part === '.' || (part === '**' && last === '**')) continue;
    if (part !== '..' || last === '..' || (last === undefined && !absolute)) parts.push(part);
    else if (last?.includes('**')) throw new Error('has ".." behind "**"');
    else parts.pop();
  }
  return (absolute ? '/' : '') + parts.join('/');
}

/** `a{b,c}d` as `abd` and `acd`; braces may be nested; without a comma or a partner they stand for themselves. */
function expandBraces(pattern: string): readonly string[] {
  const done: string[] = [];
  const open = [pattern];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    const group = firstGroup(text);
    if (!group) done.push(text);
    else for (const choice of group.choices) open.push(group.before + choice + group.after);
    if (done.length + open.length > MAX_ALTERNATIVES) {
      throw new Error(`has more than ${MAX_ALTERNATIVES} alternatives in braces`);
    }
  }
  return done;
}

interface BraceGroup {
  readonly before: string;
  readonly choices: readonly string[];
  readonly after: string;
}

function firstGroup(text: string): BraceGroup | undefined {
  for (let start = 0; start < text.length; start += 1) {
    if (text[start] === '\\') start += 1;
    else if (text[start] === '{') {
      const group = groupAt(text, start);
      if (group) return group;
    }
  }
  return undefined;
}

function groupAt(text: string, start: number): BraceGroup | undefined {
  const choices: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === '{') depth += 1;
    else if (char === ',' && depth === 1) {
      choices.push(text.slice(from, at));
      from = at + 1;
    } else if (char === '}') {
      depth -= 1;
      if (depth > 0) continue;
      if (choices.length === 0) return undefined;
      choices.push(text.slice(from, at));
      return { before: text.slice(0, start), choices, after: text.slice(at + 1) };
    }
  }
  return undefined;
}
