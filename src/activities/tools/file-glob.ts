/** How the tools that search read a glob: from which folder on, and held against whole paths or names alone. */

import { messageOf } from '../../domain/errors.js';
import { expandBraces } from '../../domain/expand-braces.js';
import { compileGlob } from '../../domain/glob-pattern.js';

export interface FileGlob {
  /** The folder all matches lie in, `.` if that is not known: no other need be walked. */
  readonly base: string;
  /** `path` is relative, with `/`. */
  matches(path: string): boolean;
}

/** The dialect of `compileGlob`, with braces. Throws a text for the model. */
export function parseFileGlob(pattern: string): FileGlob {
  const texts = alternativesOf(pattern).map(normalise);
  const globs = texts.map(compileGlob);
  const [only = ''] = texts;
  return {
    base: texts.length === 1 ? baseOf(only) : '.',
    matches: (path) => globs.some((fits) => fits(path)),
  };
}

/** Matches the last name of a path when the pattern has no `/`, else the whole path; a leading `!` turns the answer round. */
export function parseFileFilter(pattern: string): (path: string) => boolean {
  const negated = pattern.startsWith('!');
  const text = negated ? pattern.slice(1) : pattern;
  const glob = parseFileGlob(text.replace(/^\.?\//, ''));
  const wholePath = text.includes('/');
  return (path) => glob.matches(wholePath ? path : path.slice(path.lastIndexOf('/') + 1)) !== negated;
}

function alternativesOf(pattern: string): readonly string[] {
  if (pattern === '') throw new Error('The glob pattern is empty.');
  try {
    return expandBraces(pattern);
  } catch (cause) {
    throw new Error(`The glob pattern ${messageOf(cause)}.`);
  }
}

/** `./src//a` is `src/a`. */
function normalise(text: string): string {
  return text
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/');
}

function baseOf(text: string): string {
  const names = text.split('/');
  const firstMagic = names.findIndex((name) => /[*?[\\]/.test(name));
  return names.slice(0, firstMagic < 0 ? -1 : firstMagic).join('/') || '.';
}
