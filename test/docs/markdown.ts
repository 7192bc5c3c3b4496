/** Takes a Markdown page apart: its fenced blocks and its tables. */

export interface Block {
  /** First word behind the fence, such as `ts`. */
  readonly language: string;
  /** The words behind it. */
  readonly title: string;
  readonly source: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
}

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; title: string; line: number; lines: string[] } | undefined;
  for (const [index, text] of page.split('\n').entries()) {
    const fence = /^```(\S*) *(.*)$/.exec(text);
    if (!fence) open?.lines.push(text);
    else if (open) {
      blocks.push({ language: open.language, title: open.title, line: open.line, source: open.lines.join('\n') });
      open = undefined;
    } else {
      open = { language: fence[1] ?? '', title: fence[2] ?? '', line: index + 2, lines: [] };
    }
  }
  return blocks;
}

/** The rows of the table whose head begins with that cell, without head and rule. */
export function tableOf(page: string, firstHead: string): string[][] {
  const lines = page.split('\n');
  const head = lines.findIndex((line) => cellsOf(line)[0] === firstHead);
  if (head < 0) throw new Error(`the page has no table that begins with ${firstHead}`);
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'));
  return lines.slice(head + 2, end).map(cellsOf);
}

function cellsOf(line: string): string[] {
  return line.startsWith('|')
    ? line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
    : [];
}

/** What stands in backquotes in a cell, with what follows it up to the next blank or comma. */
export function namesIn(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`([^\s,(]*)/g)].map(([, name = '', mark = '']) => name + mark);
}
