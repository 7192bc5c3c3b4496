/** Whether a path fits a glob: the one dialect of all globs here, matched in time that grows with the lengths alone. */

/**
 * `isReserved`: names that have to be written out: of such a name no wildcard stands for any part, `**` included, as shells
 * have it with names that begin with a dot.
 */
export type Glob = (path: string, isReserved?: (name: string) => boolean) => boolean;

type Token =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly Range[] }
  /** `?` */
  | { readonly kind: 'one' }
  /** `*` */
  | { readonly kind: 'within' }
  /** `**` */
  | { readonly kind: 'across' }
  /** `**` with its slash, at the beginning of a name: no folder at all, or any number of them. Always followed by `folder`. */
  | { readonly kind: 'folders' }
  /** The rest of a folder that `folders` has begun. */
  | { readonly kind: 'folder' };
/** First and last code point. */
type Range = readonly [number, number];

/**
 * - `*` is any run of characters within a name, `?` one of them; `**` is any run across folders.
 * - `**` and a slash at the beginning of a name are no folder, or any number of them: `**` + `/a` covers `a` and `x/y/a`.
 *   At the end, `src/**` is all that is below `src`, without `src` itself.
 * - `[a-z]` is one of these characters, `[!a-z]` or `[^a-z]` one that is none of them, never a slash. A bracket that is not
 *   closed stands for itself.
 * - A backslash takes the meaning from the character behind it; everything else stands for itself. Upper and lower case differ,
 *   a leading dot is a character like any other. Braces are read before, by `expandBraces`.
 *
 * Paths and globs have `/` between names, and no empty name but the first of an absolute path. All readings of the path are
 * followed side by side: the work is at most the length of the path times that of the glob, so no glob can stall the process.
 */
export function compileGlob(glob: string): Glob {
  const tokens = tokensOf(glob);
  const fits = matcherOf(tokens);
  const coversRoot = tokens.every(({ kind }) => kind === 'across' || kind === 'folders' || kind === 'folder');
  // Both are seen at once, and most paths of a tree fail one of them.
  const head = lettersOf(tokens).join('');
  const tail = lettersOf(tokens.toReversed()).reverse().join('');
  return (path, isReserved) => {
    if (path === '') return coversRoot; // no name is empty, so `*` is not the root
    return path.startsWith(head) && path.endsWith(tail) && fits(path, isReserved);
  };
}

/** The characters that are written out up to the first wildcard. */
function lettersOf(tokens: readonly Token[]): string[] {
  const letters: string[] = [];
  for (const token of tokens) {
    if (token.kind !== 'character') break;
    letters.push(token.character);
  }
  return letters;
}

function tokensOf(glob: string): readonly Token[] {
  const characters = Array.from(glob);
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    const startsName = at === 0 || characters[at - 1] === '/';
    if (character === '\\' && at + 1 < characters.length) {
      tokens.push({ kind: 'character', character: characters[++at] ?? '' });
    } else if (character === '*' && characters[at + 1] === '*') {
      at++;
      if (startsName && characters[at + 1] === '/') {
        at++;
        tokens.push({ kind: 'folders' }, { kind: 'folder' });
      } else tokens.push({ kind: 'across' });
    } else if (character === '*') tokens.push({ kind: 'within' });
    else if (character === '?') tokens.push({ kind: 'one' });
    else {
      const found = character === '[' ? readClass(characters, at) : undefined;
      tokens.push(found?.token ?? { kind: 'character', character });
      if (found) at = found.end;
    }
  }
  return tokens;
}

/** Undefined: the bracket is not closed within the name. */
function readClass(characters: readonly string[], start: number): { token: Token; end: number } | undefined {
  let at = start + 1;
  const negated = characters[at] === '!' || characters[at] === '^';
  if (negated) at++;
  const ranges: Range[] = [];
  for (let first = true; at < characters.length && characters[at] !== '/'; first = false) {
    if (characters[at] === ']' && !first) return { token: { kind: 'class', negated, ranges }, end: at };
    if (characters[at] === '\\') at++;
    const from = characters[at++] ?? '';
    const to = characters[at + 1];
    const isRange = characters[at] === '-' && to !== undefined && to !== ']' && to !== '/';
    if (isRange) at += 2;
    ranges.push([codeOf(from), codeOf(isRange ? to : from)]);
  }
  return undefined;
}

const codeOf = (character: string) => character.codePointAt(0) ?? 0;

/** A state is the token that may come next; the one behind the last: the whole glob is used up. */
function matcherOf(tokens: readonly Token[]): Glob {
  let states: number[] = [];
  let following: number[] = [];
  let step = 0;
  const addedIn: number[] = []; // by state, the step in which it was added last

  /** With the states behind tokens that may stand for nothing. */
  const add = (state: number, isLocked: boolean): void => {
    if (addedIn[state] === step) return;
    addedIn[state] = step;
    following.push(state);
    const kind = tokens[state]?.kind;
    if (kind === 'folders') add(state + 2, isLocked);
    else if (!isLocked && (kind === 'within' || kind === 'across')) add(state + 1, isLocked);
  };
  const goOn = () => {
    [states, following] = [following, states];
    following.length = 0;
    step++;
  };

  return (path, isReserved) => {
    const locks = isReserved && path.split('/').map(isReserved);
    let name = 0;
    let isLocked = locks?.[name] ?? false; // up to the slash behind a name, so that nothing is added to it either
    following.length = 0;
    step++;
    add(0, isLocked);
    goOn();
    for (const character of path) {
      const wasLocked = isLocked;
      if (character === '/') isLocked = locks?.[++name] ?? false;
      for (const state of states) {
        const token = tokens[state];
        if (token === undefined || (wasLocked && token.kind !== 'character')) continue;
        if (stays(token, character)) add(state, isLocked);
        if (moves(token, character)) add(state + 1, isLocked);
        if (token.kind === 'folders' && character === '/') add(state + 2, isLocked);
      }
      if (following.length === 0) return false;
      goOn();
    }
    return states.includes(tokens.length);
  };
}

/** Whether the same token may take the next character too. */
function stays({ kind }: Token, character: string): boolean {
  return kind === 'across' || kind === 'folder' || (kind === 'within' && character !== '/');
}

/** Whether the next token has its turn after this character. */
function moves(token: Token, character: string): boolean {
  switch (token.kind) {
    case 'character':
      return token.character === character;
    case 'class':
      return character !== '/' && isInClass(token, codeOf(character));
    case 'one':
      return character !== '/';
    case 'folders':
      return true;
    case 'folder':
      return character === '/';
    case 'within':
    case 'across':
      return false;
    default:
      return token satisfies never;
  }
}

function isInClass({ negated, ranges }: Extract<Token, { kind: 'class' }>, code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to) !== negated;
}
