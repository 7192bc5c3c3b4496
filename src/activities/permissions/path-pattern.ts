/**
 * How the pattern of a rule is held against a path: as it was given and as it is resolved.
 *
 * A pattern is relative to the workspace, or absolute, and in the dialect of `compileGlob` with braces, but for two things:
 * brackets stand for themselves (`app/[id]/page.tsx` names that one file), and `src/**` covers the folder `src` itself.
 */

import { expandBraces } from '../../domain/expand-braces.js';
import { compileGlob, type Glob } from '../../domain/glob-pattern.js';
import { isProtectedName } from '../../domain/protected-places.js';
import type { PathForm, PathForms } from './path-forms.js';

export interface PathPattern {
  /** Both forms fit. Outside of the workspace only `../` and absolute patterns do, wildcards never lead there. */
  grants(forms: PathForms): boolean;
  /** Either form fits, or what the path resolves to cannot be known. */
  guards(forms: PathForms): boolean;
  /** As `grants`, with every protected name of the path written out: no wildcard stands for `.git` or `.troupe`. */
  opens(forms: PathForms): boolean;
}

interface Alternative {
  readonly absolute: boolean;
  /** How many `../` it begins with. */
  readonly ups: number;
  readonly fits: Glob;
}

/** @throws Error when the pattern is too long, too wide or goes back behind `**`; its message completes "the pattern ...". */
export function compilePathPattern(pattern: string): PathPattern {
  if (/^~(\/|$)/.test(pattern)) throw new Error('begins with "~", which is not expanded: write the absolute path');
  const alternatives = expandBraces(pattern).map(alternativeOf);
  const fitsBoth = ({ given, resolved }: PathForms, isReserved?: (name: string) => boolean) =>
    resolved !== undefined &&
    [given, resolved].every((form) => alternatives.some((each) => grantsForm(each, form, isReserved)));
  return {
    grants: (forms) => fitsBoth(forms),
    opens: (forms) => fitsBoth(forms, isProtectedName),
    guards: ({ given, resolved }) =>
      resolved === undefined || [given, resolved].some((form) => alternatives.some((each) => guardsForm(each, form))),
  };
}

function alternativeOf(text: string): Alternative {
  const pattern = normalise(text);
  const absolute = pattern.startsWith('/') || /^[a-z]:(\/|$)/i.test(pattern);
  return { absolute, ups: upsOf(pattern), fits: globOf(pattern) };
}

function globOf(pattern: string): Glob {
  const literal = pattern.replace(/\\[\s\S]|\[/g, (found) => (found === '[' ? '\\[' : found));
  const fits = compileGlob(literal);
  const folder = /^(.+)\/\*\*$/s.exec(literal)?.[1];
  if (folder === undefined) return fits;
  const isFolder = compileGlob(folder);
  return (path, isReserved) => fits(path, isReserved) || isFolder(path, isReserved);
}

function grantsForm(
  { absolute, ups, fits }: Alternative,
  form: PathForm,
  isReserved?: (name: string) => boolean,
): boolean {
  if (absolute) return form.absolutes.some((path) => fits(path, isReserved));
  return ups === upsOf(form.relative) && fits(form.relative, isReserved);
}

function guardsForm({ absolute, fits }: Alternative, form: PathForm): boolean {
  if (absolute) return form.absolutes.some((path) => fits(path));
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
