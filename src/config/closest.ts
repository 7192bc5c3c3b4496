/** Which known name a mistyped one was probably meant to be. */

/** The known name within a few edits of `name`, for "did you mean"; undefined where none is near. */
function closest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    if (candidate.length > MAX_LENGTH) continue;
    const distance = editsBetween(name.toLowerCase(), candidate.toLowerCase());
    if (
      distance <= Math.max(1, Math.floor(candidate.length / 3)) &&
      distance < (best?.distance ?? Number.POSITIVE_INFINITY)
    ) {
      best = { name: candidate, distance };
    }
  }
  return best?.name;
}

/** `; did you mean "x"? Known: a, b` as it stands at the end of a message. */
export function knownNames(name: string, known: Iterable<string>): string {
  const names = [...known];
  const near = closest(name, names);
  const hint = near === undefined ? '' : `did you mean ${JSON.stringify(near)}? `;
  return `${hint}Known: ${names.length === 0 ? 'none' : names.join(', ')}`;
}

/** Longer names are not compared: the work grows with the product of the lengths. */
const MAX_LENGTH = 64;

/** Insertions, deletions and replacements that lead from one text to the other. */
function editsBetween(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
