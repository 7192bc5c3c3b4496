/** Which globs one with braces stands for. */

import { MAX_GLOB_ALTERNATIVES, MAX_GLOB_CHARACTERS } from './limits.js';

/**
 * `a{b,c}d` is `abd` and `acd`; braces may be nested; without a comma or a partner they stand for themselves.
 * @throws Error when the glob is too long or has too many alternatives; its message completes "the pattern ...".
 */
export function expandBraces(glob: string): readonly string[] {
  if (glob.length > MAX_GLOB_CHARACTERS) {
    throw new Error(`has ${glob.length} characters, the limit is ${MAX_GLOB_CHARACTERS}`);
  }
  const done: string[] = [];
  const open = [glob];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    const group = firstGroup(text);
    if (group === undefined) done.push(text);
    else open.push(...group);
    if (done.length + open.length > MAX_GLOB_ALTERNATIVES) {
      throw new Error(`has more than ${MAX_GLOB_ALTERNATIVES} alternatives in braces`);
    }
  }
  return done;
}

interface Group {
  readonly start: number;
  readonly end: number;
  /** Its own, not those of groups within. */
  readonly commas: readonly number[];
}

/** The text once with each choice of its first `{...}` that is closed and has a comma of its own. */
function firstGroup(text: string): readonly string[] | undefined {
  const openings: { readonly start: number; readonly commas: number[] }[] = [];
  let first: Group | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '{') openings.push({ start: at, commas: [] });
    else if (character === ',') openings.at(-1)?.commas.push(at);
    else if (character === '}') {
      const opening = openings.pop();
      if (opening && opening.commas.length > 0 && (first === undefined || opening.start < first.start)) {
        first = { ...opening, end: at };
      }
    }
  }
  if (first === undefined) return undefined;
  const { start, end, commas } = first;
  const edges = [start, ...commas, end];
  return edges
    .slice(1)
    .map((edge, index) => text.slice(0, start) + text.slice((edges[index] ?? 0) + 1, edge) + text.slice(end + 1));
}
