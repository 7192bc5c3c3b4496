/** Which one JSON value a text holds. What might be read in two ways is not read. */

import { MAX_PROSE_CHARACTERS } from '../../../domain/limits.js';

export type FoundJson = { readonly value: unknown } | { readonly problem: string };

const FENCED = /^[ \t]*(`{3,}|~{3,})[^\n`]*\n([\s\S]*?)\n?^[ \t]*\1[ \t]*$/gm;

/**
 * The whole text, else the one fenced block, else the one object or list that stands on lines of its own. With several of them, or
 * a value in the middle of a sentence, none is chosen: an example, a quotation or a second thought would be taken for the answer.
 */
export function findJson(text: string): FoundJson {
  const whole = parsed(text.trim());
  if (whole !== undefined) return whole;
  const isEmpty = text.trim() === '';
  if (isEmpty) return { problem: 'the answer is empty; expected one JSON value' };
  if (text.length > MAX_PROSE_CHARACTERS) return { problem: 'the answer is not valid JSON' };
  const fenced = [...text.matchAll(FENCED)].map(([, , inside = '']) => inside.trim());
  const found = fenced.length > 0 ? fenced.flatMap((inside) => parsed(inside) ?? []) : onLinesOfTheirOwn(text);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1)
    return { problem: `the answer holds ${found.length} JSON values; expected one, and nothing around it` };
  return { problem: 'the answer is not valid JSON; expected one JSON value, and nothing around it' };
}

/** What looks like a value and is none hides all within it; one that never ends, all behind it. */
function onLinesOfTheirOwn(text: string): readonly { readonly value: unknown }[] {
  const found: { readonly value: unknown }[] = [];
  const start = /^[ \t]*[{[]/gm;
  while (start.test(text)) {
    const from = start.lastIndex - 1;
    const end = endOfValue(text, from);
    if (end === undefined) return [];
    const value = isLineOver(text, end) ? parsed(text.slice(from, end)) : undefined;
    if (value !== undefined) found.push(value);
    start.lastIndex = end;
  }
  return found;
}

function isLineOver(text: string, from: number): boolean {
  const over = /[ \t]*\r?(?:\n|$)/y;
  over.lastIndex = from;
  return over.test(text);
}

/** Behind the bracket that closes the one at `from`; brackets in strings do not count. */
function endOfValue(text: string, from: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
  return undefined;
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
