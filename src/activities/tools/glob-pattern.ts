/** How a glob pattern is read and held against paths, in time that grows with the lengths alone: no pattern can stall the process. */

/** `*` and `?` within a folder, `**` across, `[a-z]`, `[!a-z]`, `{a,b}`, `\` before a character taken as it is. */
export interface GlobPattern {
  /** The folder all matches lie in, `.` if that is not known. */
  readonly base: string;
  /** `path` is relative, with `/`. */
  matches(path: string): boolean;
}

type Token =
  | { readonly kind: 'one'; readonly character: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'many' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };
type Part = readonly Token[] | '**';

const MAX_LENGTH = 1_000;
const MAX_ALTERNATIVES = 256;

/** Throws a text for the model. */
export function parseGlob(pattern: string): GlobPattern {
  if (pattern === '' || pattern.length > MAX_LENGTH) {
    throw new Error(`The glob pattern must have 1 to ${MAX_LENGTH} characters.`);
  }
  const texts = expandBraces(pattern);
  const alternatives = texts.map(readParts);
  return {
    base: texts.length === 1 ? baseOf(texts[0] ?? '') : '.',
    matches: (path) => {
      const parts = path.split('/');
      return alternatives.some((alternative) => matchAll(alternative, parts, isGlobstar, matchPart));
    },
  };
}

/** Matches the last name of a path when the pattern has no `/`, else the whole path; a leading `!` turns the answer round. */
export function parseFileFilter(pattern: string): (path: string) => boolean {
  const negated = pattern.startsWith('!');
  const text = negated ? pattern.slice(1) : pattern;
  const glob = parseGlob(text.replace(/^\.?\//, ''));
  const wholePath = text.includes('/');
  return (path) => glob.matches(wholePath ? path : path.slice(path.lastIndexOf('/') + 1)) !== negated;
}

/**
 * Holds a sequence against items where some patterns take any number of them. Going back to the last such one is enough: what an
 * earlier one could still take, the last one can take as well.
 */
function matchAll<P, I>(
  patterns: readonly P[],
  items: readonly I[],
  isStar: (pattern: P) => boolean,
  fits: (pattern: P, item: I) => boolean,
): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  let item = 0;
  while (item < items.length) {
    const pattern = patterns[at];
    if (at < patterns.length && isStar(pattern as P)) {
      star = at++; // `at` is in range, so `pattern` is a P; P may itself admit undefined
      taken = item;
    } else if (at < patterns.length && fits(pattern as P, items[item] as I)) {
      at++;
      item++;
    } else if (star >= 0) {
      at = star + 1;
      item = ++taken;
    } else {
      return false;
    }
  }
  return patterns.slice(at).every(isStar);
}

const isGlobstar = (part: Part) => part === '**';

function matchPart(part: Part, name: string): boolean {
  return part !== '**' && matchAll(part, Array.from(name), (token) => token.kind === 'many', matchCharacter);
}

function matchCharacter(token: Token, character: string): boolean {
  if (token.kind === 'one') return token.character === character;
  if (token.kind === 'class') {
    const code = character.codePointAt(0) ?? 0;
    const within = ([from, to]: readonly [string, string]) =>
      code >= (from.codePointAt(0) ?? 0) && code <= (to.codePointAt(0) ?? 0);
    return token.ranges.some(within) !== token.negated;
  }
  return true;
}

/** `**` at the end stands for what is in the folder, not for the folder itself. */
function readParts(text: string): Part[] {
  const parts = splitParts(text).map(readPart);
  return parts.at(-1) === '**' ? [...parts, [{ kind: 'many' }]] : parts;
}

function readPart(text: string): Part {
  if (text === '**') return '**';
  const tokens: Token[] = [];
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') {
      if (tokens.at(-1)?.kind !== 'many') tokens.push({ kind: 'many' });
    } else if (character === '?') {
      tokens.push({ kind: 'any' });
    } else if (character === '\\' && at + 1 < characters.length) {
      tokens.push({ kind: 'one', character: characters[++at] ?? '' });
    } else {
      const found = character === '[' ? readClass(characters, at) : undefined;
      tokens.push(found?.token ?? { kind: 'one', character });
      if (found) at = found.end;
    }
  }
  return tokens;
}

/** Undefined: the bracket is not closed, so it stands for itself. */
function readClass(characters: readonly string[], start: number): { token: Token; end: number } | undefined {
  let at = start + 1;
  const negated = characters[at] === '!' || characters[at] === '^';
  if (negated) at++;
  const ranges: [string, string][] = [];
  for (let first = true; at < characters.length; first = false) {
    if (characters[at] === ']' && !first) return { token: { kind: 'class', negated, ranges }, end: at };
    if (characters[at] === '\\') at++;
    const from = characters[at++] ?? '';
    if (characters[at] === '-' && at + 1 < characters.length && characters[at + 1] !== ']') {
      ranges.push([from, characters[at + 1] ?? from]);
      at += 2;
    } else {
      ranges.push([from, from]);
    }
  }
  return undefined;
}

const splitParts = (text: string) =>
  text.split('/').filter((part, index) => part !== '' && (part !== '.' || index > 0));

function baseOf(text: string): string {
  const parts = splitParts(text);
  const firstMagic = parts.findIndex((part) => /[*?[\\]/.test(part));
  return parts.slice(0, firstMagic < 0 ? -1 : firstMagic).join('/') || '.';
}

/** `a{b,c}d` to `abd` and `acd`, nested ones too; braces without a comma stand for themselves. */
function expandBraces(pattern: string): string[] {
  const done: string[] = [];
  const open: string[] = [pattern];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    const group = firstGroup(text);
    if (group === undefined) {
      done.push(text);
    } else {
      const { start, end, options } = group;
      for (const option of options) open.push(text.slice(0, start) + option + text.slice(end + 1));
    }
    if (done.length + open.length > MAX_ALTERNATIVES) {
      throw new Error(`The glob pattern has more than ${MAX_ALTERNATIVES} alternatives in braces.`);
    }
  }
  return done;
}

/** The first `{...}` that is closed and has a comma of its own. */
function firstGroup(text: string): { start: number; end: number; options: string[] } | undefined {
  const openings: { start: number; commas: number[] }[] = [];
  let found: { start: number; end: number; commas: number[] } | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '{') openings.push({ start: at, commas: [] });
    else if (character === ',') openings.at(-1)?.commas.push(at);
    else if (character === '}') {
      const opening = openings.pop();
      if (opening && opening.commas.length > 0 && (found === undefined || opening.start < found.start)) {
        found = { ...opening, end: at };
      }
    }
  }
  if (found === undefined) return undefined;
  const { start, end, commas } = found;
  const edges = [start, ...commas, end];
  return { start, end, options: edges.slice(1).map((edge, index) => text.slice((edges[index] ?? 0) + 1, edge)) };
}
