/** Whether a path fits one glob: `*` and `?` within a folder, `**` across folders, a backslash before what stands for itself. */

export type Glob = (path: string) => boolean;

type Token =
  | { readonly kind: 'char'; readonly char: string }
  /** `?` */
  | { readonly kind: 'one' }
  /** `*` */
  | { readonly kind: 'within' }
  /** `**` */
  | { readonly kind: 'across' }
  /** `**` with its slash: no folder at all, or any number of them. */
  | { readonly kind: 'folders' }
  /** At the end: a slash and `**`: the folder itself, or anything below it. */
  | { readonly kind: 'below' };

/**
 * Every other character stands for itself, brackets and parentheses too. A table is filled in place of a regex that
 * backtracks: the work is at most the length of the path times that of the glob.
 */
export function compileGlob(glob: string): Glob {
  const tokens = tokensOf(glob).reverse();
  const coversRoot = tokens.every(({ kind }) => kind === 'across' || kind === 'folders');
  return (path) => (path === '' ? coversRoot : fits(tokens, path)); // no name is empty, so `*` is not the root
}

function tokensOf(glob: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob.charAt(at);
    const startsSegment = at === 0 || glob[at - 1] === '/';
    if (char === '\\' && at + 1 < glob.length) {
      at += 1;
      tokens.push({ kind: 'char', char: glob.charAt(at) });
    } else if (char === '/' && at > 0 && glob.slice(at) === '/**') {
      tokens.push({ kind: 'below' });
      break;
    } else if (char === '*' && glob[at + 1] === '*') {
      at += 1;
      if (startsSegment && glob[at + 1] === '/') {
        at += 1;
        tokens.push({ kind: 'folders' });
      } else tokens.push({ kind: 'across' });
    } else if (char === '*') tokens.push({ kind: 'within' });
    else if (char === '?') tokens.push({ kind: 'one' });
    else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

/** `tokens` from the last to the first. */
function fits(tokens: readonly Token[], path: string): boolean {
  // rest[at]: whether the tokens behind the present one fit the path from `at` on.
  let rest = new Uint8Array(path.length + 2);
  rest[path.length] = 1;
  for (const token of tokens) {
    const row = new Uint8Array(path.length + 2);
    let afterSlash = 0; // for `folders`: a slash at or behind `at`, from behind which the rest fits
    for (let at = path.length; at >= 0; at -= 1) {
      const here = at < path.length ? path[at] : undefined;
      if (here === '/' && rest[at + 1]) afterSlash = 1;
      row[at] = fitsAt(token, here, Boolean(rest[at]), Boolean(rest[at + 1]), Boolean(row[at + 1]), afterSlash === 1)
        ? 1
        : 0;
    }
    rest = row;
  }
  return rest[0] === 1;
}

/** One cell of the table; `here` is absent at the end of the path. */
function fitsAt(
  token: Token,
  here: string | undefined,
  restHere: boolean,
  restNext: boolean,
  sameNext: boolean,
  afterSlash: boolean,
): boolean {
  switch (token.kind) {
    case 'char':
      return here === token.char && restNext;
    case 'one':
      return here !== undefined && here !== '/' && restNext;
    case 'within':
      return restHere || (here !== undefined && here !== '/' && sameNext);
    case 'across':
      return restHere || (here !== undefined && sameNext);
    case 'folders':
      return restHere || afterSlash;
    case 'below':
      return here === undefined || here === '/';
    default:
      return token satisfies never;
  }
}
