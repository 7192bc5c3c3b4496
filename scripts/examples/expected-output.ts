/** What an example promises to print, and whether it did. */

export interface Promised {
  readonly command: string;
  /** Absent where the comment says `output varies`. */
  readonly lines?: readonly string[];
}

const FIRST_COMMENT = /^(?:#!.*\n)?\s*\/\*+([\s\S]*?)\*\//;
const COMMAND = /^(?:\$ )?((?:npx tsx|npm|node) .+|npm start)$/;

/**
 * Reads the first comment of an example: the command, and after it the output to its end. A line `...` stands for any lines, none
 * too; what stands above the command is description. @throws Error for a comment that is missing or promises nothing.
 */
export function promisedBy(source: string): Promised {
  const comment = FIRST_COMMENT.exec(source)?.[1];
  if (comment === undefined) throw new Error('its first comment, with the command and the output, is missing');
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*(?: |$)/, '').trimEnd());
  const at = lines.findIndex((line) => COMMAND.test(line.trim()));
  const command = COMMAND.exec(lines[at]?.trim() ?? '')?.[1];
  if (command === undefined) throw new Error('its first comment names no command, such as npx tsx examples/name.ts');
  if (lines.some((line) => /\boutput varies\b/.test(line))) return { command };
  const output = trimmed(lines.slice(at + 1));
  if (output.length === 0)
    throw new Error('its first comment shows no output; where it differs each time say: output varies');
  return { command, lines: output };
}

/** The first difference as text; absent where the output is as promised. Blank lines at both ends do not count. */
export function differenceOf(promised: readonly string[], output: string): string | undefined {
  const actual = trimmed(output.split('\n').map((line) => line.trimEnd()));
  // reached[n]: whether the promised lines so far may cover exactly the first n lines printed.
  let reached = actual.map((_, count) => count === 0).concat(actual.length === 0);
  for (const line of promised) {
    const next = isAny(line)
      ? reached.map((_, count) => reached.slice(0, count + 1).includes(true))
      : reached.map((_, count) => count > 0 && reached[count - 1] === true && actual[count - 1] === line);
    if (!next.includes(true)) {
      return `promised: ${line}\nprinted:  ${actual[reached.lastIndexOf(true)] ?? '(nothing more)'}`;
    }
    reached = next;
  }
  if (reached[actual.length]) return undefined;
  return `promised: (nothing more)\nprinted:  ${actual[reached.lastIndexOf(true)]}`;
}

function isAny(line: string): boolean {
  return line.trim() === '...';
}

function trimmed(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => line !== '');
  return first === -1 ? [] : lines.slice(first, lines.findLastIndex((line) => line !== '') + 1);
}
